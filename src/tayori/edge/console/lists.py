"""Lists by the URL: filters, order and page stand in the query, so every view can be bookmarked.

    /console/senders?q=shop&sort=-created&page=2

What a stranger writes into a URL is read leniently: an unknown order is the usual one, a page
beyond bounds is the first. A list whose table may hold millions of rows pages by key instead
(`after`), since a far offset would read all rows before it.
"""

import csv
import io
import itertools
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from tayori.edge.console.keys import read_key

ROWS: Final = 25
MOST_ROWS: Final = 100
MOST_PAGES: Final = 200
LONGEST_FILTER: Final = 200
LONGEST_KEY: Final = 800
"""Characters of a key in the URL; addresses are parts of some."""
ROWS_AT_ONCE: Final = 200
"""Rows of a file that are sent together."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet take a cell for a formula; full-width forms count in some (OWASP)."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What a list was asked for. `filters` has every filter of the list, "" for those not set.

    `after` is the key that this page begins behind, "" for the first page of a list by key.
    """

    path: str
    filters: Mapping[str, str]
    sort: str
    descending: bool
    page: int = 1
    after: str = ""
    rows: int = ROWS
    usual: str = ""
    """The order that the URL need not name, such as "-created"."""

    @property
    def offset(self) -> int:
        """Return how many rows come before the page."""
        return (self.page - 1) * self.rows

    @property
    def limit(self) -> int:
        """Return how many rows to fetch: one more than shown tells whether a next page exists."""
        return self.rows + 1

    @property
    def is_filtered(self) -> bool:
        """Tell whether any filter is set, so that an empty page says so."""
        return any(self.filters.values())

    def __getitem__(self, name: str) -> str:
        return self.filters[name]

    @property
    def order(self) -> str:
        """Return the order as the URL writes it, such as "-created"."""
        return f"{'-' if self.descending else ''}{self.sort}"

    def url(self, **changes: str) -> str:
        """Return the address of the same list with changes; a change of filters begins anew."""
        asked = {name: text for name, text in self.filters.items() if text}
        if self.order != self.usual:
            asked["sort"] = self.order
        asked.update(changes)
        told = {name: text for name, text in asked.items() if text}
        return f"{self.path}?{urlencode(told)}" if told else self.path

    def page_url(self, page: int) -> str:
        """Return the address of another page."""
        return self.url(page=str(page) if page > 1 else "")

    def sort_url(self, name: str) -> str:
        """Return the address that sorts by a column, the other way round when it does already."""
        reverse = self.sort == name and not self.descending
        order = f"-{name}" if reverse else name
        return self.url(sort="" if order == self.usual else order)

    def without(self, name: str) -> str:
        """Return the address without one filter."""
        return replace(self, filters={**self.filters, name: ""}).url()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """A page of rows. `total` is None where counting would cost too much.

    `next_key` is what the following page begins behind, "" at the end or for pages by number.
    """

    rows: Sequence[T]
    query: ListQuery
    has_next: bool
    total: int | None = None
    next_key: str = ""

    @property
    def next_url(self) -> str:
        """Return the address of the following page, "" at the end."""
        if self.next_key:
            return self.query.url(after=self.next_key)
        return self.query.page_url(self.query.page + 1) if self.has_next else ""

    @property
    def previous_url(self) -> str:
        """Return the address of the page before (by key: of the first), "" at the beginning."""
        if self.query.after:
            return self.query.url()
        return self.query.page_url(self.query.page - 1) if self.query.page > 1 else ""

    @property
    def first(self) -> int:
        """Return the number of the first row shown, counted from 1."""
        return self.query.offset + 1

    @property
    def last(self) -> int:
        """Return the number of the last row shown."""
        return self.query.offset + len(self.rows)


