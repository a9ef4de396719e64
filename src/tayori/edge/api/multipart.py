"""multipart/form-data (RFC 7578), as the SDKs send it when they are made to.

A part is a text, or a value where its Content-Type says that it is JSON. What cannot be read gives
`InvalidRequest` with what is wrong, never an exception.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, quote, say

MAX_BOUNDARY: Final = 70
"""RFC 2046 5.1.1."""
MAX_PARTS: Final = 200
_SHOWN: Final = 100
_JSON: Final = b"application/json"


class _TooManyPartsError(ValueError):
    """The form has more parts than any action has parameters."""


def read_multipart(content_type: bytes, body: bytes) -> dict[str, Any] | Refusal:
    """Return the values of a form by name."""
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not 0 < len(boundary) <= MAX_BOUNDARY:
        return _bad_form(say("The Content-Type has no usable boundary."))
    if not body:
        # An SDK that has no parameters to send writes no part and no boundary.
        return {}
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.write(body)
        parser.finalize()
    except _TooManyPartsError:
        return _bad_form(say("It has more than {most} parts.", most=MAX_PARTS))
    except FormParserError as error:
        return _bad_form(quote(str(error)[:_SHOWN]))
    return form.values() if form.complete else _bad_form(say("It ends before its last boundary."))


class _Form:
    """Collects the parts while the parser runs."""

    def __init__(self) -> None:
        self.complete = False
        self._parts: list[tuple[dict[bytes, bytes], list[bytes]]] = []
        self._header: tuple[list[bytes], list[bytes]] = ([], [])

    def callbacks(self) -> Any:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_begin": self._begin_header,
            "on_header_field": self._collect(0),
            "on_header_value": self._collect(1),
            "on_header_end": self._end_header,
            "on_part_data": self._data,
            "on_end": self._end,
        }

    def values(self) -> dict[str, Any] | Refusal:
        """Return the values by name."""
        found: dict[str, Any] = {}
        for headers, pieces in self._parts:
            disposition = headers.get(b"content-disposition", b"")
            kind, options = parse_options_header(disposition)
            raw_name = options.get(b"name", b"")
            if kind != b"form-data" or not raw_name:
                return _bad_form(say("A part has no Content-Disposition with a name."))
            name = raw_name.decode(errors="replace")[:_SHOWN]
            if name in found:
                return refuse(Code.INVALID_PARAMETER, say("It is given twice."), parameter=name)
            value = _value(headers.get(b"content-type", b""), b"".join(pieces), name)
            if isinstance(value, Refusal):
                return value
            found[name] = value
        return found

    def _begin(self) -> None:
        if len(self._parts) >= MAX_PARTS:
            raise _TooManyPartsError
        self._parts.append(({}, []))

    def _begin_header(self) -> None:
        self._header = ([], [])

    def _collect(self, side: int) -> Callable[[bytes, int, int], None]:
        def collect(data: bytes, start: int, end: int) -> None:
            self._header[side].append(data[start:end])

        return collect

    def _end_header(self) -> None:
        name, value = (b"".join(pieces) for pieces in self._header)
        self._parts[-1][0][name.lower()] = value

    def _data(self, data: bytes, start: int, end: int) -> None:
        self._parts[-1][1].append(data[start:end])

    def _end(self) -> None:
        self.complete = True


def _value(content_type: bytes, content: bytes, name: str) -> Any | Refusal:
    try:
        if content_type.lower().partition(b";")[0].strip() == _JSON:
            return msgspec.json.decode(content)
        return content.decode()
    except UnicodeDecodeError:
        return refuse(Code.INVALID_PARAMETER, say("Its value is not UTF-8."), parameter=name)
    except msgspec.DecodeError as error:
        return refuse(Code.INVALID_PARAMETER, say("{error}.", error=error), parameter=name)
    except RecursionError:
        return refuse(Code.INVALID_PARAMETER, say("It is nested too deeply."), parameter=name)


def _bad_form(saying: Saying) -> Refusal:
    return refuse(Code.INVALID_REQUEST, saying)
