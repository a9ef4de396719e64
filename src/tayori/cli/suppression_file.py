"""Lists of addresses as CSV files: read line by line in bounded memory, each mistake with its line.

A file may begin with a line of column names (address or email, reason, days, expires_at, domain);
without one the columns are address, reason, days. What `export` writes can be imported again.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import BinaryIO, Final

from tayori.mail.address import AddressError, parse_mailbox
from tayori.runtime.clock import DAY, SECOND

LONGEST_LINE: Final = 8_192
"""Octets of a line; an address with its reason needs far less."""
LONGEST_REASON: Final = 500
LONGEST_DAYS: Final = 3_650
PLAIN: Final = ("address", "reason", "days")
_NAMES: Final = {"address": "address", "email": "address", "e-mail": "address", "mail": "mail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One address of a file; `expires_at` None when the file names no end."""

    number: int
    address: str
    reason: str = ""
    expires_at: int | None = None
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why a line was left out, as a sentence that begins with its number."""

    sentence: str


def read_lines(file: BinaryIO, now: int, zone: tzinfo) -> Iterator[Line | Mistake]:
    """Yield what each line says; empty lines say nothing. `now` begins a number of days."""
    columns: tuple[str, ...] | None = None
    for number, text in _texts(file):
        if isinstance(text, Mistake):
            yield text
            continue
        cells = _cells(text)
        if cells is None:
            yield Mistake(f"line {number}: the quotation marks do not match.")
        elif not any(cells):
            continue
        elif columns is None and (named := _header(cells)) is not None:
            columns = named
        else:
            columns = columns or PLAIN
            yield _read(number, dict(zip(columns, cells, strict=False)), now, zone)


def address_of(text: str) -> str | None:
    """Return an address in lower case, None when it is none."""
    mailbox = parse_mailbox(text.strip())
    if isinstance(mailbox, AddressError) or mailbox.display_name:
        return None
    return mailbox.address.addr.lower()


def _texts(file: BinaryIO) -> Iterator[tuple[int, str | Mistake]]:
    number = 0
    while raw := file.readline(LONGEST_LINE):
        number += 1
        too_long = False
        while not raw.endswith(b"\n") and (more := file.readline(LONGEST_LINE)):
            # The rest of a line that is too long is passed over, however long it is.
            too_long, raw = True, more
        if too_long:
            yield number, Mistake(f"line {number}: it is longer than {LONGEST_LINE} octets.")
            continue
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            yield number, Mistake(f"line {number}: it is not UTF-8.")


def _cells(text: str) -> list[str] | None:
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return None
    return [cell.strip() for cell in rows[0]] if rows else []


def _header(cells: list[str]) -> tuple[str, ...] | None:
    names = tuple(_NAMES.get(cell.lower(), cell.lower()) for cell in cells)
    return names if "address" in names else None


def _read(number: int, cells: Mapping[str, str], now: int, zone: tzinfo) -> Line | Mistake:
    address = address_of(cells.get("address", ""))
    if address is None:
        shown = cells.get("address", "")[:100]
        return Mistake(f"line {number}: {shown!r} is no address.")
    reason = cells.get("reason", "")
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        return Mistake(f"line {number}: a reason has at most {LONGEST_REASON} plain characters.")
    expires_at = _end(cells, now, zone)
    if isinstance(expires_at, str):
        return Mistake(f"line {number}: {expires_at}")
    return Line(
        number=number,
        address=address,
        reason=reason,
        expires_at=expires_at,
        domain=cells.get("domain", "").lower(),
    )


def _end(cells: Mapping[str, str], now: int, zone: tzinfo) -> int | str | None:
    """Return when a row ends, None when it does not say, a sentence when it says nonsense."""
    days, until = cells.get("days", ""), cells.get("expires_at", "")
    if days:
        if not (days.isascii() and days.isdigit() and 1 <= int(days[:6]) <= LONGEST_DAYS):
            return f"{days[:20]!r} is no number of days from 1 to {LONGEST_DAYS}."
        return now + int(days) * DAY
    if not until:
        return None
    try:
        moment = datetime.fromisoformat(until)
        at = int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * SECOND)
    except (ValueError, OverflowError):
        return f"{until[:40]!r} is no time such as 2026-12-31 or 2026-12-31T10:00."
    return at if at > now else f"{until[:40]!r} is over."
