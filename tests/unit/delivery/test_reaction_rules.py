"""The rules that are shipped can match what they were made for, and mistakes are found."""

import pytest

from tayori.classify.model import Action
from tayori.classify.reply import classify
from tayori.config.rules import RuleFile, RuleFileError
from tayori.delivery.reactions.rules import FILE, Place, rules_of, span_of, threshold_of
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import reply_from_lines
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND

SHIPPED = rules_of(*RuleFile(FILE).read())
GOOD = {"text": "slow", "scope": "source_provider", "pause": True}


def refusal(text, stage=Stage.RCPT):
    reply = reply_from_lines(int(text[:3]), [text[4:]])
    kind = Kind.PERMANENT if reply.permanent else Kind.TEMPORARY
    return Outcome(kind=kind, scope=Scope.RECIPIENT, stage=stage, reply=reply)


def provider_of(rule):
    return min(rule.providers, default="")


@pytest.mark.parametrize("rule", [r for r in SHIPPED if r.example], ids=lambda r: r.name)
def test_a_shipped_rule_matches_the_text_that_it_is_for(rule):
    outcome = refusal(rule.example)
    assert rule.source.startswith("http")
    found = {
        provider: rule.matches(provider, outcome, classify(outcome, provider))
        for provider in rule.providers or ("", "free", "qq")
    }
    assert all(found.values()) if rule.providers else any(found.values())


@pytest.mark.parametrize("rule", SHIPPED, ids=lambda r: r.name)
def test_a_shipped_rule_never_matches_our_own_words_or_another_provider(rule):
    text = rule.example or "450 no"
    for stage in (Stage.ENGINE, Stage.DNS):
        outcome = refusal(text, stage)
        assert not rule.matches(provider_of(rule), outcome, classify(outcome))
    outcome = refusal(text)
    assert not rule.providers or not rule.matches("", outcome, classify(outcome))
    delivered = Outcome(
        kind=Kind.DELIVERED,
        scope=Scope.RECIPIENT,
        stage=Stage.CONTENT,
        reply=reply_from_lines(250, ["2.0.0 " + text]),
    )
    assert not rule.matches(provider_of(rule), delivered, classify(refusal(text)))


def test_a_rule_without_a_text_of_its_own_goes_by_the_classifiers_action():
    assert all(rule.example or rule.action for rule in SHIPPED)


def test_every_action_of_the_classifier_that_needs_one_has_a_rule():
    wanted = {Action.SWITCH_SOURCE, Action.PAUSE_SENDER, Action.STOP_TASK, Action.TELL_OPERATOR}
    assert {rule.action for rule in SHIPPED} - {None} == wanted


def test_a_rule_says_what_it_means():
    (rule,) = rules_of({"a": GOOD | {"threshold": "3 per hour"}}, {})
    assert (rule.threshold, rule.window_ms, rule.duration_ms) == (3, HOUR, 10 * MINUTE)
    assert rule.place is Place.SOURCE_AND_PROVIDER
    assert rule.effect.pause


def test_an_operator_changes_adds_and_ends_rules():
    shipped = {"a": GOOD, "b": GOOD}
    own = {"a": {"duration": "2 h"}, "b": {"off": True}, "c": GOOD}
    first, second = rules_of(shipped, own)
    assert (first.name, first.duration_ms, second.name) == ("a", 2 * HOUR, "c")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"speed": 3}, "speed"),
        ({"scope": "moon"}, "moon"),
        ({"text": "("}, "unterminated"),
        ({"text": None}, "at least one"),
        ({"threshold": "often"}, "often"),
        ({"threshold": "0 per hour"}, "0 per hour"),
        ({"threshold": "1001 per hour"}, "1001"),
        ({"duration": "soon"}, "soon"),
        ({"class": "unheard"}, "unheard"),
        ({"about": "weather"}, "weather"),
        ({"pause": False}, "something to do"),
        ({"tell_operator": True}, "alone"),
        ({"connections": 0}, "at least 1"),
        ({"rate_factor": 1.5}, "between"),
        ({"mails_per_minute": 0}, "more than 0"),
        ({"scope": "account_provider", "pause": False, "connections": 1}, "paused only"),
        ({"stop_task": True}, "scope"),
    ],
)
def test_a_rule_that_cannot_be_used_is_named(changes, word):
    table = {key: value for key, value in (GOOD | changes).items() if value is not None}
    with pytest.raises(RuleFileError, match="my-rule") as caught:
        rules_of({"my-rule": table}, {})
    assert word in str(caught.value)


def test_an_operator_can_do_without_the_shipped_rules():
    (only,) = rules_of({"a": GOOD, "b": GOOD}, {"shipped": False, "c": GOOD})
    assert only.name == "c"


@pytest.mark.parametrize("own", [{"shipped": 3}, {"a": 3}, {"A b": GOOD}, {"a": {"pause": "yes"}}])
def test_an_operators_file_is_read_as_strictly(own):
    with pytest.raises(RuleFileError):
        rules_of({"a": GOOD}, own)


def test_times_and_thresholds_are_read():
    assert [span_of(text) for text in ("30 s", "10 min", "4h", "1 day", "hour")] == [
        30 * SECOND,
        10 * MINUTE,
        4 * HOUR,
        DAY,
        HOUR,
    ]
    assert threshold_of("at once") == (1, SECOND)
    assert threshold_of("5 in 30 min") == (5, 30 * MINUTE)


def test_every_provider_is_one_of_the_shaping_rules():
    shipped, _ = RuleFile("shaping.toml").read()
    named = {provider for rule in SHIPPED for provider in rule.providers}
    assert {"gmail", "yahoo", "outlook", "icloud", "qq", "netease"} <= named
    assert named <= set(shipped["provider"])
