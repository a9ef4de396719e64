"""The members of a tar archive, read without the standard library's reader (pure).

That one follows sizes and links of strangers wherever they lead, and has been driven into endless
loops. Here each step goes forward by what stands in the header, and an archive that ends early or
makes no sense ends the list.
"""

from collections.abc import Callable, Iterator
from typing import Final

_BLOCK: Final = 512
_NAME: Final = slice(0, 100)
_SIZE: Final = slice(124, 136)
_SUM: Final = slice(148, 156)
_TYPE: Final = slice(156, 157)
_PREFIX: Final = slice(345, 500)
_USTAR: Final = slice(257, 262)
_LONG_NAME: Final = b"L"
_EXTENDED: Final = (b"x", b"g", b"X", b"K")
_LONGEST_NAME: Final = 4_096


def tar_members(content: bytes, each: Callable[[], None]) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file; directories and links have no content.

    `each` is called for every header, so that whoever calls can end what has too many.
    """
    place, long_name = 0, ""
    while place + _BLOCK <= len(content):
        header = content[place : place + _BLOCK]
        size = _number(header[_SIZE])
        if not is_header(header) or size < 0:
            return
        each()
        start = place + _BLOCK
        body = content[start : start + size]
        kind = header[_TYPE]
        if kind == _LONG_NAME:
            long_name = _text(body[:_LONGEST_NAME])
        elif kind in _EXTENDED:
            long_name = _path(body) or long_name
        else:
            yield long_name or _name(header), body
            long_name = ""
        place = start + -(-size // _BLOCK) * _BLOCK


def is_header(block: bytes) -> bool:
    """Tell whether a block of 512 octets is a header, by its sum."""
    if len(block) < _BLOCK or not block.strip(b"\0"):
        return False
    told = _number(block[_SUM])
    return told == sum(block) - sum(block[_SUM]) + 8 * ord(" ")


def _number(field: bytes) -> int:
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ")
    try:
        return int(digits or b"0", 8)
    except ValueError:
        return -1


def _name(header: bytes) -> str:
    name = _text(header[_NAME])
    prefix = _text(header[_PREFIX]) if header[_USTAR] == b"ustar" else ""
    return f"{prefix}/{name}" if prefix else name


def _path(records: bytes) -> str:
    """Return the name of an extended header (POSIX.1-2001): records of `length key=value`."""
    for record in records[: 4 * _LONGEST_NAME].split(b"\n"):
        key, found, value = record.partition(b" ")[2].partition(b"=")
        if found and key == b"path":
            return _text(value[:_LONGEST_NAME])
    return ""


def _text(octets: bytes) -> str:
    return octets.partition(b"\0")[0].decode("utf-8", "replace")
