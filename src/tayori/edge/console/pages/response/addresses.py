"""Addresses that somebody typed or that come as a CSV file, to be put on a list."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from tayori.catalog.file_rows import Bad, Fault, read_row
from tayori.catalog.list_file import HEAD, Encoding, Mapping, Recogniser, look, records
from tayori.catalog.receivers import MOST_AT_ONCE
from tayori.edge.console.visit import Visit
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse

SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What was found: addresses in lower case, each once, and rows that hold none."""

    addresses: list[str]
    bad: list[Bad]


async def given(visit: Visit) -> Read | Refusal:
    """Return the addresses of the text field `addresses` and of the file `file` together."""
    typed = _typed(visit.posted.get("addresses"))
    chosen = visit.posted.file("file")
    rows = [
        *_read(typed, Mapping(encoding=Encoding.UTF_8, delimiter=",", heading=False, address=0))
    ]
    if chosen is not None:
        content = await chosen.read()
        recogniser = Recogniser()
        recogniser.feed(content)
        mapping = look(content[:HEAD], recogniser.encoding).mapping
        rows += _read(content, msgspec.structs.replace(mapping, variables=()))
    if not rows:
        return refuse(Code.MISSING_PARAMETER__EMAILS_NECESSARY)
    if len(rows) > MOST_AT_ONCE:
        return refuse(Code.LIMIT_EXCEEDED__RECEIVER_DETAIL_REQUEST_LIMIT, limit=MOST_AT_ONCE)
    good = dict.fromkeys(row for row in rows if isinstance(row, str))
    bad = [row for row in rows if isinstance(row, Bad) and row.fault is not Fault.EMPTY]
    return Read(addresses=list(good), bad=bad)


def _typed(text: str) -> bytes:
    """Return what was typed with each address on a line of its own."""
    return "\n".join(text.replace(",", "\n").replace(";", "\n").split()).encode()


def _read(content: bytes, mapping: Mapping) -> Iterable[str | Bad]:
    for line, _, cells in records(content, mapping):
        found = read_row(line, cells, mapping)
        yield found if isinstance(found, Bad) else found.address.lower()
