"""The rules of levels, each at its edge: just not, and just so."""

import pytest

from tayori.config.reputation import ReputationSettings
from tayori.config.tree import LEVELS
from tayori.reputation.figures import Figures
from tayori.reputation.rules import Day, Kind, Rules

RULES = Rules(ReputationSettings(), LEVELS)


def figures(sent=1_000, **more):
    rejected = more.pop("rejected", 0)
    known = {"mails": sent, "delivered": sent - rejected, "rejected": rejected} | more
    return Figures(sent=sent, **known)


def judged(of, rules=RULES, **day):
    return rules.judge(Day(figures=of, **({"level": 3, "per_day": 2_000} | day)))


def kinds(of, rules=RULES, **day):
    return [decision.kind for decision in judged(of, rules, **day)]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (figures(1_400), [Kind.RAISED]),
        (figures(1_399), []),
        # Clean: invalid below 5%, delivered above 92%, spam below 2.5%, complaints below 0.1%.
        (figures(1_400, rejected=69, invalid=69), [Kind.RAISED]),
        (figures(1_400, rejected=70, invalid=70), []),
        (figures(1_400, delivered=1_288), []),
        (figures(1_400, delivered=1_289), [Kind.RAISED]),
        (figures(1_400, rejected=34, spam=34), [Kind.RAISED]),
        (figures(1_400, rejected=35, spam=35), []),
        (figures(1_400, complained=1), [Kind.RAISED]),
        (figures(1_400, complained=2), []),
        # Read: delivered above 90% and more than half of it opened makes up for some of it.
        (figures(1_400, delivered=1_261, opened=631), [Kind.RAISED]),
        (figures(1_400, delivered=1_260, opened=700), []),
        (figures(1_400, delivered=1_261, opened=630), []),
        (figures(1_400, delivered=1_261, opened=900, complained=2), []),
    ],
)
def test_a_domain_rises_by_what_was_delivered(of, expected):
    assert kinds(of) == expected


@pytest.mark.parametrize(
    ("of", "missing"),
    [
        (figures(1_400), []),
        (figures(1_399), ["mails"]),
        (figures(1_400, rejected=70, invalid=70), ["invalid"]),
        (figures(1_400, delivered=1_288), ["delivered"]),
        (figures(1_400, rejected=35, spam=35), ["spam"]),
        (figures(1_400, complained=2), ["complained"]),
        (Figures(), ["mails", "delivered"]),
    ],
)
def test_what_is_missing_for_a_rise_is_what_keeps_it_from_happening(of, missing):
    steps = RULES.rise(of, 2_000)
    assert [step.name for step in steps if not step.met] == missing
    assert (kinds(of) == [Kind.RAISED]) is (not missing)
    assert steps[0].wanted == 1_400


def test_nothing_is_asked_of_a_day_without_a_quota():
    assert RULES.rise(figures(), 0) == []


def test_a_rise_leads_one_level_up_and_at_most_one_a_day():
    (rise,) = judged(figures(1_400))
    assert (rise.level, rise.rule) == (4, "clean")
    assert kinds(figures(1_400), rises=1) == []
    assert kinds(figures(1_400), is_today=False) == []
    assert kinds(figures(1_400), falls=True) == []
    assert kinds(figures(10**6), level=20, per_day=10**6) == []
    assert kinds(figures(10**6), level=0, per_day=0) == []


def test_without_that_setting_a_domain_rises_as_far_as_its_mails_reach():
    free = Rules(ReputationSettings(levels_per_day=0), LEVELS)
    decisions = judged(figures(3_500), free, level=1, per_day=500)
    assert [decision.level for decision in decisions] == [2, 3, 4, 5]
    decisions = judged(figures(3_499), free, level=1, per_day=500)
    assert [decision.level for decision in decisions] == [2, 3, 4]


def test_mails_to_few_people_are_no_sample():
    few = Figures(mails=1_400, sent=299, delivered=299)
    assert kinds(few) == []
    assert kinds(few._replace(sent=300, delivered=300)) == [Kind.RAISED]
    assert kinds(Figures(mails=70, sent=35, delivered=35), per_day=100) == [Kind.RAISED]
    assert kinds(Figures(mails=70, sent=34, delivered=34), per_day=100) == []


@pytest.mark.parametrize(
    ("of", "rule"),
    [
        (figures(1_000, rejected=80), "rejected"),
        (figures(301, rejected=25), "rejected"),
        (figures(1_000, rejected=111, invalid=111), "invalid"),
        (figures(1_000, rejected=151, spam=151), "spam"),
    ],
)
def test_a_bad_day_is_stopped(of, rule):
    decisions = judged(of)
    assert decisions[0].kind is Kind.STOPPED
    assert decisions[0].rule == rule
    assert str(of.rejected) in decisions[0].reason.english
    assert Kind.STOPPED not in kinds(of, stopped=True)
    assert Kind.STOPPED not in kinds(of, is_today=False)


def test_what_is_below_the_limit_or_the_sample_goes_on():
    assert Kind.STOPPED not in kinds(figures(1_000, rejected=79))
    assert kinds(figures(300, rejected=300, invalid=300)) == []


@pytest.mark.parametrize(
    ("of", "falls"),
    [
        (figures(1_000, rejected=91, invalid=91), True),
        (figures(1_000, rejected=90, invalid=90), False),
        (figures(1_000, rejected=51, spam=51), True),
        (figures(1_000, rejected=50, spam=50), False),
        (figures(1_000, complained=6), True),
        (figures(1_000, complained=5), False),
        (figures(1_000, rejected=351), True),
        (figures(1_000, rejected=350), False),
    ],
)
def test_a_domain_falls_by_what_was_refused(of, falls):
    found = [one for one in judged(of, stopped=True, warned=True) if one.kind is Kind.LOWERED]
    assert [one.level for one in found] == ([2] if falls else [])


def test_a_day_costs_one_level_and_spares_it_when_it_becomes_better():
    bad, good = figures(1_000, complained=6), figures(1_300, complained=6)
    assert kinds(bad, lowered=True, falls=True) == []
    assert kinds(bad, falls=True) == []
    assert kinds(good, lowered=True, falls=True) == [Kind.SPARED]
    assert kinds(good, lowered=True, falls=True, is_today=False) == []
    assert kinds(bad, level=0, per_day=0) == []


def test_mails_under_way_are_no_blame_until_the_day_is_over():
    slow = figures(1_000, delivered=640)
    assert kinds(slow) == []
    assert kinds(slow, is_today=False, closed=True) == [Kind.LOWERED]
    assert kinds(slow._replace(delivered=650), is_today=False, closed=True) == []


def test_warnings_are_given_once():
    bounces = figures(1_000, rejected=51)
    assert kinds(bounces) == [Kind.WARNED]
    assert kinds(bounces, warned=True) == []
    assert kinds(figures(1_000, rejected=50)) == []
    unread = figures(1_000, opened=400)
    assert kinds(unread) == []
    assert kinds(unread, is_today=False, closed=True) == [Kind.WARNED]
    # Without any opening nobody counts them, and that says nothing.
    assert kinds(figures(1_000), is_today=False, closed=True) == []


def test_rates_stand_beside_their_limits():
    rates = {(rate.name, rate.follows): rate for rate in RULES.rates(figures(1_000, rejected=60))}
    warning = rates["rejected", "warning"]
    assert (warning.value, warning.threshold, warning.bad) == (0.06, 0.05, True)
    assert not rates["rejected", "stop"].bad
    assert not rates["opened", "warning"].bad
