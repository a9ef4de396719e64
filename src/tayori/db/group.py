"""Group commit: callers that arrive while a transaction runs share the next one.

The wait is never longer than the transaction before, and a few milliseconds for company where that
was asked for. When a shared transaction fails, each caller's work is tried alone, so that one bad
row harms nobody else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tayori.db.database import DatabaseBusyError

Work = TypeVar("Work")
Result = TypeVar("Result")


class GroupCommit(Generic[Work, Result]):
    """Collects work and applies it in batches through `apply`, which commits a whole batch.

    `apply(batch)` returns one result per item in the same order, after its commit.

    Whoever got an answer is likely to come again with the next work, so a batch waits for as many
    as the last one had, up to `patience_s` seconds (0: not at all). Larger batches cost less per
    item, so that under load each waits less in the end. Work that comes alone waits for nobody.
    """

    def __init__(
        self,
        apply: Callable[[Sequence[Work]], Awaitable[Sequence[Result]]],
        *,
        largest: int = 200,
        patience_s: float = 0.0,
    ) -> None:
        self._apply = apply
        self._largest = largest
        self._patience_s = patience_s
        self._usual = 0
        self._company: asyncio.Future[None] | None = None
        self._waiting: list[tuple[Work, asyncio.Future[Result]]] = []
        self._runner: asyncio.Task[None] | None = None

    async def put(self, work: Work) -> Result:
        """Return the result after the commit; raises what the work itself made fail.

        A caller that is cancelled may find its work committed or not, as with any commit.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._company is not None and len(self._waiting) >= self._usual:
            self._enough()
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return await future

    async def drain(self) -> None:
        """Return when everything put so far is settled."""
        while self._runner is not None and not self._runner.done():
            await asyncio.wait({self._runner})

    async def _run(self) -> None:
        while self._waiting:
            await self._wait_for_company()
            batch = self._waiting[: self._largest]
            del self._waiting[: self._largest]
            self._usual = len(batch)
            await self._settle([item for item in batch if not item[1].cancelled()])

    async def _wait_for_company(self) -> None:
        if self._patience_s <= 0 or len(self._waiting) >= self._usual:
            return
        loop = asyncio.get_running_loop()
        self._company = loop.create_future()
        timer = loop.call_later(self._patience_s, self._enough)
        try:
            await self._company
        finally:
            timer.cancel()
            self._company = None

    def _enough(self) -> None:
        if self._company is not None and not self._company.done():
            self._company.set_result(None)

    async def _settle(self, batch: list[tuple[Work, "asyncio.Future[Result]"]]) -> None:
        if not batch:
            return
        try:
            results = await self._apply([work for work, _ in batch])
        except Exception as error:
            await self._settle_after(error, batch)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

    async def _settle_after(
        self, error: Exception, batch: list[tuple[Work, "asyncio.Future[Result]"]]
    ) -> None:
        if len(batch) > 1 and not isinstance(error, DatabaseBusyError):
            for item in batch:
                await self._settle([item])
            return
        for _, future in batch:
            if not future.done():
                future.set_exception(error)
