"""Rows of a file as receivers, or what is wrong with each (pure). Nothing but the row is looked at.

A sentence in the visitor's language belongs to every `Fault`. `detail` of an address that is none
is its `AddressFault`, of a value that cannot stand the variable's name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from tayori.catalog.list_file import Mapping
from tayori.catalog.receiver_model import Row
from tayori.catalog.receivers import LONGEST_ADDRESS, LONGEST_DATA
from tayori.mail.address import AddressError, parse_mailbox

LONGEST_VALUE: Final = 300
"""Characters of a bad value that are kept for the report."""
_TAG: Final = re.compile(r"<[a-zA-Z/!]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class Fault(StrEnum):
    """Why a row gives no receiver."""

    UNREADABLE = "unreadable"
    """The row is no CSV, or one of its cells is far too long."""
    EMPTY = "empty"
    """The column of addresses is empty."""
    TOO_LONG = "too_long"
    """The address has more than 254 characters."""
    INVALID = "invalid"
    """It is no e-mail address."""
    REPEATED = "repeated"
    """The file has the address in a row before."""
    LISTED = "listed"
    """The list had the address before the upload."""
    DATA_TOO_LONG = "data_too_long"
    """The values of the variables have more than 800 octets together."""
    MARKUP = "markup"
    """A value holds HTML."""
    CONTROL = "control"
    """A value holds a control character."""
    FULL = "full"
    """The list has as many receivers as a list may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """A row that gives no receiver."""

    line: int
    value: str
    fault: Fault
    detail: str = ""


def read_row(line: int, cells: Sequence[str] | None, mapping: Mapping) -> Row | Bad:
    """Return the receiver of a row, its data with the names in their order; or what is wrong."""
    if cells is None:
        return Bad(line=line, value="", fault=Fault.UNREADABLE)
    address = _cell(cells, mapping.address)
    found = _address(address)
    if not isinstance(found, str):
        fault, detail = found
        return Bad(line=line, value=_shown(address), fault=fault, detail=detail)
    if not mapping.variables:
        return Row(found, "")
    values = {name: _cell(cells, column) for column, name in sorted(mapping.variables)}
    wrong = _values(values)
    if wrong is not None:
        fault, detail = wrong
        return Bad(line=line, value=_shown(address), fault=fault, detail=detail)
    return Row(found, msgspec.json.encode(values).decode())


def _address(text: str) -> str | tuple[Fault, str]:
    if not text:
        return Fault.EMPTY, ""
    if len(text) > LONGEST_ADDRESS:
        return Fault.TOO_LONG, ""
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressError):
        return Fault.INVALID, mailbox.fault.value
    # "Ann <ann@example.org>" is what address books export: the address is meant.
    return mailbox.address.addr


def _values(values: dict[str, str]) -> tuple[Fault, str] | None:
    for name, value in values.items():
        if _CONTROL.search(value):
            return Fault.CONTROL, name
        if _TAG.search(value):
            return Fault.MARKUP, name
    if len(msgspec.json.encode(values)) > LONGEST_DATA:
        return Fault.DATA_TOO_LONG, ""
    return None


def _cell(cells: Sequence[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _shown(text: str) -> str:
    cut = text.replace("\0", "\ufffd")
    return cut if len(cut) <= LONGEST_VALUE else cut[: LONGEST_VALUE - 1] + "…"
