"""Tracks the HTML of a mail that came as a whole, and adds the footer to it.

Only the parts that a reader sees as the mail's text are touched, and of those only the places of
links and the end. What the customer signed or encrypted stays as it is, so does an attachment, a
part whose charset does not give the same octets again, and everything between the parts.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from tayori.catalog.variables import MissingVariable, VariableText
from tayori.compose.content import Content
from tayori.compose.links import Linker, linked, marks
from tayori.compose.model import RecipeLinks
from tayori.mail import mime
from tayori.mail.downgrade import with_encoding
from tayori.mail.entity import Part, Piece
from tayori.mail.header import encode_parameter, encode_parameterised
from tayori.mail.message import field_name

CLOSED: Final = frozenset({"multipart/signed", "multipart/encrypted", "multipart/report"})
"""Multiparts in which nothing may be changed (RFC 1847 2, RFC 6522)."""
_PGP: Final = b"-----BEGIN PGP "
_ASCII: Final = frozenset({"", "us-ascii", "ascii"})
_NO_CHARSETS: Final = frozenset(
    {"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape"}
)
"""Codecs of Python that are no charset of any mail."""
_NOTHING: Final = VariableText(("",), ())


@dataclass(frozen=True, slots=True)
class Rewriter:
    """Rewrites the mail of one recipient."""

    linker: Linker
    recipient_id: int

    def rewrite(self, mail: Part) -> Part:
        """Return the mail with its links, pixel and footer."""
        html = [part for part in _shown(mail) if part.kind.value == "text/html"]
        plain = [part for part in _shown(mail) if part.kind.value == "text/plain"]
        last = {id(parts[-1]) for parts in (html, plain) if parts}
        chosen = {id(part) for part in html} | (last if self.linker.links.language else set())
        return self._walk(mail, chosen, last) if chosen else mail

    def _walk(self, part: Part, chosen: set[int], last: set[int]) -> Part:
        if id(part) in chosen:
            return self._changed(part, ends=id(part) in last)
        if not part.parts or part.kind.value in CLOSED:
            return part
        pieces: list[Piece] = [
            self._walk(piece, chosen, last) if isinstance(piece, Part) else piece
            for piece in part.pieces
        ]
        return replace(part, pieces=tuple(pieces))

    def _changed(self, part: Part, *, ends: bool) -> Part:
        content = part.content
        charset = _charset(part, content)
        text = _decoded(content, charset)
        if text is None or _PGP in content:
            return part
        given = VariableText((text,), ())
        is_html = part.kind.value == "text/html"
        made = Content(given, _NOTHING) if is_html else Content(_NOTHING, given)
        linker = self.linker if ends else _clicks_only(self.linker)
        prepared = linked(made, linker)
        filled = prepared.fill(marks(prepared, linker, self.recipient_id, {}))
        if isinstance(filled, MissingVariable):
            raise TypeError("A mail as it came has no variables.")
        changed = filled.html if is_html else filled.text
        if "\n" not in text.replace("\r\n", ""):
            # What was added ends its lines as the mail does.
            changed = changed.replace("\r\n", "\n").replace("\n", "\r\n")
        return part if changed == text else _with_text(part, changed, charset)


def _shown(part: Part) -> Iterator[Part]:
    """Return the parts that a reader sees as the text of the mail."""
    if part.parts:
        if part.kind.value not in CLOSED:
            for inner in part.parts:
                yield from _shown(inner)
    elif not part.file_name and (part.disposition is None or part.disposition.value == "inline"):
        yield part


def _charset(part: Part, content: bytes) -> str:
    named = part.kind.parameters.get("charset", "").strip().lower()
    if named in _ASCII:
        # What goes beyond its own label is UTF-8 nowadays.
        return "ascii" if content.isascii() else "utf-8"
    return named


def _decoded(content: bytes, charset: str) -> str | None:
    try:
        if codecs.lookup(charset).name in _NO_CHARSETS:
            return None
        text = content.decode(charset)
        return text if text.encode(charset) == content else None
    except (UnicodeError, LookupError, ValueError):
        return None


def _clicks_only(linker: Linker) -> Linker:
    return replace(linker, links=RecipeLinks(linker.links.base, clicks=linker.links.clicks))


def _with_text(part: Part, text: str, charset: str) -> Part:
    """Return the part with another text, in its charset where that has all the characters."""
    is_html = part.kind.value == "text/html"
    try:
        content = text.encode(charset, "xmlcharrefreplace" if is_html else "strict")
    except UnicodeError:
        part, content = _in_utf8(part), text.encode()
    return _encoded(part, content)


def _in_utf8(part: Part) -> Part:
    """Return the part with utf-8 in the place of its charset, its other parameters as they are."""
    parameters = {**part.kind.parameters, "charset": "utf-8"}
    pieces = [
        piece
        for name, value in parameters.items()
        for piece in encode_parameter(name.encode("ascii", "replace"), value)
    ]
    kind = encode_parameterised(b"Content-Type", part.kind.value.encode("ascii"), pieces)
    kept = [field for field in part.fields if field_name(field) != b"content-type"]
    return replace(
        part, fields=(*kept, kind), kind=replace(part.kind, parameters=parameters), ends_head=True
    )


def _encoded(part: Part, content: bytes) -> Part:
    """Return the part with this content under its own transfer encoding, else under another."""
    rest = content.replace(b"\r\n", b"")
    if part.encoding == "base64" or b"\n" in rest or b"\r" in rest:
        changed = part if part.encoding == "base64" else with_encoding(part, b"base64")
        return replace(changed, pieces=(mime.encode_base64(content),))
    fits = max(map(len, content.split(b"\r\n"))) <= mime.MAX_LINE
    may_stay = content.isascii() or part.encoding == "8bit" or not part.body.isascii()
    if part.encoding != "quoted-printable" and fits and may_stay:
        return replace(part, pieces=(content,))
    if part.encoding != "quoted-printable":
        part = with_encoding(part, b"quoted-printable")
    return replace(part, pieces=(mime.encode_quoted_printable(content),))
