import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.classify.enhanced import BY_SUBJECT_AND_DETAIL
from tayori.classify.model import About, Action, BounceClass
from tayori.classify.reply import classify
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply, split_reply


def outcome(text, stage=Stage.RCPT):
    reply = split_reply(text) if text else None
    permanent = reply is not None and reply.permanent
    kind = Kind.PERMANENT if permanent else Kind.TEMPORARY
    return Outcome(kind=kind, scope=Scope.RECIPIENT, stage=stage, reply=reply)


REPLIES = [
    ("551 5.1.1 recipient is not exist", "unknown_user", "fail_and_blacklist"),
    ("450 4.2.0 <a@b.test>: Recipient address rejected: Greylisted", "greylisted", "defer"),
    ("550 Greylisted, come back later", "greylisted", "defer"),
    ("552 5.2.2 Mailbox is full", "mailbox_full", "defer"),
    ("550 5.2.2 Mailbox is full", "mailbox_full", "fail"),
    ("550 5.7.26 Unauthenticated email from b.test is not accepted", "authentication", "fail"),
    ("554 5.7.1 Message rejected as spam by Content Filtering.", "content", "fail"),
    ("550 5.1.1 nobody by that label", "unknown_user", "fail_and_blacklist"),
    ("550 5.2.1 so sorry", "inactive", "fail"),
    ("501 what", "protocol", "fail"),
    ("550 Nein", "other", "fail"),
    ("451 Nope", "system", "defer"),
    ("", "network", "defer"),
]


@pytest.mark.parametrize(("text", "bounce_class", "action"), REPLIES)
def test_a_reply_has_its_class_and_action(text, bounce_class, action):
    verdict = classify(outcome(text))
    assert (verdict.bounce_class, verdict.action) == (bounce_class, action)
    assert verdict.rule


def test_what_only_the_code_decides_is_not_understood():
    assert not classify(outcome("550 Nein")).understood
    assert not classify(outcome("451 Nope")).understood
    assert classify(outcome("550 5.1.1 so sorry")).understood
    assert classify(outcome("550 user unknown")).understood
    assert classify(outcome("")).understood


def test_stages_without_a_reply_have_their_class():
    assert classify(outcome("", Stage.DNS)).bounce_class is BounceClass.DNS
    assert classify(outcome("", Stage.TLS)).bounce_class is BounceClass.TLS


@pytest.mark.parametrize("stage", [Stage.DNS, Stage.ENGINE])
def test_rules_never_judge_our_own_words(stage):
    verdict = classify(outcome("550 user unknown, rate limit, spamhaus", stage))
    assert verdict.rule == f"stage {stage.value}"
    assert verdict.action is Action.FAIL
    too_large = classify(outcome("552 5.3.4 message exceeds the receiver's limit", stage))
    assert (too_large.bounce_class, too_large.action) == (BounceClass.TOO_LARGE, Action.FAIL)
    assert classify(outcome("550 5.1.10 null MX", stage)).bounce_class is BounceClass.DNS


def test_only_the_receiver_s_word_about_the_recipient_blacklists():
    assert classify(outcome("550 5.1.1 user unknown", Stage.MAIL)).action is Action.FAIL
    assert classify(outcome("450 4.1.1 user unknown")).action is Action.DEFER
    about_the_sender = "550 5.1.0 <s@x.test>: Sender address rejected: User unknown"
    assert classify(outcome(about_the_sender)).bounce_class is BounceClass.POLICY


def test_a_provider_s_meaning_of_common_words_counts_only_there():
    unknown = outcome("550 Requested action not taken: mailbox unavailable")
    assert classify(unknown, "outlook").rule == "microsoft-mailbox-unavailable"
    assert classify(unknown, "outlook").provider == "outlook"
    assert classify(unknown).provider == ""


