"""A database with millions of events: how fast they are counted, and how long reports take.

Recipients, messages and events are written as the service would leave them after a year of mail
of one large account and nine small ones; the counting and the queries are the service's own.
Run: python -m tests.bench.reports [--events N] [--database sqlite|postgresql]
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import insert
from tests.support.postgresql import PostgresqlServer

from tayori.db import migrate
from tayori.db.database import Database
from tayori.db.open import database_url, open_database
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.db.tables.queue import message, recipient
from tayori.events.feed_store import Horizon
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, day_of, day_range
from tayori.stats.model import ComplaintsWanted, Wanted
from tayori.stats.rollup import RollUp
from tayori.stats.store import StatsStore

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = 1_764_000_000_000
DAYS = 365
AT_ONCE = 20_000
REPEATS = 20
LARGE = 1
"""The account that has nine tenths of the mail."""
EVENTS_PER_MAIL = 2.48
MAILBOXES = ("gmail.com", "qq.com", "163.com", "outlook.com", "yahoo.co.jp", "icloud.com")

_MESSAGES, _RECIPIENTS = Statement(insert(message)), Statement(insert(recipient))
_EVENTS = Statement(insert(event))


async def fill(database: Database, mails: int) -> int:
    """Write the mails with their events in order of time; return how many events there are."""
    number = 0
    for first in range(1, mails + 1, AT_ONCE):
        batch = range(first, min(first + AT_ONCE, mails + 1))
        events = [row for n in batch for row in _events_of(n, mails)]
        for row in events:
            number += 1
            row["id"] = number
        async with database.write() as transaction:
            await transaction.execute_many(_MESSAGES, [_message(n, mails) for n in batch])
            await transaction.execute_many(_RECIPIENTS, [_recipient(n, mails) for n in batch])
            await transaction.execute_many(_EVENTS, events)
    return number


def _at(number: int, mails: int) -> int:
    return BEGIN + number * DAYS * DAY // mails


def _account(number: int) -> int:
    return LARGE if number % 10 else 2 + number // 10 % 9


def _mailbox(number: int) -> str:
    """Return a domain: three quarters go to a few large ones, the others to 2,000 more."""
    return MAILBOXES[number % 6] if number % 4 else f"m{number // 4 * 7919 % 2000}.example"


def _message(number: int, mails: int) -> dict[str, object]:
    account = _account(number)
    return {
        "id": number,
        "account_id": account,
        "public_id": f"qcloudses-30-{account}-date-20260101000000-{number:013}",
        "identity_id": number % 3,
        "source": "api",
        "from_address": f"news@d{number % 3}.a{account}.example",
        "subject": "A subject of the usual length",
        "template_id": number % 20,
        "task_id": None,
        "trigger": False,
        "rfc_message_id": f"<{number}@a{account}.example>",
        "callback_headers": "{}",
        "accepted_at": _at(number, mails),
    }


def _recipient(number: int, mails: int) -> dict[str, object]:
    at = _at(number, mails)
    return {
        "id": number,
        "message_id": number,
        "account_id": _account(number),
        "role": 0,
        "address": f"user{number * 7919 % (mails // 12 + 1)}@{_mailbox(number)}",
        "domain": _mailbox(number),
        "state": int(State.BOUNCED if number % 50 == 0 else State.DELIVERED),
        "priority": 2,
        "rank": 2,
        "flow": 0,
        "due_at": None,
        "lease_owner": None,
        "source": None,
        "avoids": None,
        "wait_cause": None,
        "wait_since": None,
        "delay_told": 0,
        "attempts": 1,
        "accepted_at": at,
        "expires_at": at + 3 * DAY,
        "ended_at": at + 3_000,
        "send_status": 0,
        "reply": "250 2.0.0 OK queued as 4f2a7c1d9e",
    }


def _events_of(number: int, mails: int) -> Iterator[dict[str, object]]:
    """Return accepted and an end for every mail; every third is opened, and so on."""
    at = _at(number, mails)
    kinds = ["accepted", "bounce" if number % 50 == 0 else "delivered"]
    kinds += ["open"] if number % 5 < 2 else []
    kinds += ["click"] if number % 12 == 0 else []
    kinds += ["spamreport"] if number % 1000 == 0 else []
    kinds += ["unsubscribe"] if number % 500 == 0 else []
    for delay, kind in enumerate(kinds):
        yield {
            "at": at + delay * 3_000,
            "account_id": _account(number),
            "kind": kind,
            "message_id": number,
            "recipient_id": None if kind == "accepted" else number,
            "data": '{"recipients":1}' if kind == "accepted" else '{"reason":"250 2.0.0 OK"}',
        }


async def timed(ask: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the median and the longest time in ms, after one that is not counted."""
    await ask()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        await ask()
        times.append((time.perf_counter() - start) * 1_000)
    return statistics.median(times), max(times)


