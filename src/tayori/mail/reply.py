"""An SMTP reply as a value, shared by both directions of the protocol.

A reply never fails to be represented: what a peer sends beyond the limits is cut, and what is not
UTF-8 is replaced, so that a hostile reply can be stored and shown.
"""

import re
from dataclasses import dataclass

MAX_TEXT = 2000
"""Characters of a peer's reply that are kept; the rest tells a customer nothing more."""

_ENHANCED = re.compile(r"^([245])\.(\d{1,3})\.(\d{1,3})(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: `code` (RFC 5321 4.2), `enhanced` "x.y.z" or "" (RFC 3463), `text` lines."""

    code: int
    enhanced: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the lines as one string, without codes."""
        return " ".join(line for line in self.lines if line)

    @property
    def positive(self) -> bool:
        """Tell whether the command succeeded or may go on (2yz, 3yz)."""
        return 200 <= self.code < 400  # noqa: PLR2004 - RFC 5321 4.2.1 classes

    @property
    def permanent(self) -> bool:
        """Tell whether the peer said 5yz."""
        return 500 <= self.code < 600  # noqa: PLR2004 - RFC 5321 4.2.1 classes

    def __str__(self) -> str:
        """Return the reply in one line, as a log or a customer reads it."""
        return " ".join(part for part in (str(self.code), self.enhanced, self.text) if part)


def reply_from_lines(code: int, lines: list[str]) -> Reply:
    """Build a reply from its text lines (without "250-"), splitting off the enhanced code.

    A server repeats the enhanced code on each line (RFC 2034 4); it is removed from all of them.
    """
    match = _ENHANCED.match(lines[0]) if lines else None
    enhanced = ".".join(match.groups()) if match and match[1] == str(code)[0] else ""
    kept: list[str] = []
    room = MAX_TEXT
    for line in lines:
        text = line[len(enhanced) :].lstrip() if enhanced and line.startswith(enhanced) else line
        kept.append(text[:room])
        room -= len(text)
        if room <= 0:
            break
    return Reply(code=code, enhanced=enhanced, lines=tuple(kept))


_BEGINNING = re.compile(r"([45]\d\d)(?:[ -]|\Z)(.*)\Z", re.DOTALL)


def split_reply(text: str) -> Reply | None:
    """Read a refusal as logs and bounces show it, such as "550 5.1.1 unknown"; None for others.

    The code may be repeated on each line, with a hyphen or without.
    """
    match = _BEGINNING.match(text.strip())
    if match is None:
        return None
    lines = [
        line[4:] if line[:4] in {f"{match[1]} ", f"{match[1]}-"} else line
        for line in match[2].splitlines()
    ]
    return reply_from_lines(int(match[1]), lines or [""])
