"""Lists of receivers: make, fill, search, delete. Each verb sees one account only.

An upload is read whole before anything is stored: what makes it wrong refuses all of it, what makes
a single line useless is counted, and a malformed address is kept as invalid so that it can be seen.
A large one is answered when it is safe, and becomes receivers soon after (status UPLOADING).
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tayori.catalog.receiver_model import Receiver, ReceiverList, ReceiverPage, Row, Search, Upload
from tayori.catalog.receiver_store import FIRST, ReceiverStore
from tayori.config.tree import Policy
from tayori.db.window import Key
from tayori.mail.address import AddressError, Mailbox, parse_mailbox
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import Clock
from tayori.tenants.limits import PolicyOf, SameForAll

MOST_AT_ONCE: Final = 20_000
LONGEST_NAME: Final = 100
LONGEST_DESCRIPTION: Final = 300
LONGEST_ADDRESS: Final = 254
LONGEST_DATA: Final = 800
"""Octets of one receiver's data (wire facts 4.4)."""
_COPIED_AT_ONCE: Final = 1_000
"""As many as are stored at once, so that a copy is complete when it is made."""
_TAG: Final = re.compile(r"<[a-zA-Z/!]")


class Receivers:
    """The verbs of receiver lists; `announce` wakes whoever stores the parts of large uploads."""

    def __init__(
        self,
        *,
        store: ReceiverStore,
        clock: Clock,
        policy: Policy,
        limits: PolicyOf | None = None,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits or SameForAll(policy)
        self._announce = announce

    async def create(self, account_id: int, name: str, description: str = "") -> int | Refusal:
        """Make an empty list and return its number."""
        if not 1 <= len(name.strip()) <= LONGEST_NAME or not name.isprintable():
            return refuse(
                Code.INVALID_PARAMETER_VALUE__RECEIVER_NAME_ILLEGAL,
                say("A name has 1 to {most} printable characters.", most=LONGEST_NAME),
            )
        if len(description) > LONGEST_DESCRIPTION or "\0" in description:
            return refuse(
                Code.INVALID_PARAMETER_VALUE__RECEIVER_DESC_ILLEGAL,
                say("A description has at most {most} characters.", most=LONGEST_DESCRIPTION),
            )
        most = (await self._limits.of(account_id)).max_receiver_lists
        now = self._clock.now()
        return await self._store.add_list(account_id, name.strip(), description, now, most)

    async def get(self, account_id: int, list_id: int) -> ReceiverList | Refusal:
        """Return one list."""
        found = await self._store.get(account_id, list_id)
        return found or refuse(Code.OPERATION_DENIED__RECEIVER_NOT_EXIST)

    async def page(
        self,
        account_id: int,
        page: tuple[int, int],
        status: int | None = None,
        keyword: str = "",
        order: str = "-created",
    ) -> tuple[list[ReceiverList], int]:
        """Return a page (offset, limit), and how many match.

        `order` is created, name or size, with "-" in front for descending.
        """
        return await self._store.page(account_id, page, status, keyword, order)

    async def delete(self, account_id: int, list_id: int) -> Refusal | None:
        """Delete a list with its receivers; None when done."""
        if await self._store.delete(account_id, list_id):
            return None
        return refuse(Code.OPERATION_DENIED__RECEIVER_NOT_EXIST)

    async def add(self, account_id: int, list_id: int, emails: Sequence[str]) -> Upload | Refusal:
        """Add addresses without data."""
        refused = check_count(len(emails))
        if refused is not None:
            return refused
        rows, upload = sort_upload([(email, "") for email in emails])
        stored = await self._fill(account_id, list_id, rows, None)
        return stored or upload

    async def add_with_data(
        self, account_id: int, list_id: int, datas: Sequence[tuple[str, str]]
    ) -> Upload | Refusal:
        """Add addresses with the values of template variables, each a JSON object."""
        refused = check_count(len(datas))
        if refused is not None:
            return refused
        names = _variables(datas)
        if isinstance(names, Refusal):
            return names
        rows, upload = sort_upload(datas)
        bad = next((row for row in rows if not row.valid), None)
        if bad is not None:
            return refuse(
                Code.INVALID_PARAMETER_VALUE__RECEIVER_EMAIL_INVALID,
                say("{address}: {reason}", address=repr(bad.address[:80]), reason=bad.reason),
            )
        stored = await self._fill(account_id, list_id, rows, names)
        return stored or upload

    async def search(
        self, account_id: int, list_id: int, search: Search, page: tuple[int, int]
    ) -> ReceiverPage | Refusal:
        """Return the receivers of a list that match; `page` is (offset, limit)."""
        found = await self.get(account_id, list_id)
        if isinstance(found, Refusal):
            return found
        return await self._store.search(list_id, search, page)

    async def look(
        self, list_id: int, search: Search, after: Key = FIRST, most: int = 50
    ) -> tuple[list[Receiver], Key | None]:
        """Return the next receivers of a list that match, and the key to look on behind.

        A whole address is found at once; parts of addresses are looked for window by window.
        """
        whole = parse_mailbox(search.text) if search.text else None
        if isinstance(whole, Mailbox) and not whole.display_name:
            found = await self._store.at_address(list_id, search.text)
            if found:
                return found, None
        return await self._store.look(list_id, search, after, most)

    async def remove(self, account_id: int, list_id: int, receiver_id: int) -> str | Refusal:
        """Remove one receiver from a list of the account; return the address."""
        gone = await self._store.remove(account_id, list_id, receiver_id)
        return gone or refuse(
            Code.RESOURCE_NOT_FOUND, say("There is no receiver {number}.", number=receiver_id)
        )

    async def after(self, list_id: int, cursor: int, last: int, most: int) -> list[Receiver]:
        """Return the next valid receivers behind `cursor` and up to `last`, for a task's step."""
        return await self._store.after(list_id, cursor, last, most)

    async def bounds(self, list_id: int) -> tuple[int, int]:
        """Return how many valid receivers a list has, and the number of the last."""
        return await self._store.bounds(list_id)

    async def repeated(self, list_id: int, receivers: Sequence[Receiver]) -> frozenset[int]:
        """Return which of these receivers have an address that stands in the list before them.

        Nobody means another person by another case; uploads are searched as they are stored and
        in lower case.
        """
        addresses = {one.address for one in receivers}
        found = await self._store.by_address(
            list_id, addresses | {address.lower() for address in addresses}
        )
        first: dict[str, int] = {}
        for number, row in found:
            first.setdefault(row.address.lower(), number)
        return frozenset(one.id for one in receivers if first[one.address.lower()] < one.id)

    async def copy(
        self, account_id: int, list_id: int, name: str, addresses: set[str]
    ) -> int | Refusal:
        """Make a list of those receivers of another who have these addresses; return its number."""
        source = await self.get(account_id, list_id)
        if isinstance(source, Refusal):
            return source
        number = await self.create(account_id, name)
        if isinstance(number, Refusal):
            return number
        wanted = sorted(addresses)
        for start in range(0, len(wanted), _COPIED_AT_ONCE):
            part = wanted[start : start + _COPIED_AT_ONCE]
            found = await self._store.by_address(list_id, part)
            # Of an address that stands there twice the first receiver was written to.
            rows = {row.address: row for _, row in reversed(found)}
            refused = await self._fill(account_id, number, list(rows.values()), source.variables)
            if refused is not None:
                return refused
        return number

    async def _fill(
        self, account_id: int, list_id: int, rows: Sequence[Row], names: tuple[str, ...] | None
    ) -> Refusal | None:
        most = (await self._limits.of(account_id)).max_receivers_per_list
        refused = await self._store.add(
            account_id, list_id, rows, names, self._clock.now(), most=most
        )
        if refused is None:
            self._announce()
        return refused


def sort_upload(lines: Sequence[tuple[str, str]]) -> tuple[list[Row], Upload]:
    """Return the rows to store, each address once, and what came of all lines."""
    rows: dict[str, Row] = {}
    too_long = empty = repeated = 0
    for email, data in lines:
        address = email.strip()
        if not address:
            empty += 1
        elif len(address) > LONGEST_ADDRESS:
            too_long += 1
        elif address.lower() in rows:
            repeated += 1
        else:
            rows[address.lower()] = _row(address, data)
    upload = Upload(
        total=len(lines),
        valid=sum(1 for row in rows.values() if row.valid),
        too_long=too_long,
        empty=empty,
        repeated=repeated,
    )
    return list(rows.values()), upload


def _row(address: str, data: str) -> Row:
    mailbox = parse_mailbox(address)
    if isinstance(mailbox, AddressError):
        return Row(address.replace("\0", ""), data, mailbox.saying)
    if mailbox.display_name:
        return Row(address, data, say("An address is wanted here, without a name."))
    return Row(mailbox.address.addr, data)


def check_count(count: int) -> Refusal | None:
    """Refuse an upload of no addresses, and one of too many."""
    if count == 0:
        return refuse(Code.MISSING_PARAMETER__EMAILS_NECESSARY)
    if count > MOST_AT_ONCE:
        return refuse(Code.LIMIT_EXCEEDED__RECEIVER_DETAIL_REQUEST_LIMIT, limit=MOST_AT_ONCE)
    return None


def _variables(datas: Sequence[tuple[str, str]]) -> tuple[str, ...] | Refusal:
    """Return the names that all data have, or the first thing that is wrong with one."""
    names: tuple[str, ...] | None = None
    for email, data in datas:
        found = _names_of(data)
        if isinstance(found, Refusal):
            return found
        if names is not None and found != names:
            return refuse(
                Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_INCONSISTENT,
                say(
                    "{email} has other variables than the receivers before.", email=repr(email[:80])
                ),
            )
        names = found
    return names or ()


def _names_of(data: str) -> tuple[str, ...] | Refusal:
    if len(data.encode(errors="replace")) > LONGEST_DATA:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_LEN_LIMIT,
            say("The data of one receiver has at most {most} bytes.", most=LONGEST_DATA),
        )
    try:
        values: Any = msgspec.json.decode(data or "{}")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return refuse(Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA, say("It is no JSON."))
    if not isinstance(values, dict) or any(isinstance(v, dict | list) for v in values.values()):
        return refuse(
            Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA,
            say("It is a JSON object of texts and numbers."),
        )
    if any("\0" in text or _TAG.search(text) for text in map(str, values.values())):
        return refuse(
            Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_ERROR, say("A value may not hold HTML.")
        )
    return tuple(sorted(values))
