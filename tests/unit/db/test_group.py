"""Work that comes together shares a transaction, and under load waits a moment for company."""

import asyncio
from collections.abc import Sequence

from tayori.db.group import GroupCommit

FOREVER_S = 3_600.0


class Batches:
    """Notes the sizes of batches; each item is answered by itself."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def apply(self, batch: Sequence[int]) -> Sequence[int]:
        """Take a batch."""
        self.sizes.append(len(batch))
        await asyncio.sleep(0)
        return batch


async def put(group: GroupCommit[int, int], *items: int) -> list[int]:
    async with asyncio.timeout(30):
        return await asyncio.gather(*(group.put(item) for item in items))


async def turns(count: int) -> None:
    """Let everything run that can."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_work_that_comes_alone_waits_for_nobody() -> None:
    batches = Batches()
    group = GroupCommit(batches.apply, patience_s=FOREVER_S)
    assert [await put(group, item) for item in (1, 2, 3)] == [[1], [2], [3]]
    assert batches.sizes == [1, 1, 1]


async def test_a_batch_waits_for_as_many_as_came_before() -> None:
    batches = Batches()
    group = GroupCommit(batches.apply, patience_s=FOREVER_S)
    await put(group, 1, 2, 3, 4, 5)
    first = asyncio.gather(*(group.put(item) for item in (6, 7, 8, 9)))
    await turns(50)
    assert batches.sizes == [5]
    assert await put(group, 10) == [10]
    assert await first == [6, 7, 8, 9]
    assert batches.sizes == [5, 5]


async def test_the_wait_for_company_ends() -> None:
    batches = Batches()
    group = GroupCommit(batches.apply, patience_s=0.001)
    await put(group, 1, 2, 3, 4, 5)
    assert await put(group, 6) == [6]
    assert await put(group, 7) == [7]
    assert batches.sizes == [5, 1, 1]


async def test_without_patience_nobody_waits() -> None:
    batches = Batches()
    group = GroupCommit(batches.apply)
    await put(group, 1, 2, 3)
    await put(group, 4)
    assert batches.sizes == [3, 1]


async def test_a_batch_has_its_largest_size_and_the_rest_comes_next() -> None:
    batches = Batches()
    group = GroupCommit(batches.apply, largest=4, patience_s=FOREVER_S)
    assert await put(group, *range(8)) == list(range(8))
    assert batches.sizes == [4, 4]
