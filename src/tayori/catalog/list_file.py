"""Files with receivers as strangers make them: their encoding, their columns, their rows (pure).

    found = Recogniser(); found.feed(octets) ...; found.encoding
    look(head, encoding) -> Preview          the first rows, and what the columns seem to be
    records(content, mapping) -> (line, cells) for every row, whatever is wrong with it

Nothing here fails on bad input: octets that are no text become replacement characters, and a row
that is none is told with its line.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from tayori.catalog.variables import MAX_NAME

LARGEST_FILE: Final = 20_000_000
"""Octets; fifty thousand receivers with their data have a tenth of it."""
HEAD: Final = 256 * 1024
"""Octets of the beginning by which columns are recognised."""
PREVIEW_ROWS: Final = 8
MOST_COLUMNS: Final = 50
LONGEST_CELL: Final = 10_000
_SAMPLE: Final = 4_000
"""Characters beyond ASCII by which an encoding is told."""
_DELIMITERS: Final = (",", "\t", ";", "|")
_NAME: Final = re.compile(r"[^\W\d][\w.-]*\Z")
_ADDRESS_HEADINGS: Final = re.compile(
    r"(e-?mail|mail|address|电子邮件|邮箱|邮件|电邮|メール|アドレス)", re.IGNORECASE
)


class Encoding(StrEnum):
    """How octets become text, by the names that Python has for them."""

    UTF_8 = "utf-8-sig"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"
    SHIFT_JIS = "cp932"
    GBK = "gb18030"
    EUC_JP = "euc_jp"


_MARKS: Final = {
    codecs.BOM_UTF16_LE: Encoding.UTF_16_LE,
    codecs.BOM_UTF16_BE: Encoding.UTF_16_BE,
}


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """What a file's columns are. `variables` are pairs of a column and the variable it fills."""

    encoding: Encoding
    delimiter: str
    heading: bool
    """The first row names the columns."""
    address: int
    variables: tuple[tuple[int, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the variables in the order in which lists keep them."""
        return tuple(sorted(name for _, name in self.variables))


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The first rows of a file, all equally long, and what it was recognised as."""

    mapping: Mapping
    headings: tuple[str, ...]
    """By column; made up where the file names none."""
    rows: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> int:
        """Return how many columns there are."""
        return len(self.headings)


class Recogniser:
    """Tells the encoding of a file that comes in pieces."""

    def __init__(self) -> None:
        self._head = b""
        self._size = 0
        self._decoders = {
            each: codecs.getincrementaldecoder(each.value)()
            for each in (Encoding.UTF_8, Encoding.SHIFT_JIS, Encoding.GBK)
        }
        self._beyond: dict[Encoding, str] = dict.fromkeys(self._decoders, "")

    def feed(self, octets: bytes) -> None:
        """Take the next piece."""
        if len(self._head) < HEAD:
            self._head += octets[: HEAD - len(self._head)]
        self._size += len(octets)
        for encoding, decoder in list(self._decoders.items()):
            try:
                text = decoder.decode(octets)
            except UnicodeDecodeError:
                del self._decoders[encoding]
                continue
            if len(self._beyond[encoding]) < _SAMPLE:
                self._beyond[encoding] += "".join(c for c in text if not c.isascii())[:_SAMPLE]

    @property
    def size(self) -> int:
        """Return how many octets came."""
        return self._size

    @property
    def encoding(self) -> Encoding:
        """Return what the octets so far are most likely to be."""
        marked = _by_mark(self._head)
        if marked is not None:
            return marked
        if Encoding.UTF_8 in self._decoders or not self._decoders:
            return Encoding.UTF_8
        return max(self._decoders, key=lambda one: _plausible(self._beyond[one], one))


def _by_mark(head: bytes) -> Encoding | None:
    """Return what a byte order mark, or every second octet being zero, tells."""
    if head.startswith(codecs.BOM_UTF8):
        return Encoding.UTF_8
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    sample = head[:1024]
    if len(sample) >= 4:  # noqa: PLR2004 - two characters, so that there is something to see
        half = len(sample) // 4
        if sample[1::2].count(0) > half and not sample[::2].count(0):
            return Encoding.UTF_16_LE
        if sample[::2].count(0) > half and not sample[1::2].count(0):
            return Encoding.UTF_16_BE
    return None


def _plausible(text: str, encoding: Encoding) -> float:
    """Return how much a text looks like what people write, per character.

    Octets that are read by the wrong encoding become rare characters and half-width kana.
    """
    if not text:
        return 0.0
    points = 0.0
    common = "shift_jis" if encoding is Encoding.SHIFT_JIS else "gb2312"
    first, last = (0x88, 0x97) if encoding is Encoding.SHIFT_JIS else (0xB0, 0xD7)
    for char in text:
        if "\u3041" <= char <= "\u30fe" or "\u3000" <= char <= "\u3002":
            points += 1.0
        elif "\uff61" <= char <= "\uff9f":
            points -= 1.0
        elif "\u4e00" <= char <= "\u9fff":
            octets = char.encode(common, "ignore")
            points += 1.0 if octets and first <= octets[0] <= last else -0.5
        else:
            points -= 0.25
    return points / len(text)


def look(head: bytes, encoding: Encoding, delimiter: str = "") -> Preview:
    """Return the first rows of a file that begins with `head`; a cut last row is left out."""
    text = codecs.getincrementaldecoder(encoding.value)("replace").decode(head)
    text = text.removeprefix("\ufeff")
    lines = list(io.StringIO(text, newline=""))
    if len(head) >= HEAD and len(lines) > 1:
        lines = lines[:-1]
    delimiter = delimiter or _delimiter(lines)
    rows = [row for _, row in _rows(lines, delimiter) if row and any(row)][: PREVIEW_ROWS + 1]
    width = min(max((len(row) for row in rows), default=1), MOST_COLUMNS)
    even = [tuple(row[:width]) + ("",) * (width - len(row)) for row in rows]
    heading = bool(even) and not any("@" in cell for cell in even[0])
    names = even[0] if heading else ("",) * width
    data = even[1:] if heading else even
    address = _address_column(names, data)
    mapping = Mapping(
        encoding=encoding,
        delimiter=delimiter,
        heading=heading,
        address=address,
        variables=_suggested(names, address) if heading else (),
    )
    return Preview(mapping=mapping, headings=names, rows=tuple(data[:PREVIEW_ROWS]))


def records(content: bytes, mapping: Mapping) -> Iterator[tuple[int, int, list[str] | None]]:
    """Yield (line, octets read so far, cells) of every row behind the heading.

    The cells are None where a row cannot be read, such as one with a cell of a megabyte. Empty
    lines are passed over.
    """
    octets = io.BytesIO(content)
    if _by_mark(content[:2]) is mapping.encoding:
        octets.seek(2)  # Past the mark, which is no part of the first cell.
    lines = io.TextIOWrapper(octets, mapping.encoding.value, errors="replace", newline="")
    first = mapping.heading
    for line, row in _rows(lines, mapping.delimiter):
        if row is not None and not any(row):
            continue
        if first:
            first = False
            continue
        yield line, octets.tell(), row


def is_name(text: str) -> bool:
    """Tell whether a text can name a template variable."""
    return len(text) <= MAX_NAME and _NAME.match(text) is not None


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        begins = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield begins, None
            continue
        yield begins, [cell.strip() for cell in row]


def _delimiter(lines: Sequence[str]) -> str:
    """Return what divides the most rows into the same number of cells, more than one."""
    best, most = _DELIMITERS[0], 0.0
    for each in _DELIMITERS:
        widths = [len(row) for _, row in _rows(lines[:20], each) if row]
        widest = max(widths, default=1)
        alike = sum(1 for width in widths if width == widest > 1)
        points = alike + widest / 1000
        if widest > 1 and points > most:
            best, most = each, points
    return best


def _address_column(names: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    def points(column: int) -> tuple[int, bool]:
        found = sum("@" in row[column] for row in rows)
        return found, _ADDRESS_HEADINGS.search(names[column]) is not None

    return max(range(len(names)), key=points)


def _suggested(names: Sequence[str], address: int) -> tuple[tuple[int, str], ...]:
    """Return the columns whose headings can name variables, each name once."""
    found: dict[str, int] = {}
    for column, name in enumerate(names):
        if column != address and is_name(name):
            found.setdefault(name, column)
    return tuple((column, name) for name, column in found.items())