def read_list(
    path: str,
    parameters: QueryParams,
    *,
    sorts: Sequence[str],
    filters: Mapping[str, Sequence[str] | None] | None = None,
    usual: str = "",
    rows: int = ROWS,
) -> ListQuery:
    """Return what the URL asks for.

    `sorts` are the columns that can order the list; `usual` is one of them, with "-" for
    descending. `filters` maps each filter to its closed list of values, or None for free text.
    """
    usual = usual or sorts[0]
    order = parameters.get("sort", usual)
    if order.removeprefix("-") not in sorts:
        order = usual
    read = {name: _filter(parameters.get(name, ""), of) for name, of in (filters or {}).items()}
    return ListQuery(
        path=path,
        filters=read,
        sort=order.removeprefix("-"),
        descending=order.startswith("-"),
        page=_page(parameters.get("page", "")),
        after=parameters.get("after", "")[:LONGEST_KEY],
        rows=min(rows, MOST_ROWS),
        usual=usual,
    )


def page_of(
    query: ListQuery, fetched: Sequence[T], total: int | None = None, *, next_key: str = ""
) -> Page[T]:
    """Return the page of rows fetched with `query.limit`; `next_key` for lists by key."""
    has_next = len(fetched) > query.rows and (bool(next_key) or query.page < MOST_PAGES)
    return Page(
        rows=fetched[: query.rows],
        query=query,
        has_next=has_next,
        total=total,
        next_key=next_key if has_next else "",
    )


def page_by_key(query: ListQuery, rows: Sequence[T], key: Sequence[int | str] | None) -> Page[T]:
    """Return a page of a list by key; `key` is what the next page begins behind, None at the end.

    A page that was looked for in a part of the list may be empty and have a next one all the same.
    """
    told = "" if key is None else msgspec.json.encode(list(key)).decode()
    return Page(rows=rows, query=query, has_next=bool(told), next_key=told)


def key_of(query: ListQuery, first: Sequence[int | str]) -> tuple[Any, ...]:
    """Return the key that the URL names, of the same kinds as that of the first page; else that."""
    try:
        found = msgspec.json.decode(query.after or "null", type=list[int | str])
    except (msgspec.MsgspecError, UnicodeError):
        return tuple(first)
    kinds = [type(part) for part in first]
    if [type(part) for part in found] != kinds or not all(map(_is_small, found)):
        return tuple(first)
    return tuple(found)


def _is_small(part: int | str) -> bool:
    """Tell whether a part of a key can be asked of a database."""
    return "\0" not in part if isinstance(part, str) else -(2**63) <= part < 2**63


async def csv_stream(
    heading: Sequence[str], rows: AsyncIterable[Sequence[object]]
) -> AsyncIterator[bytes]:
    """Yield a CSV file as `csv_rows` does, of rows that come from a database bit by bit."""
    for line in csv_rows(heading, ()):
        yield line
    pending: list[Sequence[object]] = []
    async for row in rows:
        pending.append(row)
        if len(pending) == ROWS_AT_ONCE:
            yield _lines(pending)
            pending = []
    yield _lines(pending)


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    return b"".join(_line(row) for row in rows)


def _line(row: Sequence[object]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_cell(value) for value in row])
    return buffer.getvalue().encode("utf-8", "replace")


def csv_rows(heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[bytes]:
    """Yield a CSV file (RFC 4180, UTF-8 with a mark that spreadsheets look for), row by row.

    A cell that a spreadsheet would run as a formula gets an apostrophe before it; numbers that are
    numbers stay numbers. It is the one place where the console writes CSV.
    """
    yield b"\xef\xbb\xbf"
    for row in itertools.chain([heading], rows):
        yield _line(row)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _filter(text: str, allowed: Sequence[str] | None) -> str:
    text = text.strip()[:LONGEST_FILTER].replace("\0", "")
    return text if allowed is None or text in allowed else ""


def _page(text: str) -> int:
    number = read_key(text)
    return number if number is not None and 1 <= number <= MOST_PAGES else 1
