"""How commands print what they found."""

import json

import pytest

from tayori.cli.output import show, show_one
from tayori.refusal.saying import say

WHY = "the MTA-STS policy of x.test"
ROW = {
    "why": say("the MTA-STS policy of {domain}", domain="x.test"),
    "found": [{"reason": say("a rule for {name}", name="qq")}],
}


def test_json_says_sayings_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    show([ROW], as_json=True)
    show_one(ROW, as_json=True)
    told = {"why": "the MTA-STS policy of x.test", "found": [{"reason": "a rule for qq"}]}
    both = capsys.readouterr().out
    of_rows, end = json.JSONDecoder().raw_decode(both)
    assert of_rows == [told]
    assert json.loads(both[end:]) == told


def test_tables_say_sayings_in_english(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"why": ROW["why"]}], as_json=False)
    show_one({"why": ROW["why"]}, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["why".ljust(28), WHY, f"why  {WHY}"]