@pytest.mark.parametrize(
    "text",
    [
        "550 No email accepted from your domain",
        "550 No name server found for the sender",
        "550 This e-mail was rejected because your domain does not exist",
        "550 IP address 192.0.2.1 not found in our list",
        "550 From address domain does not exist",
        "550 Invalid HELO name",
        "554 5.7.1 Sender address does not exist",
        "550 Return path unknown",
        "550 5.7.1 Client host unknown",
        "550 Message rejected: suspicious link, recipient domain policy",
        "550 unbekannter Fehler",
    ],
)
def test_words_about_us_blacklist_nobody(text):
    assert classify(outcome(text)).action is not Action.FAIL_AND_BLACKLIST


@pytest.mark.parametrize("provider", ["", "qq", "QQ.com", "exmail", "gmail"])
def test_frequency_limits_of_qq_are_temporary_wherever_they_are_heard(provider):
    verdict = classify(outcome("550 Domain frequency limited"), provider)
    assert (verdict.bounce_class, verdict.action) == (BounceClass.RATE_LIMITED, Action.DEFER)
    assert verdict.about is About.DOMAIN


def test_other_names_of_a_provider_mean_the_same():
    later = outcome("550 : User unknown", Stage.CONTENT)
    assert {classify(later, name).rule for name in ("au", "KDDI", "ezweb.ne.jp")} == {"au-filtered"}


def test_waiting_times_of_the_receiver_win_over_the_rule_s():
    assert classify(outcome("451 DT:SPM ,please try again"), "netease").retry_s == 120
    hinted = outcome("451 DT:SPM please try again in 10 minutes")
    assert classify(hinted, "netease").retry_s == 600


def test_a_code_inside_the_text_counts_when_it_agrees():
    assert classify(outcome("553 it is so (#5.2.2)")).bounce_class is BounceClass.MAILBOX_FULL
    assert classify(outcome("553 it is so (#4.2.2)")).bounce_class is BounceClass.OTHER


def test_a_delivery_is_no_refusal():
    done = Outcome(kind=Kind.DELIVERED, scope=Scope.RECIPIENT, stage=Stage.CONTENT)
    with pytest.raises(ValueError, match="delivery"):
        classify(done)


def test_enhanced_codes_are_subject_and_detail():
    for code in BY_SUBJECT_AND_DETAIL:
        subject, detail = code.split(".")
        assert 1 <= int(subject) <= 7
        assert int(detail) >= 0


WORDS = st.lists(
    st.sampled_from(
        [
            "user",
            "unknown",
            "mailbox",
            "full",
            "spam",
            "greylist",
            "rate",
            "limit",
            "dmarc",
            "fail",
            "too",
            "many",
            "connections",
            "spamhaus",
            "address",
            "relay",
            "denied",
            ".",
            ":",
            "[192.0.2.1]",
            "exceed",
            "quota",
            "size",
            "message",
            "{}*+",
        ]
    ),
    max_size=300,
).map(" ".join)


@given(
    st.integers(400, 599),
    st.one_of(st.text(max_size=3000), WORDS),
    st.sampled_from(Stage),
    st.sampled_from(["", "gmail", "qq", "nobody", "\udcff"]),
)
def test_any_text_has_a_verdict_and_a_temporary_one_never_fails(code, text, stage, provider):
    reply = Reply(code, "", (text,))
    kind = Kind.PERMANENT if code >= 500 else Kind.TEMPORARY
    said = Outcome(kind=kind, scope=Scope.RECIPIENT, stage=stage, reply=reply)
    verdict = classify(said, provider)
    assert verdict == classify(said, provider)
    final = verdict.action in {Action.FAIL, Action.FAIL_AND_BLACKLIST}
    assert not (final and code < 500)
    if verdict.action is Action.FAIL_AND_BLACKLIST:
        assert stage in {Stage.RCPT, Stage.DATA, Stage.CONTENT}
        assert verdict.bounce_class in {BounceClass.UNKNOWN_USER, BounceClass.INACTIVE}
    assert verdict.retry_s is None or 1 <= verdict.retry_s <= 86_400
