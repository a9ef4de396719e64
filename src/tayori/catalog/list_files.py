"""Files fill receiver lists: received in pieces, looked at, then read row by row in the background.

    receive(...) -> ListFile        the octets are safe, the encoding is recognised
    preview(file) -> Preview        the first rows, for whoever says what the columns are
    begin(file, mapping)            from now on the rows become receivers; `read` does it
    faults(file)                    what was wrong with rows, by line

A list that a file fills takes nothing else meanwhile, as with any upload (status UPLOADING).
"""

from collections.abc import AsyncIterator, Callable
from itertools import islice
from typing import Final

from tayori.catalog.file_rows import Bad, read_row
from tayori.catalog.list_file import (
    HEAD,
    LARGEST_FILE,
    Encoding,
    Mapping,
    Preview,
    Recogniser,
    is_name,
    look,
    records,
)
from tayori.catalog.list_file_model import FileStatus, ListFile, Step
from tayori.catalog.list_file_store import PART, ListFileStore
from tayori.catalog.receiver_model import Row
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import Clock
from tayori.tenants.limits import PolicyOf

AT_ONCE: Final = 500
"""Rows of one transaction, which others must not wait for long."""
SHOWN: Final = 10
"""Files of a list that are shown."""
LONGEST_NAME: Final = 200
_FAULTS_AT_ONCE: Final = 1_000


class ListFiles:
    """The verbs; `announce` wakes whoever reads."""

    def __init__(
        self,
        *,
        store: ListFileStore,
        clock: Clock,
        limits: PolicyOf,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._limits = limits
        self._announce = announce

    async def receive(
        self, account_id: int, list_id: int, name: str, pieces: AsyncIterator[bytes]
    ) -> ListFile | Refusal:
        """Store a file for a list of the account; nothing stays of one that is refused."""
        shown = "".join(c for c in name if c.isprintable())[-LONGEST_NAME:] or "-"
        number = await self._store.add(account_id, list_id, shown, self._clock.now())
        recognised, parts, waiting = Recogniser(), 0, b""
        async for piece in pieces:
            recognised.feed(piece)
            if recognised.size > LARGEST_FILE:
                break
            waiting += piece
            while len(waiting) >= PART:
                await self._store.add_part(number, parts, waiting[:PART])
                waiting, parts = waiting[PART:], parts + 1
        if not 0 < recognised.size <= LARGEST_FILE:
            await self._store.forget([number])
            return _bad_size(recognised.size)
        if waiting:
            await self._store.add_part(number, parts, waiting)
        await self._store.arrived(number, recognised.encoding, recognised.size)
        return await self.get(account_id, number)

    async def get(self, account_id: int, file_id: int) -> ListFile | Refusal:
        """Return a file of the account."""
        found = await self._store.get(account_id, file_id)
        return found or refuse(
            Code.RESOURCE_NOT_FOUND, say("There is no file {number}.", number=file_id)
        )

    async def of_list(self, account_id: int, list_id: int) -> list[ListFile]:
        """Return the latest files of a list, the last one first."""
        return await self._store.of_list(account_id, list_id, SHOWN)

    async def preview(
        self, file: ListFile, encoding: Encoding | None = None, delimiter: str = ""
    ) -> Preview:
        """Return the first rows, read by the encoding that was recognised or by another one."""
        head = await self._store.content(file.id, -(-HEAD // PART))
        return look(head, encoding or file.encoding, delimiter)

    async def begin(self, file: ListFile, mapping: Mapping) -> Refusal | None:
        """Let the rows become receivers."""
        names = mapping.names
        if not all(map(is_name, names)) or len(set(names)) < len(names):
            return refuse(Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_ERROR)
        refused = await self._store.begin(file, mapping)
        if refused is None:
            self._announce()
        return refused

    async def forget(self, file: ListFile) -> bool:
        """Delete a file that nobody has begun to read; False when it is being read."""
        if file.status is FileStatus.READING:
            return False
        await self._store.forget([file.id])
        return True

    async def read(self) -> bool:
        """Read the file that has waited longest to its end; False when none waits."""
        file = await self._store.claim(self._clock.now())
        if file is None:
            return False
        mapping = file.mapping
        if mapping is not None:
            content = await self._store.content(file.id)
            rows = (found for found in records(content, mapping) if found[0] > file.line)
            while batch := list(islice(rows, AT_ONCE)):
                most = (await self._limits.of(file.account_id)).max_receivers_per_list
                after = await self._store.advance(
                    file, _step(batch, mapping), most, self._clock.now()
                )
                if after is None:
                    return True
                file = after
        await self._store.finish(file, self._clock.now())
        return True

    async def faults(self, file: ListFile) -> AsyncIterator[Bad]:
        """Yield what was wrong with rows, by line; the first of very many."""
        after = 0
        while True:
            found = await self._store.faults(file.id, after, _FAULTS_AT_ONCE)
            for one in found:
                yield one
            if len(found) < _FAULTS_AT_ONCE:
                return
            after = found[-1].line

    async def first_faults(self, file: ListFile, most: int) -> list[Bad]:
        """Return the first rows that gave no receiver."""
        return await self._store.faults(file.id, 0, most)

    async def sweep(self) -> None:
        """Forget files that nobody went on with for a day, and old reports."""
        while await self._store.sweep(self._clock.now()):
            pass


def _step(batch: list[tuple[int, int, list[str] | None]], mapping: Mapping) -> Step:
    rows: list[tuple[int, Row]] = []
    faults: list[Bad] = []
    for line, _, cells in batch:
        found = read_row(line, cells, mapping)
        if isinstance(found, Bad):
            faults.append(found)
        else:
            rows.append((line, found))
    last, done, _ = batch[-1]
    return Step(rows=tuple(rows), faults=tuple(faults), line=last, done=done)


def _bad_size(size: int) -> Refusal:
    if size:
        return refuse(
            Code.REQUEST_SIZE_LIMIT_EXCEEDED,
            say("A file has at most {most} octets.", most=LARGEST_FILE),
        )
    return refuse(Code.MISSING_PARAMETER__EMAILS_NECESSARY, say("The file is empty."))
