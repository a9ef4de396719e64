"""Mails read strictly into their tree of MIME parts, octet for octet (RFC 5322, 2045, 2046).

The tree keeps every octet: the pieces of a part, joined, are the part again. What the standards
forbid gives a `Malformed` with a sentence for the writer. The input has CRLF line ends only.
"""

import binascii
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from tayori.mail.message import field_name, field_value
from tayori.mail.parameters import Structured, decode_text, read_structured
from tayori.refusal.saying import Saying, say

MAX_HEAD: Final = 64 * 1024
"""Octets of one header."""
MAX_FIELDS: Final = 300
MAX_DEPTH: Final = 10
MAX_PARTS: Final = 200
MAX_LINE: Final = 998

ONCE: Final = frozenset(
    {
        *(b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id"),
        *(b"in-reply-to", b"references", b"mime-version", b"content-type"),
        *(b"content-transfer-encoding", b"content-disposition", b"content-id"),
    }
)
"""Fields that stand at most once in a header (RFC 5322 3.6, RFC 2045)."""

_NAME: Final = re.compile(rb"[!-9;-~]+\Z")
_CONTROLS: Final = bytes({*range(32), 127} - {*b"\t\r\n"})
_BOUNDARY: Final = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]\Z")
_COMPOSITE: Final = ("multipart/", "message/")
_IDENTITY: Final = frozenset({"7bit", "8bit"})
_ENCODINGS: Final = _IDENTITY | {"quoted-printable", "base64"}
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=\s]")
_SHORT: Final = 256
"""Octets of a header that is worth remembering."""
_PLAIN: Final = Structured("text/plain", {"charset": "us-ascii"})
_RFC822: Final = Structured("message/rfc822", {})


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why octets are no mail, as one sentence; `data` = an encoded part does not decode."""

    saying: Saying
    data: bool = False

    @property
    def sentence(self) -> str:
        """Return the sentence in English."""
        return self.saying.english


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One entity: its fields, and its body as octets and, in a multipart, parts between them."""

    fields: tuple[bytes, ...]
    ends_head: bool
    """True when the empty line behind the header is there."""
    kind: Structured
    """Content-Type, the default where none is given."""
    encoding: str
    """Content-Transfer-Encoding in lower case, "" where none is given."""
    disposition: Structured | None
    pieces: "tuple[Piece, ...]"

    @property
    def body(self) -> bytes:
        """Return the body as it travels."""
        pieces = self.pieces
        if len(pieces) == 1:
            return bytes(pieces[0])
        return b"".join(map(bytes, pieces))

    @property
    def parts(self) -> "tuple[Part, ...]":
        """Return the parts of a multipart, nothing for others."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Part))

    @property
    def file_name(self) -> str:
        """Return the file name that the part is given, "" for none (RFC 2183 2.3)."""
        named = self.disposition.parameters.get("filename", "") if self.disposition else ""
        return named or self.kind.parameters.get("name", "")

    @property
    def content(self) -> bytes:
        """Return the body without its transfer encoding."""
        if self.encoding == "base64":
            return binascii.a2b_base64(self.body)
        return binascii.a2b_qp(self.body) if self.encoding == "quoted-printable" else self.body

    @property
    def text(self) -> str:
        """Return the content decoded from its charset."""
        return decode_text(self.content, self.kind.parameters.get("charset", "utf-8"))

    def leaves(self) -> "Iterator[tuple[Part, bool]]":
        """Return every part that holds no others, and whether a signature covers it."""
        parts = self.parts
        if not parts:
            yield self, False
            return
        signed = self.kind.value == "multipart/signed"
        for part in parts:
            for leaf, inner in part.leaves():
                yield leaf, signed or inner

    def __bytes__(self) -> bytes:
        """Return the part as it travels."""
        return b"".join([*self.fields, b"\r\n" if self.ends_head else b"", self.body])


Piece: TypeAlias = bytes | Part


def read_mail(raw: bytes, *, crlf: bool = False) -> Part | Malformed:
    """Read a whole mail; every octet of it is in the result.

    `crlf` says that no CR or LF stands alone in it, as an SMTP server has made sure before.
    """
    if b"\0" in raw:
        return Malformed(say("The mail holds NUL octets, which no mail may (RFC 5322 4.5)."))
    if not crlf:
        rest = raw.replace(b"\r\n", b"  ")
        if b"\r" in rest or b"\n" in rest:
            return Malformed(say("A CR or LF stands alone; lines end with CRLF (RFC 5322 2.3)."))
    return _Reader().read(raw, 0)


class _Reader:
    """Reads one mail and counts its parts."""

    def __init__(self) -> None:
        self._left = MAX_PARTS

    def read(self, raw: bytes, depth: int, *, in_digest: bool = False) -> Part | Malformed:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            return Malformed(
                say(
                    "The mail has more than {parts} parts or {levels} levels.",
                    parts=MAX_PARTS,
                    levels=MAX_DEPTH,
                )
            )
        head, empty, body = _split(raw)
        described = (_known_head if len(head) <= _SHORT else _read_head)(head, in_digest)
        if isinstance(described, Malformed):
            return described
        fields, kind, encoding, disposition = described
        pieces: Sequence[Piece] | Malformed = [body]
        if kind.value.startswith("multipart/"):
            pieces = self._multipart(body, kind, depth)
        else:
            fault = _leaf_fault(kind, encoding, body)
            pieces = fault or pieces
        if isinstance(pieces, Malformed):
            return pieces
        return Part(
            fields=fields,
            ends_head=bool(empty),
            kind=kind,
            encoding=encoding,
            disposition=disposition,
            pieces=tuple(pieces),
        )

    def _multipart(self, body: bytes, kind: Structured, depth: int) -> list[Piece] | Malformed:
        boundary = kind.parameters.get("boundary", "")
        if not _BOUNDARY.match(boundary):
            return Malformed(say("{kind} has no valid boundary (RFC 2046 5.1.1).", kind=kind.value))
        digest = kind.value == "multipart/digest"
        found = _delimiters(body, b"--" + boundary.encode("ascii"))
        last = next((place for place, one in enumerate(found) if one.closes), None)
        if last is None or last == 0:
            return Malformed(
                say("A {kind} has no part or no closing boundary (RFC 2046 5.1).", kind=kind.value)
            )
        pieces: list[Piece] = [body[: found[0].start]]
        for delimiter, following in itertools.pairwise(found[: last + 1]):
            start = min(delimiter.end + 2, following.start)
            part = self.read(body[start : following.start], depth + 1, in_digest=digest)
            if isinstance(part, Malformed):
                return part
            pieces += [body[delimiter.start : start], part]
        return [*pieces, body[found[last].start :]]


class _Delimiter(NamedTuple):
    """A line between parts: from the CRLF before it up to the CRLF behind it."""

    start: int
    end: int
    closes: bool


def _delimiters(body: bytes, dashed: bytes) -> list[_Delimiter]:
    """Return the delimiter lines of a boundary (RFC 2046 5.1.1); `dashed` = "--" and boundary.

    A plain search: every mail has a boundary of its own, and compiling an expression for it takes
    longer than reading the rest of the mail.
    """
    found: list[_Delimiter] = []
    at = body.find(dashed)
    while at >= 0:
        behind = at + len(dashed)
        # Only what begins a line is looked at further, so no line is read twice.
        if at == 0 or body.endswith(b"\r\n", 0, at):
            line_end = body.find(b"\r\n", behind)
            end = line_end if line_end >= 0 else len(body)
            closes = body.startswith(b"--", behind)
            if not body[behind + 2 * closes : end].strip(b" \t"):
                found.append(_Delimiter(max(0, at - 2), end, closes))
        at = body.find(dashed, behind)
    return found


def _split(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """Return header, empty line and body."""
    if raw.startswith(b"\r\n"):
        return b"", b"\r\n", raw[2:]
    end = raw.find(b"\r\n\r\n")
    return (raw, b"", b"") if end < 0 else (raw[: end + 2], b"\r\n", raw[end + 4 :])


_Head: TypeAlias = tuple[tuple[bytes, ...], Structured, str, Structured | None]
"""Fields, and what they say of type, encoding and disposition."""


def _read_head(head: bytes, in_digest: bool) -> _Head | Malformed:  # noqa: FBT001 - it is remembered
    if head and not head.endswith(b"\r\n"):
        return Malformed(say("A header does not end with a whole line."))
    fields = read_fields(head)
    if isinstance(fields, Malformed):
        return fields
    described = _described(fields, _RFC822 if in_digest else _PLAIN)
    return described if isinstance(described, Malformed) else (fields, *described)


@lru_cache(maxsize=1024)
def _known_head(head: bytes, in_digest: bool) -> _Head | Malformed:  # noqa: FBT001 - as above
    """Remember short headers: the parts of nearly all mails have the same few."""
    return _read_head(head, in_digest)


def read_fields(  # noqa: PLR0911 - one sentence per fault
    head: bytes,
) -> tuple[bytes, ...] | Malformed:
    """Return a header's fields, each with its CRLF as `head` has, or what is wrong with it."""
    if len(head) > MAX_HEAD:
        return Malformed(say("A header is longer than {most} octets.", most=MAX_HEAD))
    if len(head.translate(None, _CONTROLS)) != len(head):
        return Malformed(say("A header holds control characters."))
    fields: list[bytes] = []
    seen: set[bytes] = set()
    for line in head.split(b"\r\n")[:-1]:
        if len(line) > MAX_LINE:
            return Malformed(
                say("A header line is longer than {most} octets (RFC 5322 2.1.1).", most=MAX_LINE)
            )
        if not line.strip(b" \t"):
            return Malformed(say("A line of a header holds nothing but white space."))
        if line[:1] in b" \t" and fields:
            fields[-1] += line + b"\r\n"
            continue
        name = _known_name(line[: max(0, line.find(b":"))])
        if not name:
            shown = line[:40].decode("ascii", "replace")
            return Malformed(
                say("The line {shown} is no header field (RFC 5322 2.2).", shown=repr(shown))
            )
        if name in seen and name in ONCE:
            shown = name.decode("ascii")
            return Malformed(
                say("The header field {shown} stands there twice (RFC 5322 3.6).", shown=shown)
            )
        seen.add(name)
        fields.append(line + b"\r\n")
    if len(fields) > MAX_FIELDS:
        return Malformed(say("A header has more than {most} fields.", most=MAX_FIELDS))
    return tuple(fields)


