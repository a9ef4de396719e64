"""A sender domain in virtual time: mails are counted, stored and settled at once, by the clock.

The limits, the event feed, the figures and the levels are the service's own; only the way of a mail
through door, queue and network is cut short, so that months and millions fit into a test.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, select

from tayori.config.reputation import ReputationSettings
from tayori.config.tree import LEVELS, Policy
from tayori.db.database import Database
from tayori.db.statement import Statement
from tayori.db.tables.queue import message, recipient
from tayori.db.tables.reputation import level_change
from tayori.db.tables.tenants import account, identity
from tayori.events.feed_store import Horizon
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.reputation.figure_store import FigureStore
from tayori.reputation.judging_store import Bench
from tayori.reputation.level_store import LevelStore
from tayori.reputation.levels import Levels
from tayori.reputation.pace import Pace
from tayori.reputation.plan_store import Planner
from tayori.reputation.room import windows
from tayori.reputation.rules import Rules
from tayori.reputation.standing import Quotas
from tayori.reputation.standing_store import standings
from tayori.reputation.store import count
from tayori.runtime.clock import SettableClock, day_of, day_range

ZONE: Final = ZoneInfo("Asia/Shanghai")
DOMAIN: Final = "mail.shop.test"
_MESSAGE = Statement(insert(message))
_EMPTY: Final = {"reply": "", "send_status": 0, "attempts": 1, "role": 0, "priority": 2}

Outcome = tuple[EventKind, Mapping[str, str | int]]
DELIVERED: Final[Outcome] = (EventKind.DELIVERED, {})
INVALID: Final[Outcome] = (EventKind.BOUNCE, {"class": "unknown_user"})
REFUSED: Final[Outcome] = (EventKind.BOUNCE, {"class": "policy"})


def delivered(_number: int) -> Outcome:
    """Return what becomes of a mail where all is well."""
    return DELIVERED


class VirtualDomain:
    """One domain of one account, from a midnight in the service's zone on."""

    def __init__(
        self, database: Database, *, policy: Policy | None = None, **reputation: Any
    ) -> None:
        settings = ReputationSettings(**reputation)
        policy = policy or Policy()
        self.database = database
        self.clock = SettableClock(day_range("2026-12-01", ZONE)[0])
        self.quotas = Quotas(policy, ZONE, hour_share=settings.hour_share)
        rules = Rules(settings, policy.level_per_day or LEVELS)
        self.bench = Bench(rules=rules, quotas=self.quotas, zone=ZONE)
        self.store = LevelStore(database, self.bench)
        self.pace = Pace(database, self.clock, self.quotas)
        self.planner = Planner(database, self.clock, self.bench)
        self.levels = Levels(
            figures=FigureStore(database, self.bench),
            levels=self.store,
            horizon=Horizon(database),
            clock=self.clock,
            idle_days=settings.idle_days,
        )
        self.sent = 0

    async def create(self, level: int = 1) -> "VirtualDomain":
        """Store account and domain."""
        await store_domain(self.database, DOMAIN, self.clock.now(), level)
        return self

    @property
    def today(self) -> str:
        return day_of(self.clock.now(), ZONE)

    async def level(self) -> int:
        found = await self.store.find(DOMAIN)
        assert found is not None
        return found.standing.level_at(self.clock.now())

    async def changes(self) -> list[tuple[str, str, int, int]]:
        """Return day, kind, old and new level of each decision, oldest first."""
        async with self.database.read() as transaction:
            rows = await transaction.fetch(Statement(select(level_change).order_by("id")))
        return [(day_of(r["at"], ZONE), r["kind"], r["from_level"], r["to_level"]) for r in rows]

    async def send(
        self, amount: int, outcome: Callable[[int], Outcome] = delivered, *, counted: bool = True
    ) -> None:
        """Send mails to new addresses, with what becomes of each at once; limits must have room."""
        now, first = self.clock.now(), self.sent + 1
        self.sent += amount
        numbers = range(first, first + amount)
        async with self.database.write() as transaction:
            found = await standings(transaction, [DOMAIN], [1])
            level = found.domains[DOMAIN].level_at(now)
            limits = list(windows(self.quotas, (1, DOMAIN), level, {}, now))
            if counted:
                answers = await count(transaction, [[one.claim(amount) for one in limits]], now)
                assert answers == [None]
            await transaction.execute_many(_MESSAGE, [_message(n, now) for n in numbers])
            await transaction.execute_many(_RECIPIENT, [_recipient(n, now) for n in numbers])
            await record(transaction, [_event(n, now, *outcome(n)) for n in numbers])
        await self.levels.run()

    async def react(self, numbers: range, kind: EventKind) -> None:
        """Let recipients of mails sent before open or complain now."""
        async with self.database.write() as transaction:
            now = self.clock.now()
            await record(transaction, [_event(n, now, kind, {}) for n in numbers])
        await self.levels.run()

    async def task(
        self, recipients: int, outcome: Callable[[int], Outcome] = delivered, step: int = 200
    ) -> tuple[dict[str, int], int]:
        """Send a list as a task does; return the mails of each day and how many were not sent."""
        days: dict[str, int] = {}
        left = recipients
        while left:
            room = await self.pace.room(1, DOMAIN, min(step, left))
            if room.refusal is not None:
                break
            if room.amount:
                await self.send(room.amount, outcome)
                days[self.today] = days.get(self.today, 0) + room.amount
                left -= room.amount
            else:
                assert room.again_at > self.clock.now()
                self.clock.advance(room.again_at - self.clock.now())
                await self.levels.run()
        return days, left


async def store_domain(database: Database, name: str, now: int, level: int = 1) -> None:
    """Store the first account and its verified domain; both get the number 1."""
    owner = {"app_id": 1_300_000_001, "name": "shop", "suspended_reason": ""}
    domain = {"account_id": 1, "domain": name, "dkim_option": 0, "verified": True}
    empty = {"records": "[]", "tags": "[]", "check_due_at": 0, "checks_failed": 0}
    made = {"created_at": now}
    async with database.write() as transaction:
        await transaction.execute(Statement(insert(account).values(owner | made)))
        known = domain | empty | made | {"level": level}
        await transaction.execute(Statement(insert(identity).values(known)))


def _message(number: int, now: int) -> dict[str, object]:
    return {
        "id": number,
        "account_id": 1,
        "public_id": f"m{number}",
        "identity_id": 1,
        "source": "bulk",
        "from_address": f"news@{DOMAIN}",
        "subject": "",
        "template_id": None,
        "task_id": 1,
        "trigger": False,
        "rfc_message_id": "",
        "callback_headers": "{}",
        "accepted_at": now,
    }


def _recipient(number: int, now: int) -> dict[str, object]:
    return {
        **_EMPTY,
        "id": number,
        "message_id": number,
        "account_id": 1,
        "address": f"u{number}@{('gmail.com', 'qq.com')[number % 2]}",
        "domain": "gmail.com",
        "state": 3,
        "rank": 2,
        "flow": 1,
        "accepted_at": now,
        "expires_at": now,
    }


_RECIPIENT = Statement(
    insert(recipient).values({name: bindparam(name) for name in _recipient(0, 0)})
)
"""Columns that a delivered mail does not fill have their defaults."""


def _event(number: int, now: int, kind: EventKind, data: Mapping[str, str | int]) -> Event:
    attempt = {"attempt": 1, "provider": ("gmail", "qq")[number % 2]}
    return Event(
        at=now,
        account_id=1,
        kind=kind,
        message_id=number,
        recipient_id=number,
        data=data if kind in (EventKind.OPEN, EventKind.SPAMREPORT) else attempt | data,
    )
