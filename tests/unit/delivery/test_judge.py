import random

import pytest

from tayori.delivery.judge import judge
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply, split_reply
from tayori.queue.model import Leased, Priority, Role
from tayori.queue.states import State
from tayori.runtime.clock import HOUR, MINUTE, SECOND

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
    assert str(settlement.reply) == said
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


def refused(text, stage=Stage.RCPT):
    reply = split_reply(text)
    return outcome(Kind.PERMANENT if reply.permanent else Kind.TEMPORARY, reply, stage)


def judged(text, attempts=0, **options):
    return judge(leased(attempts), refused(text), NOW, random.Random(1), **options)


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("451 try again in 10 minutes", 10 * MINUTE, 12 * MINUTE),
        ("451 try again in 2 seconds", 30 * SECOND, 35 * SECOND),
        ("451 come back after 20 hours", 20 * HOUR, 23 * HOUR),
        ("450 4.2.0 Greylisted", 5 * MINUTE, 6 * MINUTE),
    ],
)
def test_the_receiver_s_wish_to_wait_is_kept_within_bounds(text, least, most):
    for seed in range(20):
        due_at = judge(leased(4), refused(text), NOW, random.Random(seed)).due_at
        assert least <= due_at - NOW <= most


def test_a_wish_beyond_the_lifetime_ends_with_it():
    close = judge(
        leased(expires_at=NOW + HOUR), refused("451 retry in 5 hours"), NOW, random.Random(1)
    )
    assert close.due_at == NOW + HOUR


def test_greylisting_without_end_follows_the_curve():
    assert judged("450 4.2.0 Greylisted", attempts=9).due_at - NOW > 3 * HOUR


def test_a_permanent_code_that_the_rule_calls_temporary_is_deferred():
    settlement = judged("550 Ip frequency limited", provider="qq")
    assert (settlement.state, settlement.bounce_class) == (State.DEFERRED, "rate_limited")
    assert (settlement.action, settlement.rule) == ("defer", "qq-ip-frequency")
    assert settlement.provider == "qq"
    assert not settlement.blocks


def test_only_an_unknown_recipient_is_blocked():
    assert judged("550 5.1.1 User unknown").blocks
    assert not judged("550 5.2.2 Mailbox full").blocks
    assert not judged("550 Nein").blocks


def test_a_refused_address_is_tried_from_another_one_if_there_is_any():
    text = "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"
    assert judged(text).state is State.BOUNCED
    other = judged(text, other_sources=True)
    assert (other.state, other.action) == (State.DEFERRED, "switch_source")
    assert other.due_at - NOW < 2 * MINUTE
    assert judged(text, attempts=4, other_sources=True).state is State.BOUNCED


@pytest.mark.parametrize(
    ("text", "action", "state"),
    [
        (
            "451 4.7.650 The mail server has been temporarily rate limited due to IP reputation",
            "pause_sender",
            State.DEFERRED,
        ),
        ("550 Suspected bounce attacks", "pause_sender", State.DEFERRED),
        ("550 Mail content denied", "stop_task", State.BOUNCED),
        (
            "553 5.7.2 [TSS09] All messages from 192.0.2.25 will be permanently deferred",
            "tell_operator",
            State.BOUNCED,
        ),
        ("421 Reverse DNS failure : Try again later", "tell_operator", State.DEFERRED),
    ],
)
def test_actions_for_others_leave_the_mail_where_its_code_puts_it(text, action, state):
    settlement = judged(text)
    assert (settlement.action, settlement.state) == (action, state)
