"""Text parts whose constant pieces are encoded once, so that a recipient costs only the values.

Prepared is what most mails are: constants that need no base64, and values that need no more than
their constants. A recipient whose values do gets the part as if nothing had been prepared.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from tayori.catalog.variables import MissingVariable, VariableText
from tayori.mail import mime
from tayori.mail.mime import Encoding, Entity

_SOFT: Final = b"=\r\n"
"""A soft line break of quoted-printable."""


class PreparedText:
    """A text part of one content, for receivers that take 8-bit mail or for all others."""

    def __init__(self, text: VariableText, subtype: bytes, *, eight_bit: bool) -> None:
        self._text = text
        self._subtype = subtype
        self._eight_bit = eight_bit
        self._escapes = subtype == b"html"
        self._form = _form(text, eight_bit=eight_bit) if text.names else None
        constant = text.constants[0] if not text.names else ""
        self._whole = mime.text_part(constant, subtype, eight_bit=eight_bit) if constant else None

    def fill(self, values: Mapping[str, str]) -> Entity | MissingVariable | None:
        """Return the part for a recipient's values; None when there is no text in it."""
        if not self._text.names:
            return self._whole
        if self._form is not None:
            written = self._written(values)
            if isinstance(written, MissingVariable):
                return written
            body = self._form.body(written)
            if body is not None:
                return mime.entity_of_text(self._form.encoding, body, self._subtype)
        filled = self._text.fill(values, escape=self._escapes)
        if isinstance(filled, MissingVariable):
            return filled
        return mime.text_part(filled, self._subtype, eight_bit=self._eight_bit) if filled else None

    def _written(self, values: Mapping[str, str]) -> list[bytes] | MissingVariable:
        written: dict[str, bytes] = {}
        for name in self._text.names:
            if name not in written:
                value = values.get(name)
                if value is None:
                    return MissingVariable(name)
                written[name] = (html.escape(value) if self._escapes else value).encode()
        return [written[name] for name in self._text.names]


class _Form(Protocol):
    """An encoding with the constants in it."""

    @property
    def encoding(self) -> Encoding:
        """Return the content-transfer-encoding."""
        ...

    def body(self, values: Sequence[bytes]) -> bytes | None:
        """Return the body with values in their places; None when they do not fit this form."""
        ...


def _form(text: VariableText, *, eight_bit: bool) -> _Form | None:
    """Return the form of a text with variables; None when it cannot be prepared."""
    constants = [mime.normalise_newlines(constant.encode()) for constant in text.constants]
    # Where a piece ends within a line break, or the last is the value's, its neighbour decides.
    if not constants[-1] or any(constant.endswith("\r") for constant in text.constants):
        return None
    if not constants[-1].endswith(b"\r\n"):
        constants[-1] += b"\r\n"
    encoding = mime.encoding_of(b"".join(constants), eight_bit=eight_bit)
    if encoding in {Encoding.SEVEN_BIT, Encoding.EIGHT_BIT}:
        return _Plain(constants, encoding)
    if encoding is Encoding.QUOTED_PRINTABLE:
        return _Quoted.of(constants)
    return None


class _Plain:
    """Lines that travel as they are."""

    def __init__(self, constants: Sequence[bytes], encoding: Encoding) -> None:
        self.encoding = encoding
        self._eight_bit = encoding is Encoding.EIGHT_BIT
        self._pieces = _with_room(constants)
        lines = b"".join(constants).split(b"\r\n")
        self._room = mime.MAX_LINE - max(map(len, lines))

    def body(self, values: Sequence[bytes]) -> bytes | None:
        together = b"".join(values)
        # All values may stand in one line, the longest.
        if len(together) > self._room:
            return None
        if not mime.is_one_printed_line(together, eight_bit=self._eight_bit):
            return None
        body = _filled(self._pieces, values)
        return body if mime.begins_no_line_with_from(body) else None


class _Quoted:
    """Quoted-printable in which each value has lines of its own."""

    encoding = Encoding.QUOTED_PRINTABLE

    def __init__(self, constants: Sequence[bytes], size: int) -> None:
        self._pieces = _with_room(constants)
        self._size = size

    @classmethod
    def of(cls, constants: Sequence[bytes]) -> "_Quoted | None":
        """Return the form; None when octets of the constants are no printable ASCII."""
        quoted = [mime.quoted_piece(constant) for constant in constants]
        pieces = [_joint(piece) for piece in quoted if piece is not None]
        if len(pieces) < len(quoted):
            return None
        return cls(pieces, sum(map(len, constants)))

    def body(self, values: Sequence[bytes]) -> bytes | None:
        quoted: dict[bytes, bytes] = {}
        for value in values:
            if value not in quoted:
                piece = mime.quoted_piece(value)
                # Base64 would be shorter for text that is mostly "=".
                if piece is None or 6 * value.count(b"=") > len(value) + self._size:
                    return None
                quoted[value] = _joint(piece)
        return mime.without_from_lines(_filled(self._pieces, [quoted[one] for one in values]))


def _joint(piece: bytes) -> bytes:
    """Return a piece with a soft line break behind it, unless it ends a line or holds nothing."""
    return piece if not piece or piece.endswith(b"\r\n") else piece + _SOFT


def _with_room(constants: Sequence[bytes]) -> list[bytes]:
    """Return the constants with a place for a value between each two."""
    pieces = [b""] * (2 * len(constants) - 1)
    pieces[0::2] = constants
    return pieces


def _filled(pieces: Sequence[bytes], values: Sequence[bytes]) -> bytes:
    """Return pieces and values as one; `pieces` come from `_with_room`."""
    filled = list(pieces)
    filled[1::2] = values
    return b"".join(filled)
