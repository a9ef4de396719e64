"""Ten mails as people send them lose what is wrong with them, each point explained."""

import pytest
from tests.support.score_mails import ScoredMail, score_mails

from tayori.refusal.table import Language
from tayori.screen.score.grade import cost, explain
from tayori.screen.score.model import Check


@pytest.mark.parametrize("mail", score_mails(), ids=[mail.name for mail in score_mails()])
def test_each_point_is_explained(mail: ScoredMail) -> None:
    assert sorted(one.check.value for one in mail.score.losses) == sorted(mail.losses)
    lost = sum(cost(Check(name)) for name in mail.losses)
    assert mail.score.points == max(0.0, round(10 - lost, 1))
    for one in mail.score.losses:
        for language in Language:
            told = explain(one, language)
            assert told.finding
            assert told.why
            assert told.mend
            assert "{" not in told.finding + told.mend


def test_there_are_ten() -> None:
    assert len(score_mails()) == 10
