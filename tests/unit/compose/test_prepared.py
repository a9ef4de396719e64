"""Parts whose constants are encoded once say the same as parts that are encoded as a whole."""

import quopri
from base64 import b64decode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tayori.catalog.variables import MissingVariable, VariableText
from tayori.compose.prepared import PreparedText
from tayori.mail import mime
from tayori.mail.mime import Entity

SHORT = ["", "a", "From ", "Fr", "om ", "\n", "\r\n", "\r", " ", "\t", "=", "é", "語", ".", "<&>"]
LONG = ["x" * 70, "word " * 30, "y" * 1_000, "z=" * 40]
PIECES = st.lists(st.sampled_from([*SHORT, *LONG]), max_size=6).map("".join)


def decoded(part: Entity) -> bytes:
    """Return the octets of a part as its reader sees them."""
    encoding = part.fields[1].split(b": ")[1].strip()
    assert part.body.endswith(b"\r\n")
    lines = part.body.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert not any(line.startswith(b"From ") for line in lines)
    if encoding == b"quoted-printable":
        assert max(map(len, lines)) <= 76
        return quopri.decodestring(part.body)
    if encoding == b"base64":
        return b64decode(part.body)
    assert encoding in {b"7bit", b"8bit"}
    assert (encoding == b"7bit") is part.body.isascii()
    assert max(map(len, lines)) <= 998
    return part.body


@pytest.mark.parametrize("subtype", [b"plain", b"html"])
@pytest.mark.parametrize("eight_bit", [False, True])
@given(st.lists(PIECES, min_size=1, max_size=4), st.lists(PIECES, min_size=3, max_size=3))
@example(["Hello ", ", welcome.", "\n"], ["Ann", "x" * 80, ""])
@example(["", "rom here", "end"], ["F", "", ""])
@example(["word " * 300, "From there\n"], ["x" * 75, "", ""])
@example(["a" * 75, "b" * 75], ["c" * 75, "", ""])
@example(["語様\n", "より", "。"], ["é", "a", ""])
@example(["語" * 300, "様"], ["é" * 60, "", ""])
def test_a_prepared_part_reads_as_one_encoded_as_a_whole(
    subtype: bytes, eight_bit: bool, constants: list[str], given_values: list[str]
) -> None:
    names = tuple(f"v{number}" for number in range(len(constants) - 1))
    text = VariableText(tuple(constants), names)
    values = dict(zip(names, given_values, strict=False))
    filled = text.fill(values, escape=subtype == b"html")
    assert isinstance(filled, str)
    prepared = PreparedText(text, subtype, eight_bit=eight_bit)
    part = prepared.fill(values)
    again = prepared.fill(values)
    assert part == again
    if not filled:
        assert part is None
        return
    whole = mime.text_part(filled, subtype, eight_bit=eight_bit)
    assert isinstance(part, Entity)
    assert part.fields[0] == whole.fields[0]
    assert decoded(part) == decoded(whole)
    assert eight_bit or part.body.isascii()


def test_values_of_all_kinds_come_after_each_other() -> None:
    prepared = PreparedText(
        VariableText(("Dear ", ",\n" + "words of a mail " * 90, "."), ("name", "code")),
        b"plain",
        eight_bit=False,
    )
    for name in ("Ann", "Ännchen", "two\nlines", "a=b" * 700, "\0", "lone\rreturn"):
        part = prepared.fill({"name": name, "code": "7"})
        assert isinstance(part, Entity)
        shown = mime.normalise_newlines(name.encode())
        assert decoded(part).startswith(b"Dear " + shown + b",\r\n")
    assert prepared.fill({"name": "Ann"}) == MissingVariable("code")
