"""One process that hammers a quota: `python -m tests.support.hammer URL SECONDS`.

It hands in mails of one domain through the door, as fast as it can, until the time is over or the
door has said three hundred times that the day is full, and prints how many were accepted.
"""

import asyncio
import sys
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, select
from tests.repo.tree import ROOT
from tests.support.virtual_domain import store_domain
from tests.unit.accept.test_checks import GOOD, IDENTITY, SENDER, TEMPLATE

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted
from tayori.catalog.model import Sender, StoredTemplate
from tayori.config.tree import Policy
from tayori.db.database import Database
from tayori.db.open import open_database
from tayori.db.statement import Statement
from tayori.db.tables.queue import recipient
from tayori.db.tables.tenants import account_limit
from tayori.mail.address import Mailbox, parse_mailbox
from tayori.runtime.clock import HOUR, SystemClock
from tayori.runtime.ids import Ids
from tayori.tenants.model import Identity

ZONE = ZoneInfo("Asia/Shanghai")
SENDING = 20
ENOUGH_REFUSALS = 300


_STORED = Statement(select(func.count().label("n")).select_from(recipient))


class _OneAccount:
    async def sender(self, account_id: int, address: str) -> Sender:
        _ = account_id, address
        return SENDER

    async def identity(self, account_id: int, domain: str) -> Identity:
        _ = account_id, domain
        return IDENTITY

    async def template(self, account_id: int, template_id: int) -> StoredTemplate:
        _ = account_id, template_id
        return TEMPLATE


async def hammer(url: str, seconds: float) -> int:
    """Return how many recipients were accepted."""
    database, clock = open_database(url, 4), SystemClock()
    policy = Policy(account_per_day=0, mailbox_per_hour=0)
    door = Door(
        directory=_OneAccount(),
        limits=Limits(policy, ZONE),
        store=AcceptStore(database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )
    accepted, refused, ends_at = 0, 0, time.monotonic() + seconds

    async def one(size: int) -> None:
        nonlocal accepted, refused
        to = [parse_mailbox(f"u{number}@x.test") for number in range(size)]
        mail = replace(GOOD, to=tuple(box for box in to if isinstance(box, Mailbox)))
        while time.monotonic() < ends_at and refused < ENOUGH_REFUSALS:
            if isinstance(await door.accept(mail), Accepted):
                accepted += size
            else:
                refused += 1

    try:
        await asyncio.gather(*(one(1 + number % 3) for number in range(SENDING)))
    finally:
        await database.close()
    return accepted


async def hammered(database: Database, url: str, quota: int, seconds: float) -> list[int]:
    """Let four processes hammer a domain's quota of a day; return what each accepted.

    The database must agree: as many recipients are stored as the processes were told.
    """
    await store_domain(database, IDENTITY.domain, SystemClock().now())
    values = {"account_id": 1, "name": "domain_per_day", "value": quota}
    async with database.write() as transaction:
        await transaction.execute(Statement(insert(account_limit).values(values)))
    accepted = await asyncio.gather(*(_process(url, seconds) for _ in range(4)))
    async with database.read() as transaction:
        row = await transaction.fetch_one(_STORED)
    assert row is not None
    assert row["n"] == sum(accepted)
    return list(accepted)


async def _process(url: str, seconds: float) -> int:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.hammer", url, str(seconds)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return int(printed)


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(hammer(sys.argv[1], float(sys.argv[2])))}\n")
