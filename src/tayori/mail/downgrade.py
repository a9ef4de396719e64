"""Mails made fit for receivers that take less: ASCII headers, seven-bit bodies.

Only what the standards let a submission server re-encode is touched (RFC 6409 8, RFC 6152 3): words
of header texts and names, and the transfer encoding of parts that no signature covers. Addresses
are never changed, so a mail with an address that is not ASCII stays internationalised.
"""

from dataclasses import replace
from typing import Final

from tayori.mail import mime
from tayori.mail.address import AddressError
from tayori.mail.address_list import read_mailboxes
from tayori.mail.entity import Part, Piece
from tayori.mail.header import (
    check_text,
    encode_mailboxes,
    encode_parameter,
    encode_parameterised,
    encode_raw,
    encode_text,
)
from tayori.mail.message import field_name, field_value
from tayori.mail.parameters import read_structured

_ADDRESSES: Final = frozenset({b"from", b"sender", b"reply-to", b"to", b"cc"})
_PARAMETERISED: Final = frozenset({b"content-type", b"content-disposition"})
_WHOLE: Final = frozenset(
    {b"message-id", b"in-reply-to", b"references", b"date", b"content-id", b"list-unsubscribe"}
)
"""Fields whose value no encoded word may stand in (RFC 2047 5)."""
_CTE: Final = b"Content-Transfer-Encoding"
_CTE_NAME: Final = _CTE.lower()


def ascii_headers(part: Part) -> Part:
    """Return the part with its headers in ASCII, as far as that can be done."""
    if part.kind.value == "multipart/signed":
        inside = part.pieces
    else:
        inside = tuple(ascii_headers(p) if isinstance(p, Part) else p for p in part.pieces)
    return replace(part, fields=tuple(map(_ascii_field, part.fields)), pieces=inside)


def needs_smtputf8(part: Part) -> bool:
    """Tell whether a header holds more than ASCII (RFC 6532)."""
    own = any(not field.isascii() for field in part.fields)
    return own or any(map(needs_smtputf8, part.parts))


def _ascii_field(field: bytes) -> bytes:  # noqa: PLR0911 - one way out per kind of field
    if field.isascii():
        return field
    name = field.partition(b":")[0]
    lower = field_name(field)
    try:
        text = field_value(field).decode()
    except UnicodeDecodeError:
        return field
    if lower in _WHOLE or check_text(text) is not None:
        return field
    if lower in _ADDRESSES:
        mailboxes = read_mailboxes(text)
        if isinstance(mailboxes, AddressError) or any(m.needs_smtputf8 for m in mailboxes):
            return field
        return encode_mailboxes(name, mailboxes)
    if lower in _PARAMETERISED:
        return _parameterised(name, text) or field
    return encode_text(name, text)


def _parameterised(name: bytes, text: str) -> bytes:
    read = read_structured(text)
    if read is None:
        return b""
    pieces: list[bytes] = []
    for key, value in read.parameters.items():
        if check_text(value) is not None or not key.isascii():
            return b""
        pieces += encode_parameter(key.encode("ascii"), value)
    return encode_parameterised(name, read.value.encode("ascii"), pieces)


def seven_bit(part: Part) -> Part | None:
    """Return the part with an ASCII body, or None where the standards forbid to re-encode it."""
    if part.body.isascii():
        return part
    kind = part.kind.value
    if kind == "multipart/signed" or kind.startswith("message/"):
        return None
    if part.parts:
        return _seven_bit_parts(part)
    if kind.startswith("text/"):
        encoding, body = b"quoted-printable", mime.encode_quoted_printable(part.body)
    else:
        encoding, body = b"base64", mime.encode_base64(part.body)
    changed = with_encoding(part, encoding)
    return replace(changed, pieces=(body,))


def _seven_bit_parts(part: Part) -> Part | None:
    pieces: list[Piece] = []
    for piece in part.pieces:
        if isinstance(piece, bytes):
            if not piece.isascii():
                return None
            pieces.append(piece)
        else:
            changed = seven_bit(piece)
            if changed is None:
                return None
            pieces.append(changed)
    relabelled = with_encoding(part, b"7bit") if part.encoding else part
    return replace(relabelled, pieces=tuple(pieces))


def with_encoding(part: Part, encoding: bytes) -> Part:
    """Return the part with another label of its transfer encoding, the body as it is."""
    kept = [field for field in part.fields if field_name(field) != _CTE_NAME]
    fields = (*kept, encode_raw(_CTE, encoding))
    return replace(part, fields=fields, encoding=encoding.decode("ascii"), ends_head=True)
