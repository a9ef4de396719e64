"""Header fields written as octets (RFC 5322, 2047, 2231, 6532).

Every writer returns one whole field, `Name: value` with its final CRLF, folded to 76 octets where
the text has a place to fold and never beyond 998. `utf8=True` gives the internationalised form
(RFC 6532), which only a receiver with SMTPUTF8 may get. Values that `check_header` refuses must
not be written; the writers don't look again.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from tayori.mail.address import Mailbox
from tayori.mail.encoded_word import MAX_WORD, MIN_ROOM, encode_words
from tayori.refusal.saying import Saying, say

PREFERRED_LINE: Final = 76
"""RFC 5322 recommends 78, RFC 2047 allows 76 where an encoded word stands: one bound for both."""
MAX_NAME: Final = 76

_FIELD_NAME: Final = re.compile(r"[!-9;-~]+\Z")
_BAD_VALUE: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_BREAKS: Final = "\r\n\u0085\u2028\u2029"
_UNFOLDABLE: Final = re.compile(rb"[^ \t]{900,}")
_SPACED_WORD: Final = re.compile(rb"[ \t]*[^ \t]+")
_ATOMS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*\Z"
)
_PARAMETER_VALUE: Final = 60
"""Octets of a parameter's value on one line before RFC 2231 continuations begin."""
_WEEKDAYS: Final = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS: Final = tuple(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_DAY_S: Final = 86_400
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()


class HeaderError(StrEnum):
    """Why a header field must not be written."""

    NAME = "name"
    LINE_BREAK = "line_break"
    CONTROL = "control"

    @property
    def sentence(self) -> str:
        """Return the sentence in English."""
        return self.saying.english

    @property
    def saying(self) -> Saying:
        """Return one sentence that tells the writer what is wrong."""
        return _SENTENCES[self]


_SENTENCES: Final[dict[HeaderError, Saying]] = {
    HeaderError.NAME: say("A header name is 1 to 76 printable ASCII characters without a colon."),
    HeaderError.LINE_BREAK: say("A header value must not contain line breaks."),
    HeaderError.CONTROL: say("A header value must not contain control characters."),
}


def check_header(name: str, value: str) -> HeaderError | None:
    """Tell what forbids this field; None when it may be written (RFC 5322 2.2, 3.6.8)."""
    if len(name) > MAX_NAME or not _FIELD_NAME.match(name):
        return HeaderError.NAME
    return check_text(value)


def check_text(value: str) -> HeaderError | None:
    """Tell what forbids this text in a header value; tabs are allowed, other controls are not."""
    found = _BAD_VALUE.search(value)
    if found is None:
        return None
    return HeaderError.LINE_BREAK if found[0] in _BREAKS else HeaderError.CONTROL


def encode_raw(name: bytes, value: bytes) -> bytes:
    """Return the field as given: for values that are short, ASCII and must not be folded."""
    return b"%b: %b\r\n" % (name, value)


def encode_text(name: bytes, text: str, *, utf8: bool = False) -> bytes:
    """Return an unstructured field such as Subject (RFC 5322 3.6.5)."""
    plain = utf8 or text.isascii()
    value = text.encode()
    if plain and "=?" not in text and text == text.strip(" \t"):
        if len(name) + 2 + len(value) <= PREFERRED_LINE:
            return b"%b: %b\r\n" % (name, value)
        if not _UNFOLDABLE.search(value):
            return _fold(name, _SPACED_WORD.findall(value), behind_name=False)
    return _fold(name, _words(text, PREFERRED_LINE - len(name) - 2))


def encode_tokens(name: bytes, tokens: Iterable[bytes]) -> bytes:
    """Return a field of tokens that must stay whole, such as References or List-Unsubscribe."""
    return _fold(name, [b" " + token if place else token for place, token in enumerate(tokens)])


def encode_mailboxes(name: bytes, mailboxes: Sequence[Mailbox], *, utf8: bool = False) -> bytes:
    """Return an address field: From, To, Cc, Reply-To and the like (RFC 5322 3.6.2, 3.6.3)."""
    tokens: list[bytes] = []
    last = len(mailboxes) - 1
    for place, mailbox in enumerate(mailboxes):
        room = PREFERRED_LINE - len(name) - 2 if place == 0 else MAX_WORD
        parts = _mailbox_tokens(mailbox, utf8=utf8, room=room)
        if place:
            parts[0] = b" " + parts[0]
        if place != last:
            parts[-1] += b","
        tokens += parts
    return _fold(name, tokens)


def format_mailbox(mailbox: Mailbox, *, utf8: bool = False) -> bytes:
    """Return one mailbox on one line, as the value of a header."""
    return b"".join(_mailbox_tokens(mailbox, utf8=utf8, room=MAX_WORD))


def _mailbox_tokens(mailbox: Mailbox, *, utf8: bool, room: int) -> list[bytes]:
    addr = mailbox.address.addr.encode()
    name = mailbox.display_name
    if not name:
        # Without a name the short form is what every reader understands.
        return [addr]
    return [*_phrase_tokens(name, utf8=utf8, room=room), b" <%b>" % addr]


def _phrase_tokens(name: str, *, utf8: bool, room: int) -> list[bytes]:
    if "=?" in name or not (utf8 or name.isascii()) or name != name.strip(" \t"):
        return _words(name, room)
    if not _ATOMS.match(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return _SPACED_WORD.findall(name.encode())


def _words(text: str, room: int) -> list[bytes]:
    """Return encoded words as tokens; a first room that is too small is left to the fold."""
    words = encode_words(text, first_room=room if room >= MIN_ROOM else MAX_WORD)
    return [words[0], *(b" " + word for word in words[1:])] if words else []


def _fold(name: bytes, tokens: Sequence[bytes], *, behind_name: bool = True) -> bytes:
    """Join tokens, each beginning with its own white space, breaking before one that overflows.

    `behind_name` allows a break right behind the name; some readers of unstructured fields would
    take its space for text.
    """
    lines: list[bytes] = []
    line = name + b":"
    for place, token in enumerate(tokens):
        piece = token if place else b" " + token
        # A first token that fits on no line gains nothing from a break behind the name.
        folds = place or (behind_name and len(piece) <= PREFERRED_LINE)
        if folds and len(line) + len(piece) > PREFERRED_LINE and piece[:1] in b" \t":
            lines.append(line)
            line = piece
        else:
            line += piece
    return b"\r\n".join([*lines, line if tokens else line + b" ", b""])


def encode_parameter(name: bytes, value: str) -> list[bytes]:
    """Return a MIME parameter (RFC 2045 5.1), in the extended form of RFC 2231 where needed.

    The result is a list of `name=value` pieces for one field. A value that is not ASCII, or long,
    comes first in the extended form and last as a plain ASCII likeness for old readers; readers of
    RFC 2231 take the extended one.
    """
    if value.isascii() and len(value) <= _PARAMETER_VALUE:
        return [b"%b=%b" % (name, _quoted(value))]
    return [*_extended(name, value), b"%b=%b" % (name, _quoted(ascii_likeness(value)))]


def encode_parameterised(name: bytes, value: bytes, parameters: Iterable[bytes]) -> bytes:
    """Return a field such as Content-Type from its value and ready parameter pieces."""
    pieces = [value, *parameters]
    last = len(pieces) - 1
    return encode_tokens(
        name, [piece + b";" if place < last else piece for place, piece in enumerate(pieces)]
    )


def ascii_likeness(value: str) -> str:
    """Return a short ASCII name that keeps the extension: other characters become "_"."""
    plain = "".join(char if " " <= char <= "~" else "_" for char in value)
    if len(plain) <= _PARAMETER_VALUE:
        return plain
    stem, dot, extension = plain.rpartition(".")
    if not dot or len(extension) > 10:  # noqa: PLR2004 - longer is no file extension
        return plain[:_PARAMETER_VALUE]
    return stem[: _PARAMETER_VALUE - len(extension) - 1] + dot + extension


def _quoted(value: str) -> bytes:
    return b'"%b"' % value.replace("\\", "\\\\").replace('"', '\\"').encode("ascii")


def _extended(name: bytes, value: str) -> list[bytes]:
    encoded = quote(value, safe="!#$&+^`{}|~").encode()
    if len(encoded) <= _PARAMETER_VALUE:
        return [b"%b*=UTF-8''%b" % (name, encoded)]
    pieces: list[bytes] = []
    position = 0
    while position < len(encoded):
        end = min(position + _PARAMETER_VALUE, len(encoded))
        # Each section holds whole characters, since some readers decode them one by one.
        while end < len(encoded) and not _begins_character(encoded, end):
            end -= 1
        charset = b"" if pieces else b"UTF-8''"
        pieces.append(b"%b*%d*=%b%b" % (name, len(pieces), charset, encoded[position:end]))
        position = end
    return pieces


def _begins_character(encoded: bytes, place: int) -> bool:
    """Tell whether a character begins here in percent-encoded UTF-8."""
    if encoded[place] != ord("%"):
        return ord("%") not in (encoded[place - 1], encoded[place - 2])
    return int(encoded[place + 1 : place + 3], 16) & 0xC0 != 0x80  # noqa: PLR2004 - continuation


def format_date(at: int) -> bytes:
    """Return a time in milliseconds as a date-time in UTC (RFC 5322 3.3)."""
    return _date_of_second(at // 1000)


@lru_cache(maxsize=64)
def _date_of_second(second: int) -> bytes:
    """Return the date-time; the mails of a second share it."""
    days, seconds = divmod(second, _DAY_S)
    day = date.fromordinal(days + _EPOCH_ORDINAL)
    return b"%b, %02d %b %04d %02d:%02d:%02d +0000" % (
        _WEEKDAYS[day.weekday()],
        day.day,
        _MONTHS[day.month - 1],
        day.year,
        seconds // 3600,
        seconds // 60 % 60,
        seconds % 60,
    )
