"""The log of calls never stands in the way of a call, and counts what it could not keep."""

import asyncio

import pytest
from tests.support.metric import value_of

from tayori.db.database import DatabaseBusyError
from tayori.edge.api.access_log import MOST_AT_ONCE, AccessLog
from tayori.tenants.api_log import AccessRecord


class Kept:
    """A place that keeps calls, or has a trouble of its own."""

    def __init__(self, *troubles: Exception) -> None:
        self.batches: list[list[str]] = []
        self.came = asyncio.Event()
        self._troubles = list(troubles)

    async def add(self, records) -> None:
        self.came.set()
        if self._troubles:
            raise self._troubles.pop(0)
        self.batches.append([record.request_id for record in records])


def record(number: int, account_id: int | None = 1) -> AccessRecord:
    return AccessRecord(
        at=1,
        account_id=account_id,
        secret_id="id",
        action="SendEmail",
        code="",
        source="192.0.2.1",
        request_id=f"r{number}",
        duration_ms=1.0,
    )


def dropped() -> float:
    return value_of("tayori_api_log_dropped_total")


async def test_calls_are_written_by_the_service_in_their_order():
    kept = Kept()
    calls = AccessLog(kept, flush_s=3600)
    calls.note(record(1))
    calls.note(record(2))
    calls.note(record(3, account_id=None))
    await calls.start()
    await kept.came.wait()
    await calls.stop()
    assert kept.batches == [["r1", "r2"]]


async def test_what_is_left_at_the_stop_is_written():
    kept = Kept()
    calls = AccessLog(kept, flush_s=3600)
    await calls.start()
    for number in range(MOST_AT_ONCE + 1):
        calls.note(record(number))
    await calls.stop()
    assert [len(batch) for batch in kept.batches] == [MOST_AT_ONCE, 1]


async def test_a_full_buffer_drops_and_counts():
    before, kept = dropped(), Kept()
    calls = AccessLog(kept, most_waiting=2)
    for number in range(5):
        calls.note(record(number))
    await calls.flush()
    assert (kept.batches, dropped() - before) == ([["r0", "r1"]], 3)


async def test_a_busy_database_is_tried_again_in_order():
    before, kept = dropped(), Kept(DatabaseBusyError("locked"))
    calls = AccessLog(kept)
    calls.note(record(1))
    calls.note(record(2))
    await calls.flush()
    assert kept.batches == []
    calls.note(record(3))
    await calls.flush()
    assert (kept.batches, dropped() - before) == ([["r1", "r2", "r3"]], 0)


@pytest.mark.parametrize(
    ("trouble", "lost"), [(DatabaseBusyError("gone"), 2), (ValueError("never"), 2)]
)
async def test_what_cannot_be_written_at_the_stop_is_counted(trouble, lost):
    before, kept = dropped(), Kept(trouble)
    calls = AccessLog(kept)
    calls.note(record(1))
    calls.note(record(2))
    await calls.stop()
    assert (kept.batches, dropped() - before) == ([], lost)


async def test_a_call_that_the_database_refuses_harms_no_later_one():
    before, kept = dropped(), Kept(ValueError("a row that is none"))
    calls = AccessLog(kept)
    calls.note(record(1))
    await calls.flush()
    calls.note(record(2))
    await calls.flush()
    assert (kept.batches, dropped() - before) == ([["r2"]], 1)
