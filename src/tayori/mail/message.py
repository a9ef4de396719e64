"""Raw messages split into header fields and body (RFC 5322 2.1).

The reader is tolerant and never fails: lines may end in CRLF or LF, an mbox "From " line is
skipped, and a line that can be no header field begins the body, as if the empty line were missing.
A *field* is everywhere in this package the whole field as octets, `Name: value`, folded as it goes
over the wire and with its final CRLF.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")
_END_OF_LINE: Final = re.compile(rb"\r*\n|\r+\Z")


@dataclass(frozen=True, slots=True)
class Message:
    """Header fields in order of appearance, and the body, untouched."""

    fields: tuple[bytes, ...]
    body: bytes

    def values(self, name: bytes) -> list[bytes]:
        """Return the unfolded values of all fields of this name, in order of appearance."""
        wanted = name.lower()
        return [field_value(field) for field in self.fields if field_name(field) == wanted]

    def first(self, name: bytes) -> bytes | None:
        """Return the unfolded value of the first field of this name, or None."""
        wanted = name.lower()
        return next((field_value(f) for f in self.fields if field_name(f) == wanted), None)

    def __bytes__(self) -> bytes:
        """Return the message as octets again."""
        return b"".join([*self.fields, b"\r\n", self.body])


def split_message(raw: bytes) -> Message:
    """Split raw octets into fields and body."""
    fields: list[list[bytes]] = []
    position = 0
    length = len(raw)
    while position < length:
        match = _END_OF_LINE.search(raw, position)
        end, following = (match.start(), match.end()) if match else (length, length)
        line = raw[position:end]
        if not line:
            position = following
            break
        if line[:1] in b" \t" and fields:
            fields[-1].append(line)
        elif _FIELD.match(line):
            fields.append([line])
        elif not (position == 0 and line.startswith((b"From ", b">From "))):
            break
        position = following
    return Message(tuple(_whole_field(lines) for lines in fields), raw[position:])


def _whole_field(lines: list[bytes]) -> bytes:
    # A folded line of nothing but white space is obsolete (RFC 5322 4.2) and means nothing.
    kept = [lines[0], *(line for line in lines[1:] if line.strip(b" \t"))]
    return b"\r\n".join([*kept, b""])


def field_name(field: bytes) -> bytes:
    """Return the lower-case name of a field."""
    return _name(field[: field.index(b":")])


@lru_cache(maxsize=1024)
def _name(written: bytes) -> bytes:
    """Return the name in lower case; nearly all fields of all mails have the same few names."""
    return written.rstrip(b" \t").lower()


def field_value(field: bytes) -> bytes:
    """Return the value of a field, unfolded (RFC 5322 2.2.3) and stripped."""
    value = field[field.index(b":") + 1 :]
    return value.replace(b"\r\n", b"").strip(b" \t")
