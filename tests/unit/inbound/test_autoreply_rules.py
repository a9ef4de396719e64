"""The rules for answers of programs: each with its example, the operator's before the shipped."""

import os

import pytest

from tayori.config.rules import RuleFileError
from tayori.inbound.autoreply_rules import AutoReplyRules, RuleKind, shipped_reply_rules
from tayori.mail.returned import Returned

OWN = """
off = ["korean"]

[[rule]]
name = "spanish"
kind = "auto_reply"
begins = "vuelvo pronto"
example = "Vuelvo pronto"
published = "our own log"
"""


def subject(text):
    return Returned(fields={"subject": text})


def found(rules, text, kind=RuleKind.AUTO_REPLY):
    rule = rules.find(subject(text), kind)
    return rule.name if rule else None


def write(folder, text):
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules/autoreply.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Automatic reply: Your order", "english"),
        ("Re: [Automatic reply] Your order", "english"),
        ("AW: Automatische Antwort: Bestellung", "german"),
        ("回复: 自动回复: 订单", "chinese"),
        ("Vacation rentals in Spain", None),
        ("Absenteeism at work", None),
        ("About your automatic reply", None),
    ],
)
def test_a_subject_counts_by_its_beginning(text, name):
    assert found(shipped_reply_rules(), text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Unsubscribe", "unsubscribe-english"),
        ("Baja", "unsubscribe-others"),
        ("Bajaj scooters", None),
        ("How do I unsubscribe?", None),
        ("退订 谢谢", "unsubscribe-chinese"),
    ],
)
def test_a_wish_is_a_word_of_its_own(text, name):
    assert found(shipped_reply_rules(), text, RuleKind.UNSUBSCRIBE) == name


def test_a_header_counts_by_its_value_without_parameters():
    rules = shipped_reply_rules()
    for value, name in (
        ("auto-replied (vacation)", "auto-submitted"),
        ("auto-generated; type=x", "auto-submitted"),
        ("no", None),
    ):
        rule = rules.find(Returned(fields={"auto-submitted": value}), RuleKind.AUTO_REPLY)
        assert (rule.name if rule else None) == name


def test_the_operators_rules_come_first_and_are_read_again(tmp_path):
    write(
        tmp_path, OWN.replace('begins = "vuelvo', 'begins = ["vuelvo').replace('o"\nex', 'o"]\nex')
    )
    rules = AutoReplyRules(tmp_path)
    assert found(rules.current, "Vuelvo pronto: pedido") == "spanish"
    assert found(rules.current, "Respuesta automática: pedido") is None
    assert found(rules.current, "자동 회신: 주문") is None
    assert not rules.refresh()
    write(tmp_path, "rule = 7")
    os.utime(tmp_path / "rules/autoreply.toml", (1, 1))
    assert not rules.refresh()
    assert found(rules.current, "Vuelvo pronto") == "spanish"
    (tmp_path / "rules/autoreply.toml").unlink()
    assert rules.refresh()
    assert found(rules.current, "자동 회신: 주문") == "korean"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (OWN, "rule spanish: Expected `array`"),
        (OWN.replace('begins = "vuelvo pronto"\n', ""), "it has no condition"),
        (OWN.replace('begins = "vuelvo pronto"', 'begins = ["Vuelvo"]'), "lower case"),
        (OWN.replace('begins = "vuelvo pronto"', 'begins = ["hola"]'), "does not match"),
        ('off = ["nobody"]', "no rule is called nobody"),
        ("off = 7", "off is a list of names"),
        ("[rules]\nx = 1", "rules are written as [[rule]]"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path, text, sentence):
    write(tmp_path, text)
    with pytest.raises(RuleFileError) as told:
        AutoReplyRules(tmp_path)
    assert sentence in str(told.value)
    assert "the operator's autoreply.toml" in str(told.value)
