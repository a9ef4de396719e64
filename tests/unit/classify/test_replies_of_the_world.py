"""Real replies as they were published: each has its class and action, and a rule that says so."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest

from tayori.classify.model import Action, BounceClass
from tayori.classify.reply import classify
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import split_reply

DATA = Path(__file__).resolve().parents[2] / "data" / "replies"


def labelled():
    for file in sorted(DATA.glob("*.toml")):
        yield from tomllib.loads(file.read_text())["reply"]


LABELLED = list(labelled())
UNEXPLAINED = {"550 Nein", "451 Nope"}
"""Made-up ones: what no rule explains fails without blacklisting, or is tried again."""


def verdict_of(entry):
    reply = split_reply(entry["reply"])
    kind = Kind.PERMANENT if reply.permanent else Kind.TEMPORARY
    stage = Stage(entry["stage"])
    outcome = Outcome(kind=kind, scope=Scope.RECIPIENT, stage=stage, reply=reply)
    return classify(outcome, entry.get("provider", ""))


@pytest.mark.parametrize("entry", LABELLED, ids=lambda entry: entry["reply"][:60])
def test_a_real_reply_is_understood(entry):
    verdict = verdict_of(entry)
    assert (verdict.bounce_class, verdict.action) == (entry["class"], entry["action"]), verdict
    assert verdict.understood == (entry["reply"] not in UNEXPLAINED), verdict


def test_the_set_is_large_and_each_entry_says_where_it_comes_from():
    providers = Counter(entry.get("provider", "") for entry in LABELLED)
    assert len(LABELLED) >= 300
    assert len(providers) > 15
    assert providers[""] >= 50
    assert all(entry["source"] for entry in LABELLED)
    assert {entry["class"] for entry in LABELLED} <= set(BounceClass)
    assert {entry["action"] for entry in LABELLED} == set(Action)


def test_no_reply_is_labelled_twice():
    seen = Counter(
        (entry.get("provider", ""), entry["stage"], entry["reply"]) for entry in LABELLED
    )
    assert not [key for key, count in seen.items() if count > 1]