def questions(database: Database, mails: int) -> dict[str, Callable[[], Awaitable[object]]]:
    """Return what is asked of the large account, by name."""
    queue, stats = QueueStore(database), StatsStore(database)
    middle = mails // 20 * 10 + 1
    at = _at(middle, mails)
    day = day_of(at, ZONE)
    period, month = day_range(day, ZONE), (at - 30 * DAY, at)
    days = [day_of(BEGIN + number * DAY, ZONE) for number in range(DAYS)]
    year = Wanted(account_id=LARGE, days=days)
    few = Wanted(account_id=LARGE, days=days[100:130])
    public_id, address = (
        str(_message(middle, mails)["public_id"]),
        str(_recipient(middle, mails)["address"]),
    )
    complaints = ComplaintsWanted(account_id=LARGE, first=month[0], end=month[1])
    narrowed = ComplaintsWanted(
        account_id=LARGE,
        first=month[0],
        end=month[1],
        mailbox_type="qq.com",
        from_domain="d0.a1.example",
    )
    page = (0, 100)
    of_type = Wanted(account_id=LARGE, days=days, mailbox_type="qq.com")
    of_domain = Wanted(account_id=LARGE, days=days, domain="d1.a1.example")
    return {
        "status of a day, first page": lambda: queue.status(LARGE, period, page),
        "status of a day, page 100": lambda: queue.status(LARGE, period, (9_900, 100)),
        "status of a MessageId": lambda: queue.status(LARGE, period, page, message_id=public_id),
        "status of an address": lambda: queue.status(LARGE, period, page, to_address=address),
        "report of 30 days": lambda: stats.report(few),
        "report of a year": lambda: stats.report(year),
        "report of a year, one sender domain": lambda: stats.report(of_domain),
        "report of a year, one mailbox type": lambda: stats.report(of_type),
        "complaints of 30 days": lambda: stats.complaints(complaints, (0, 1_000)),
        "the same, narrowed": lambda: stats.complaints(narrowed, (0, 1_000)),
    }


async def measure(url: str, events: int) -> None:
    """Fill, count, ask, and print the figures."""
    mails = int(events / EVENTS_PER_MAIL)
    await migrate.prepare(url)
    database = open_database(url, 4)
    start = time.perf_counter()
    written = await fill(database, mails)
    _say(f"{written:,} events of {mails:,} mails written in {time.perf_counter() - start:.0f} s")
    if database.dialect == "postgresql":
        # The bench numbers its events itself; the sequence has to know, and the planner the sizes.
        async with database.write() as transaction:
            await transaction.execute(_Plain(f"SELECT setval('event_id_seq', {written})"))
            await transaction.execute(_Plain("ANALYZE"))
    await _count(database, written)
    for name, ask in questions(database, mails).items():
        median, longest = await timed(ask)
        _say(f"| {name} | {median:.1f} ms | {longest:.1f} ms |")
    await database.close()


async def _count(database: Database, events: int) -> None:
    rollup = RollUp(store=StatsStore(database), horizon=Horizon(database), zone=ZONE)
    until = await Horizon(database).reach()
    start, cpu = time.perf_counter(), time.process_time()
    while await rollup.step(until):
        pass
    seconds, used = time.perf_counter() - start, time.process_time() - cpu
    _say(f"counted in {seconds:.0f} s: {events / seconds:,.0f} events/s, {used:.0f} s of CPU")


class _Plain(Statement):
    """SQL as it is written."""

    def __init__(self, sql: str) -> None:
        self._sql = sql

    def form(self, dialect: str) -> tuple[str, tuple[str, ...], dict[str, object]]:
        """Return it for every database."""
        _ = dialect
        return self._sql, (), {}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure on one kind of database, in a folder that is gone afterwards."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--events", type=int, default=10_000_000)
    arguments.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = arguments.parse_args()
    if given.database == "postgresql":
        with PostgresqlServer.running(durable=True) as server:
            asyncio.run(measure(server.url("postgres"), given.events))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(database_url("", Path(folder)), given.events))


if __name__ == "__main__":
    main()
