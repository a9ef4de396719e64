"""A conversation with a receiver as it is kept with an attempt: short, and without what is secret.

Of what was sent only commands are kept; content is a number of octets, and the local part of a
return path, which names a recipient to whoever may report a bounce, is left out. A delivery is kept
by its verbs, codes and times alone; a failure with the receiver's words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tayori.mail.reply import Reply

Note: TypeAlias = tuple[int, bytes | int | str | Reply]
"""Milliseconds since the epoch, and what was said then: commands of ours, octets of content that
were sent, a remark of ours, or the receiver's reply."""

MOST_LINES = 40
LONGEST_LINE = 400
_SENT, _HEARD, _REMARK = ">", "<", "="
_LINE = re.compile(r"(-?\d+)([<>=])(.*)", re.DOTALL)
_SECRET = re.compile(r"(MAIL FROM:<)[^@>]+(?=@)", re.IGNORECASE)
_BREAKS = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Said:
    """One line: when (milliseconds since the epoch), by whom (">" us, "<" them, "=" a remark)."""

    at: int
    by: str
    text: str


def written(notes: Sequence[Note], *, brief: bool) -> str | None:
    """Return what is kept, None for no conversation; `brief` is verbs, codes and times."""
    if not notes:
        return None
    begin = notes[0][0]
    lines = [f"{at - begin}{line}" for at, said in notes for line in _lines(said, brief=brief)]
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        lines = [*lines[:half], *lines[-half:]]
    return "\n".join([str(begin), *lines])


def read(text: str | None) -> list[Said]:
    """Return what `written` kept."""
    if not text:
        return []
    begin, *lines = text.split("\n")
    found = (_LINE.fullmatch(line) for line in lines)
    return [Said(int(begin) + int(each[1]), each[2], each[3]) for each in found if each]


def _lines(said: bytes | int | str | Reply, *, brief: bool) -> list[str]:
    if isinstance(said, Reply):
        return [_line(_HEARD, str(said.code) if brief else str(said))]
    if isinstance(said, int):
        return [_line(_SENT, f"({said} octets of content)")]
    if isinstance(said, str):
        return [_line(_REMARK, said)]
    commands = said.decode("utf-8", "replace").split("\r\n")[:-1]
    if brief:
        return [_line(_SENT, " ".join(each.partition(" ")[0] for each in commands))]
    return [_line(_SENT, _SECRET.sub(r"\1…", each)) for each in commands]


def _line(by: str, text: str) -> str:
    return by + _BREAKS.sub(" ", text)[:LONGEST_LINE]
