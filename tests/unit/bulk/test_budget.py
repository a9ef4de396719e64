from tayori.bulk.budget import backlog, overspent
from tayori.bulk.model import Outcomes
from tayori.config.tree import BulkSettings

RULES = BulkSettings(minimum_sample=100)


def test_few_mails_are_no_sample():
    assert not overspent(Outcomes(bounced=99), Outcomes(), RULES)
    assert str(overspent(Outcomes(bounced=100), Outcomes(), RULES)) == (
        "100 of 100 bounced (100.0%); bulk.most_bounced allows 5.0%."
    )


def test_the_share_itself_is_allowed():
    assert not overspent(Outcomes(delivered=95, bounced=5), Outcomes(), RULES)
    assert "6 of 101 bounced" in str(
        overspent(Outcomes(delivered=95, bounced=6), Outcomes(), RULES)
    )


def test_deferrals_and_complaints_have_budgets_of_their_own():
    put_off = overspent(Outcomes(delivered=50, deferred=51), Outcomes(), RULES)
    assert str(put_off) == "51 of 101 were deferred (50.5%); bulk.most_deferred allows 50.0%."
    angry = overspent(Outcomes(delivered=199, complained=1), Outcomes(), RULES)
    assert str(angry) == "1 of 199 complained (0.5%); bulk.most_complained allows 0.5%."


def test_what_was_forgiven_does_not_count_again():
    before = Outcomes(accepted=900, delivered=500, bounced=400)
    assert not overspent(before, before, RULES)
    after = Outcomes(accepted=1_000, delivered=594, bounced=406)
    assert "6 of 100 bounced" in str(overspent(after, before, RULES))


def test_a_budget_of_nothing_is_no_budget():
    free = BulkSettings(minimum_sample=1, most_bounced=0, most_deferred=0, most_complained=0)
    assert not overspent(Outcomes(bounced=9, deferred=9, complained=9), Outcomes(), free)


def test_what_waits_is_what_was_accepted_and_has_not_ended():
    assert backlog(Outcomes(accepted=10, delivered=3, bounced=2)) == 5
    # Counts of one batch may come before those of another.
    assert backlog(Outcomes(accepted=1, delivered=3)) == 0
