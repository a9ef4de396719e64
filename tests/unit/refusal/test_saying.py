"""Sayings: what they say in English, how they are kept and read back."""

import pytest

from tayori.refusal.saying import NOTHING, Saying, keep, quote, recall, say, together

FAULT = say("The address has no @.")
FILLED = say("{name} has {count} addresses; {most} are allowed.", name="Cc", count=3, most=2)
WITHIN = say("Subject: {fault}", fault=FILLED)


def test_english():
    assert str(FAULT) == FAULT.english == "The address has no @."
    assert FILLED.english == "Cc has 3 addresses; 2 are allowed."
    assert WITHIN.english == "Subject: Cc has 3 addresses; 2 are allowed."


def test_nothing_is_false():
    assert not NOTHING
    assert not say("")
    assert not quote("")
    assert not together([NOTHING])
    assert FAULT


def test_without_values_braces_are_braces():
    assert str(say("Write {{name}} or {}.")) == "Write {{name}} or {}."
    assert str(quote("550 {no} {{such}} user")) == "550 {no} {{such}} user"


def test_together():
    assert together([FAULT]) == FAULT
    assert str(together([FAULT, NOTHING, FILLED])) == f"{FAULT} {FILLED}"
    assert str(together([FAULT, quote("{x}")], "; ")) == "The address has no @.; {x}"


@pytest.mark.parametrize(
    "saying",
    [NOTHING, FAULT, FILLED, WITHIN, together([FAULT, WITHIN]), say("A {{ {name}", name="{b}")],
    ids=str,
)
def test_what_is_kept_is_recalled(saying):
    assert recall(keep(saying)) == saying


def test_plain_texts_are_kept_plain():
    assert keep(FAULT) == "The address has no @."
    assert keep(quote("550 No such user")) == "550 No such user"
    assert recall("550 No such user") == Saying("550 No such user")


@pytest.mark.parametrize(
    "text",
    [
        '{"say":',
        '{"say":1}',
        '{"say":"x"}',
        '{"say":"x","with":3}',
        '{"say":"{y}","with":{"x":"z"}}',
        '{"say":"{0}","with":{"x":"z"}}',
        '{"say":"{x.y}","with":{"x":"z"}}',
        '{"say":"x","with":{"x":' * 50,
        '{"say":"{x}","with":{"x":' * 20 + '"y"' + "}}" * 20,
    ],
)
def test_texts_of_strangers_come_back_as_they_were(text):
    assert str(recall(text)) == text
    assert str(recall(keep(quote(text)))) == text
    assert str(recall(keep(say(text)))) == text
