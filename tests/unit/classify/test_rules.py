"""Rule files: what they may say, and what is refused with which sentence."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.classify.current import BounceRules
from tayori.classify.expression import compiled
from tayori.classify.reply import classify
from tayori.classify.rule_file import shipped_rules
from tayori.config.rules import RuleFileError
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import split_reply

GOOD = """
[[rule]]
name = "ours"
class = "policy"
says = "no mail on sundays"
example = "550 5.7.1 No mail on Sundays"
"""


def refusal(text, stage=Stage.RCPT):
    reply = split_reply(text)
    kind = Kind.PERMANENT if reply.permanent else Kind.TEMPORARY
    return Outcome(kind=kind, scope=Scope.RECIPIENT, stage=stage, reply=reply)


def write(data_dir, text):
    (data_dir / "rules").mkdir(exist_ok=True)
    (data_dir / "rules" / "bounce.toml").write_text(text)


def test_every_shipped_rule_decides_its_own_example():
    rules = shipped_rules()
    for rule in rules.rules:
        stage = min(rule.stages, default=Stage.RCPT)
        stages = [stage] if rule.stages else [Stage.RCPT, Stage.GREETING, Stage.CONTENT]
        provider = rule.providers[0] if rule.providers else ""
        for example in rule.examples:
            deciding = {classify(refusal(example, at), provider).rule for at in stages}
            assert rule.name in deciding, (rule.name, deciding, example)
        assert rule.published, rule.name


def test_the_shipped_rules_know_the_providers_of_the_world():
    assert len(shipped_rules().providers) >= 20
    assert shipped_rules().provider("Google") == "gmail"
    assert shipped_rules().provider("126.com") == "netease"


def test_the_operator_s_rules_come_first(tmp_path):
    write(
        tmp_path,
        GOOD.replace("no mail on sundays", "frequency limited").replace(
            "No mail on Sundays", "Frequency limited"
        ),
    )
    rules = BounceRules(tmp_path).current
    verdict = classify(refusal("550 Ip frequency limited"), "qq", rules=rules)
    assert (verdict.rule, verdict.action) == ("ours", "fail")


def test_an_operator_replaces_and_leaves_out_shipped_rules_by_name(tmp_path):
    write(
        tmp_path,
        'off = ["qq-ip-frequency"]\n' + GOOD.replace('"ours"', '"qq-domain-frequency"'),
    )
    rules = BounceRules(tmp_path).current
    assert classify(refusal("550 Ip frequency limited"), "qq", rules=rules).rule == "rate-limited"
    assert classify(refusal("550 Domain frequency limited"), rules=rules).rule == "rate-limited"
    assert classify(refusal("550 no mail on sundays"), rules=rules).rule == "qq-domain-frequency"


def test_changed_rules_are_taken_up_and_broken_ones_are_not(tmp_path):
    held = BounceRules(tmp_path)
    first = held.current
    assert not held.refresh()
    assert held.current is first
    write(tmp_path, GOOD)
    assert held.refresh()
    second = held.current
    assert classify(refusal("550 no mail on sundays"), rules=second).rule == "ours"
    write(tmp_path, GOOD.replace("policy", "polite"))
    os.utime(tmp_path / "rules" / "bounce.toml", (1, 1))
    assert not held.refresh()
    assert held.current is second


BAD = [
    ("[[rule]]\nname = 1", "rule 1: Expected `str`, got `int`"),
    (GOOD.replace("policy", "polite"), "rule ours: Invalid enum value 'polite'"),
    (GOOD.replace("says", "say"), "rule ours: Object contains unknown field `say`"),
    (GOOD.replace('says = "no mail on sundays"', ""), "it has no condition"),
    (GOOD.replace("no mail", "No mail"), "says is compared in lower case"),
    (GOOD.replace("550 5.7.1", "250 5.7.1"), "does not begin with a reply code"),
    (GOOD.replace("on Sundays", "on Mondays"), "the rule does not match '550 5.7.1 No mail on"),
    (GOOD.replace('example = "550 5.7.1 No mail on Sundays"', ""), "it needs an example"),
    (GOOD + "anywhere = true", "anywhere makes sense only"),
    (GOOD + "retry_s = 0", "retry_s must be between 1 and 86400"),
    (GOOD + 'action = "fail_and_blacklist"', "only unknown_user and inactive"),
    (GOOD + 'stage = "engine"', "our own words"),
    (GOOD + 'code = "5.5"', "code: 5.5 is not like 550 or 5xx"),
    (GOOD + 'enhanced = "550"', "enhanced: 550 is not like 5.1.1"),
    (GOOD + 'regex = "a.*b"', "regex: * and + have no bound"),
    (GOOD + 'regex = "a.{3,}b"', "regex: a repeat needs an upper bound"),
    (GOOD + 'regex = "a.{0,500}b"', "regex: a repeat may span 120 characters"),
    (GOOD + 'regex = "(?:a|b){2}"', "regex: a group may not be repeated"),
    (GOOD + 'regex = "(?=a)"', "regex: of the (? forms"),
    (GOOD + "regex = '(a)\\1'", "regex: references to groups"),
    (GOOD + 'regex = "a.{0,99}b.{0,99}c"', "regex: its repeats can be combined"),
    (GOOD + 'regex = "Sunday"', "regex: texts are compared in lower case"),
    (GOOD + 'regex = "(a"', "regex: missing ), unterminated subpattern"),
    (GOOD + GOOD, "rule ours: the name is used twice"),
    ("[rule]\nname = 'x'", "rules are written as [[rule]]"),
    ("[rules]", "rules is not known"),
    ('off = "x"', "off is a list of names"),
    ('off = ["no-such"]', "off: no rule is called no-such"),
    ("alias = 3", "[alias] gives each provider"),
]


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_a_bad_rule_file_is_refused_with_a_sentence(tmp_path, text, sentence):
    write(tmp_path, text)
    with pytest.raises(RuleFileError) as caught:
        BounceRules(tmp_path)
    assert sentence in str(caught.value)


@given(st.text(alphabet="ab.()[]{}?*+\\|^$0123,:", max_size=40))
def test_no_accepted_expression_can_be_slow(pattern):
    try:
        accepted = compiled(pattern)
    except ValueError:
        return
    # A search that could run away would not end here.
    assert accepted.search("ab" * 500 + "!") is None or accepted.pattern == pattern
