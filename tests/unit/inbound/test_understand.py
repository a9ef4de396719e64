"""Mails that came back, in the forms that servers and people send."""

import random
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tayori.inbound.model import ReturnKind
from tayori.inbound.understand import understand

FOLDER = Path(__file__).parents[2] / "data/bounces"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))
MAILS = {file.stem: file.read_bytes() for file in sorted(FOLDER.glob("*.eml"))}


def told(finding):
    return {
        "recipient": finding.recipient,
        "kind": finding.kind.value,
        "class": finding.bounce_class.value if finding.bounce_class else None,
        "action": finding.action.value if finding.action else None,
        "status": finding.status,
        "reply": finding.reply,
    }


def test_every_mail_has_its_meaning_written_down():
    assert set(MAILS) == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_mail_is_understood(name):
    found = [told(finding) for finding in understand(MAILS[name])]
    assert len(found) == len(EXPECTED[name])
    for one, wanted in zip(found, EXPECTED[name], strict=True):
        assert {key: one[key] for key in one if key in wanted and key != "reply"} == {
            key: value for key, value in wanted.items() if key not in {"reply", "published"}
        }
        assert wanted.get("reply", "") in one["reply"]


@given(st.binary(max_size=2_000))
def test_any_octets_get_an_answer(raw):
    assert understand(raw)


@settings(max_examples=150)
@given(st.sampled_from(sorted(MAILS)), st.integers(0, 2**32))
@example("exchange-russian", 4_597)
def test_a_damaged_mail_gets_an_answer(name, seed):
    chance = random.Random(seed)
    raw = bytearray(MAILS[name])
    for _ in range(chance.randint(1, 30)):
        place = chance.randrange(len(raw))
        raw[place : place + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
    assert all(isinstance(finding.kind, ReturnKind) for finding in understand(bytes(raw)))


def test_deep_nesting_and_many_parts_are_bounded():
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(800)
    )
    wide = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000
    for raw in (deep, wide):
        assert understand(raw)[0].kind is ReturnKind.UNKNOWN
