import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.classify.enhanced import BY_SUBJECT_AND_DETAIL
from tayori.classify.model import Action, BounceClass
from tayori.classify.reply import classify
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import reply_from_lines


def outcome(text, stage=Stage.RCPT):
    reply = reply_from_lines(int(text[:3]), [text[4:]]) if text else None
    permanent = reply is not None and reply.permanent
    kind = Kind.PERMANENT if permanent else Kind.TEMPORARY
    return Outcome(kind=kind, scope=Scope.RECIPIENT, stage=stage, reply=reply)


REPLIES = [
    (
        "550 5.1.1 <a@b.test>: Recipient address rejected: User unknown",
        "unknown_user",
        "fail_and_blacklist",
    ),
    (
        "550 5.1.1 The email account that you tried to reach does not exist.",
        "unknown_user",
        "fail_and_blacklist",
    ),
    ("551 5.1.1 recipient is not exist", "unknown_user", "fail_and_blacklist"),
    ("450 4.2.0 <a@b.test>: Recipient address rejected: Greylisted", "greylisted", "defer"),
    ("452 4.2.2 The email account that you tried to reach is over quota", "mailbox_full", "defer"),
    ("552 5.2.2 Mailbox is full", "mailbox_full", "fail"),
    ("550 5.2.1 The email account that you tried to reach is disabled", "inactive", "fail"),
    ("550 5.7.26 Unauthenticated email from b.test is not accepted", "authentication", "fail"),
    (
        "550 5.7.1 Service unavailable, host [192.0.2.1] blocked using Spamhaus",
        "reputation",
        "fail",
    ),
    ("554 5.7.1 Message rejected as spam by Content Filtering.", "content", "fail"),
    ("554 5.7.1 <a@b.test>: Relay access denied", "relay_denied", "fail"),
    ("421 4.7.28 Our system has detected an unusual rate of mail", "rate_limited", "defer"),
    ("552 5.3.4 Message size exceeds fixed limit", "too_large", "fail"),
    ("554 5.4.6 Too many hops", "loop", "fail"),
    ("550 5.6.7 it needs SMTPUTF8", "protocol", "fail"),
    ("451 Temporary local problem", "system", "defer"),
    ("501 what", "protocol", "fail"),
    ("550 Nein", "other", "fail"),
    ("", "network", "defer"),
]


@pytest.mark.parametrize(("text", "bounce_class", "action"), REPLIES)
def test_a_reply_has_its_class_and_action(text, bounce_class, action):
    verdict = classify(outcome(text))
    assert (verdict.bounce_class, verdict.action) == (bounce_class, action)
    assert verdict.rule


def test_stages_without_a_reply_have_their_class():
    assert classify(outcome("", Stage.DNS)).bounce_class is BounceClass.DNS
    assert classify(outcome("", Stage.TLS)).bounce_class is BounceClass.TLS


def test_only_the_receiver_s_word_about_the_recipient_blacklists():
    assert classify(outcome("550 5.1.1 user unknown", Stage.MAIL)).action is Action.FAIL
    assert classify(outcome("450 4.1.1 user unknown")).action is Action.DEFER


def test_a_delivery_is_no_refusal():
    done = Outcome(kind=Kind.DELIVERED, scope=Scope.RECIPIENT, stage=Stage.CONTENT)
    with pytest.raises(ValueError, match="delivery"):
        classify(done)


def test_enhanced_codes_are_subject_and_detail():
    for code in BY_SUBJECT_AND_DETAIL:
        subject, detail = code.split(".")
        assert 1 <= int(subject) <= 7
        assert int(detail) >= 0


@given(st.integers(400, 599), st.text(max_size=3000), st.sampled_from(Stage))
def test_any_text_has_a_verdict_and_only_a_5yz_fails(code, text, stage):
    verdict = classify(outcome(f"{code} {text}", stage))
    assert (verdict.action is Action.DEFER) == (code < 500)
