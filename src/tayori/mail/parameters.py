"""Structured MIME values read: a type or disposition and its parameters (RFC 2045 5.1, 2231).

What does not follow the grammar gives None, never a guess: a value that two readers understand
differently is how attachments are hidden.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

from tayori.mail.encoded_word import decode_words

_WORD: Final = r"[!#$%&'*+\-.^_`{|}~0-9A-Za-z]+"
_HEAD: Final = re.compile(rf"[ \t]*({_WORD}(?:/{_WORD})?)[ \t]*")
_PARAMETER: Final = re.compile(
    rf';[ \t]*(?:({_WORD})[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"()<>]+))[ \t]*)?'
)
_USUAL: Final = re.compile(
    r'([A-Za-z]+/[A-Za-z0-9.+-]+);[ \t]*([A-Za-z]+)="([A-Za-z0-9\'+_,\-./:= ]*)"\Z'
)
"""A type with one parameter in quotes, as nearly every multipart has its boundary."""
_SHORT: Final = 200
"""Characters of a value that is worth remembering."""
_PAIR: Final = re.compile(r"\\(.)")
_SECTION: Final = re.compile(r"([^*]+)(?:\*([0-9]{1,3}))?(\*)?\Z")


@dataclass(frozen=True, slots=True)
class Structured:
    """A value such as text/plain, in lower case, and its parameters by lower-case name."""

    value: str
    parameters: Mapping[str, str]


def read_structured(text: str) -> Structured | None:
    """Read a Content-Type, Content-Disposition or the like; None when it is malformed."""
    return _known(text) if len(text) <= _SHORT else _read(text)


def _read(text: str) -> Structured | None:
    usual = _USUAL.match(text)
    if usual is not None:
        return Structured(usual[1].lower(), {usual[2].lower(): usual[3]})
    text = without_comments(text)
    head = _HEAD.match(text)
    if head is None:
        return None
    position = head.end()
    found: dict[str, str] = {}
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None:
            return None
        position = match.end()
        if match[1] is None:
            continue
        name = match[1].lower()
        if name in found:
            return None
        found[name] = _PAIR.sub(r"\1", match[2]) if match[2] is not None else match[3]
    return Structured(head[1].lower(), _joined(found))


@lru_cache(maxsize=1024)
def _known(text: str) -> Structured | None:
    return _read(text)


def without_comments(text: str) -> str:
    """Return the text without comments (RFC 5322 3.2.2); quoted text keeps its parentheses."""
    if "(" not in text:
        return text
    kept: list[str] = []
    depth, quoted, position = 0, False, 0
    while position < len(text):
        char = text[position]
        if char == "\\" and (quoted or depth):
            if not depth:
                kept.append(text[position : position + 2])
            position += 2
            continue
        if char == '"' and not depth:
            quoted = not quoted
        if char == "(" and not quoted:
            depth += 1
        elif char == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(char)
        position += 1
    return "".join(kept)


def _joined(raw: Mapping[str, str]) -> dict[str, str]:
    """Join continuations and decode extended values (RFC 2231 3, 4)."""
    plain: dict[str, str] = {}
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value in raw.items():
        match = _SECTION.match(name)
        if match is None or (match[2] is None and match[3] is None):
            plain[name] = decode_words(value)
        else:
            sections.setdefault(match[1], {})[int(match[2] or 0)] = (value, match[3] is not None)
    return plain | {name: _decoded(parts) for name, parts in sections.items()}


def _decoded(parts: Mapping[int, tuple[str, bool]]) -> str:
    charset = "utf-8"
    octets = b""
    for place in range(len(parts)):
        if place not in parts:
            break
        value, extended = parts[place]
        if extended and place == 0 and value.count("'") >= 2:  # noqa: PLR2004 - RFC 2231 4
            charset, _, rest = value.partition("'")
            value = rest.partition("'")[2]
        octets += unquote_to_bytes(value) if extended else value.encode("utf-8", "replace")
    return decode_text(octets, charset)


def decode_text(octets: bytes, charset: str) -> str:
    """Return text in the charset that a mail names; what cannot be decoded is replaced."""
    try:
        return octets.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError, UnicodeError):
        return octets.decode("utf-8", "replace")
