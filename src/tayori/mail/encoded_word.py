"""Encoded words (RFC 2047): text that is not ASCII inside a header.

Writing uses UTF-8, base64 or Q by which is shorter, words of at most 75 characters, and never
splits a character. Reading is tolerant: what cannot be decoded stays as it was.
"""

import binascii
import codecs
import re
from typing import Final

MAX_WORD: Final = 75
"""Characters of one encoded word (RFC 2047 2)."""
MIN_ROOM: Final = 24
"""The least room in which a word with one character of four octets fits, in either encoding."""

_PREFIX_B: Final = b"=?UTF-8?B?"
_PREFIX_Q: Final = b"=?UTF-8?Q?"
_SUFFIX: Final = b"?="
_FRAME: Final = len(_PREFIX_B) + len(_SUFFIX)
_Q_LITERAL: Final = frozenset(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/ "
)
"""What RFC 2047 5 (3) allows inside a phrase, so that one form serves every header; SP is "_"."""
_Q_TABLE: Final = tuple(
    b"_" if octet == ord(" ") else bytes([octet]) if octet in _Q_LITERAL else b"=%02X" % octet
    for octet in range(256)
)
_Q_LITERAL_BYTES: Final = bytes(sorted(_Q_LITERAL))

_WORD: Final = re.compile(r"=\?([!-)+->@-~]+)(?:\*[!->@-~]*)?\?([bBqQ])\?([!->@-~]*)\?=")
_GAP: Final = re.compile(r"[ \t\r\n]+\Z")
_NOT_MAIL: Final = frozenset(
    {"unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"}
)
"""Codecs of the language that no mail may name."""


def encode_words(text: str, *, first_room: int = MAX_WORD) -> list[bytes]:
    """Return the text as encoded words, the first at most `first_room` (>= 24) octets long."""
    data = text.encode()
    literal = len(data) - len(data.translate(None, _Q_LITERAL_BYTES))
    q_length = literal + 3 * (len(data) - literal)
    encode = _encode_q if q_length <= (len(data) + 2) // 3 * 4 else _encode_b
    words: list[bytes] = []
    position = 0
    room = min(first_room, MAX_WORD) - _FRAME
    while position < len(data):
        word, position = encode(data, position, room)
        words.append(word)
        room = MAX_WORD - _FRAME
    return words


def _encode_b(data: bytes, start: int, room: int) -> tuple[bytes, int]:
    end = _character_end(data, start, start + room // 4 * 3)
    return _PREFIX_B + binascii.b2a_base64(data[start:end], newline=False) + _SUFFIX, end


def _encode_q(data: bytes, start: int, room: int) -> tuple[bytes, int]:
    length = 0
    end = start
    while end < len(data):
        length += len(_Q_TABLE[data[end]])
        if length > room:
            break
        end += 1
    end = _character_end(data, start, end)
    return _PREFIX_Q + b"".join([_Q_TABLE[octet] for octet in data[start:end]]) + _SUFFIX, end


def _character_end(data: bytes, start: int, end: int) -> int:
    """Return the last boundary between two UTF-8 characters at or before `end`."""
    if end >= len(data):
        return len(data)
    while end > start and data[end] & 0xC0 == 0x80:  # noqa: PLR2004 - a UTF-8 continuation octet
        end -= 1
    return end


def decode_words(text: str) -> str:
    """Return the text with its encoded words decoded; white space between two words goes.

    Neighbours in the same charset are decoded together, since common writers split characters.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    pending = b""
    pending_charset = ""
    position = 0
    for match in _WORD.finditer(text):
        gap = text[position : match.start()]
        content = _word_octets(match[2], match[3])
        charset = _codec(match[1])
        if content is None or not charset:
            continue
        follows = position > 0 and (not gap or _GAP.match(gap) is not None)
        if pending and not (follows and charset == pending_charset):
            out.append(_decode(pending, pending_charset))
            pending = b""
        if gap and not follows:
            out.append(gap)
        pending += content
        pending_charset = charset
        position = match.end()
    if pending:
        out.append(_decode(pending, pending_charset))
    out.append(text[position:])
    return "".join(out)


def _word_octets(encoding: str, content: str) -> bytes | None:
    if encoding in "bB":
        padded = content.rstrip("=")
        try:
            return binascii.a2b_base64(padded + "=" * (-len(padded) % 4))
        except binascii.Error:
            return None
    return binascii.a2b_qp(content, header=True)


def _codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return ""
    return "" if name.replace("_", "-") in _NOT_MAIL else name


def _decode(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset, "replace")
    except (LookupError, UnicodeError):
        return data.decode("utf-8", "replace")
