import random

import pytest

from tayori.delivery.judge import judge
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.model import Leased, Priority, Role
from tayori.queue.states import State
from tayori.runtime.clock import HOUR, MINUTE

NOW = 1_790_000_000_000


def leased(attempts=0, expires_at=NOW + 72 * HOUR):
    return Leased(
        id=1,
        message_id=2,
        account_id=3,
        address="a@b.test",
        domain="b.test",
        role=Role.TO,
        priority=Priority.NORMAL,
        attempts=attempts,
        accepted_at=NOW,
        expires_at=expires_at,
    )


def outcome(kind, reply=None, stage=Stage.RCPT):
    return Outcome(kind=kind, scope=Scope.RECIPIENT, stage=stage, reply=reply)


@pytest.mark.parametrize(
    ("kind", "reply", "state", "said"),
    [
        (
            Kind.DELIVERED,
            Reply(250, "2.0.0", ("queued as 7",)),
            State.DELIVERED,
            "250 2.0.0 queued as 7",
        ),
        (
            Kind.PERMANENT,
            Reply(550, "5.1.1", ("no such user",)),
            State.BOUNCED,
            "550 5.1.1 no such user",
        ),
        (Kind.PERMANENT, None, State.BOUNCED, "The receiver's domain takes no mail (stage: rcpt)."),
        (Kind.TEMPORARY, Reply(451, "", ("later",)), State.DEFERRED, "451 later"),
        (Kind.TEMPORARY, None, State.DEFERRED, "The receiver gave no answer (stage: rcpt)."),
        (
            Kind.UNKNOWN,
            None,
            State.DEFERRED,
            "The connection broke after the mail was sent and before the receiver's answer.",
        ),
    ],
)
def test_an_outcome_leads_to_its_state(kind, reply, state, said):
    settlement = judge(leased(), outcome(kind, reply), NOW, random.Random(1))
    assert settlement.state is state
    assert settlement.reply == said
    assert (settlement.due_at is not None) == (state is State.DEFERRED)


def test_retries_follow_the_curve_and_end_with_the_lifetime():
    soon = judge(leased(), outcome(Kind.TEMPORARY), NOW, random.Random(1))
    assert 4 * MINUTE < soon.due_at - NOW < 6 * MINUTE
    late = judge(leased(attempts=9), outcome(Kind.TEMPORARY), NOW, random.Random(1))
    assert 3 * HOUR < late.due_at - NOW < 5 * HOUR
    last = judge(leased(expires_at=NOW + 1), outcome(Kind.TEMPORARY), NOW, random.Random(1))
    assert last.due_at == NOW + 1
    over = judge(leased(expires_at=NOW), outcome(Kind.TEMPORARY), NOW, random.Random(1))
    assert (over.state, over.bounce_class) == (State.EXPIRED, "expired")
