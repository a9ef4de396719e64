"""Counts and charges what the door takes, in its own transaction.

A mail counts once for each recipient that is not dropped at the door; mail that goes nowhere, as to
the simulator, is free. Where mail costs nothing, a batch is one statement and no purse is touched.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final

from tayori.config.money import written_amount
from tayori.db.database import Transaction
from tayori.queue.model import NewMessage
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import day_of, day_range
from tayori.tenants.billing.model import ALL_FREE, Prices, Purse, Usage
from tayori.tenants.billing.pricing import charged
from tayori.tenants.billing.store import count_usage, lock_purses, store_purses


class Bill:
    """The charges of one batch. `purses` are locked by its transaction."""

    def __init__(self, prices: Prices, purses: Mapping[int, Purse]) -> None:
        self._prices = prices
        self._purses = dict(purses)

    def refuses(self, message: NewMessage, day: str) -> Refusal | None:
        """Reserve what the message costs, or return why it cannot be paid."""
        purse = self._purses[message.account_id]
        after, usage = charged(purse, billable(message), day[:7], self._prices)
        if usage.amount and after.balance < 0:
            has = f"{written_amount(purse.balance)} {self._prices.currency}"
            return refuse(
                Code.FAILED_OPERATION__INSUFFICIENT_BALANCE,
                say(
                    "The mail costs {amount}, and the account has {has}.",
                    amount=written_amount(usage.amount),
                    has=has,
                ),
            )
        self._purses[message.account_id] = after
        return None


class Meter:
    """Counts for all accounts. `zone` is the one in which days begin."""

    def __init__(self, prices: Prices, zone: tzinfo) -> None:
        self._prices = prices
        self._zone = zone
        self._day = ("", 0, 0)

    async def open(self, transaction: Transaction, messages: Sequence[NewMessage]) -> "Counting":
        """Begin a batch of messages that may be taken."""
        purses: dict[int, Purse] = {}
        if self._prices.charges:
            purses = await lock_purses(transaction, {one.account_id for one in messages})
        return Counting(self, self._prices, purses)

    def day(self, at: int) -> str:
        """Return the day of an instant."""
        if not self._day[1] <= at < self._day[2]:
            day = day_of(at, self._zone)
            self._day = (day, *day_range(day, self._zone))
        return self._day[0]


UNPRICED: Final = Meter(Prices(currency="", tiers=(), free=ALL_FREE, prepaid=False), UTC)
"""Counts days of UTC, at no price."""


class Counting:
    """One batch under way."""

    def __init__(self, meter: Meter, prices: Prices, purses: Mapping[int, Purse]) -> None:
        self._meter = meter
        self._prices = prices
        self._purses = purses
        self._bill = Bill(prices, purses) if prices.charges and prices.prepaid else None

    def refuses(self, message: NewMessage) -> Refusal | None:
        """Reserve what a message costs, or return why it cannot be paid."""
        if self._bill is None:
            return None
        return self._bill.refuses(message, self._meter.day(message.accepted_at))

    async def write(self, transaction: Transaction, kept: Iterable[NewMessage]) -> None:
        """Count and charge what was taken."""
        purses, used = dict(self._purses), dict[tuple[int, str], Usage]()
        for message in kept:
            mails = billable(message)
            if not mails:
                continue
            day = self._meter.day(message.accepted_at)
            usage = Usage(mails)
            if self._prices.charges:
                purse = purses[message.account_id]
                purses[message.account_id], usage = charged(purse, mails, day[:7], self._prices)
            key = (message.account_id, day)
            used[key] = used.get(key, Usage()).plus(usage)
        await count_usage(transaction, used)
        if self._prices.charges:
            await store_purses(transaction, purses.values())


def billable(message: NewMessage) -> int:
    """Return how many of a message's recipients count."""
    return sum(recipient.counts for recipient in message.recipients)