@lru_cache(maxsize=1024)
def _known_name(written: bytes) -> bytes:
    """Return a field's name in lower case, b"" for what can be none."""
    return written.lower() if _NAME.match(written) else b""


def _described(
    fields: Sequence[bytes], default: Structured
) -> tuple[Structured, str, Structured | None] | Malformed:
    values = {field_name(one): one for one in fields}
    kind, disposition = default, None
    if b"content-type" in values:
        read = read_structured(_decoded(values[b"content-type"]))
        if read is None or "/" not in read.value:
            return Malformed(say("A Content-Type does not follow RFC 2045 5.1."))
        kind = read
    if b"content-disposition" in values:
        disposition = read_structured(_decoded(values[b"content-disposition"]))
        if disposition is None:
            return Malformed(say("A Content-Disposition does not follow RFC 2183 2."))
    encoding = ""
    if b"content-transfer-encoding" in values:
        named = read_structured(_decoded(values[b"content-transfer-encoding"]))
        encoding = named.value if named else "?"
        if encoding not in _ENCODINGS:
            return Malformed(
                say("Content-Transfer-Encoding must be 7bit, 8bit, quoted-printable or base64.")
            )
        if kind.value.startswith(_COMPOSITE) and encoding not in _IDENTITY:
            return Malformed(
                say("{kind} must not be encoded as a whole (RFC 2045 6.4).", kind=kind.value)
            )
    return kind, encoding, disposition


def _decoded(field: bytes) -> str:
    return field_value(field).decode("utf-8", "replace")


def _leaf_fault(kind: Structured, encoding: str, body: bytes) -> Malformed | None:
    if encoding not in {"8bit", ""} and not body.isascii():
        return Malformed(
            say(
                "A part says {encoding} and holds octets above 127 (RFC 2045 2.7).",
                encoding=encoding,
            )
        )
    if encoding != "base64":
        return None
    compact = b"".join(body.split())
    padded = len(compact) % 4 == 0 and b"=" not in compact[:-2]
    if _NOT_BASE64.search(body) or not padded:
        return Malformed(
            say("The base64 of a part of type {kind} does not decode.", kind=kind.value), data=True
        )
    return None
