"""A full mailbox blocks its address only when it is full day after day."""

import pytest
from tests.store.test_queue import message, take

from tayori.classify.reply import classify
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, HOUR, SettableClock
from tayori.suppress.full_mailbox_store import sweep_full
from tayori.suppress.model import BLOCKED_MS, Target
from tayori.suppress.store import SuppressStore

NOW = 1_790_000_000_000
FULL = Outcome(
    kind=Kind.PERMANENT,
    scope=Scope.RECIPIENT,
    stage=Stage.RCPT,
    reply=Reply(552, "5.2.2", ("Mailbox full",)),
)
TARGET = Target(9, "d.test", "a@x.test")


@pytest.fixture
def clock():
    return SettableClock(NOW)


class Mailbox:
    def __init__(self, database, clock):
        self.database, self.clock, self.number = database, clock, 0

    async def settle(self, state, outcome, address="A@x.test"):
        self.number += 1
        now = self.clock.now()
        await take(self.database, message(f"m{self.number}", address, accepted_at=now))
        queue = QueueStore(self.database)
        (leased,) = await queue.lease("p", now, now + HOUR, 1)
        verdict = None if state is State.DELIVERED else classify(outcome)
        done = Settlement(
            recipient=leased,
            state=state,
            at=now,
            outcome=outcome,
            reply=str(outcome.reply),
            verdict=verdict,
        )
        assert await queue.settle("p", [done]) == [True]

    async def full(self, state=State.BOUNCED):
        await self.settle(state, FULL)

    async def blocked(self):
        return TARGET in await SuppressStore(self.database).find([TARGET], self.clock.now())


@pytest.fixture
def mailbox(database, clock):
    return Mailbox(database, clock)


async def test_three_days_block_and_many_times_a_day_do_not(mailbox, clock):
    for _ in range(5):
        await mailbox.full()
        clock.advance(HOUR)
    clock.advance(DAY)
    await mailbox.full()
    assert not await mailbox.blocked()
    clock.advance(DAY)
    await mailbox.full(State.EXPIRED)
    assert await mailbox.blocked()
    clock.advance(BLOCKED_MS)
    assert not await mailbox.blocked()
    await mailbox.full()
    assert not await mailbox.blocked()


async def test_a_mail_that_is_taken_begins_the_count_anew(mailbox, clock):
    for _ in range(2):
        await mailbox.full()
        clock.advance(DAY)
    taken = Outcome(
        kind=Kind.DELIVERED,
        scope=Scope.RECIPIENT,
        stage=Stage.CONTENT,
        reply=Reply(250, "", ("ok",)),
    )
    await mailbox.settle(State.DELIVERED, taken)
    clock.advance(DAY)
    await mailbox.full()
    assert not await mailbox.blocked()


async def test_days_long_apart_do_not_add_up(mailbox, clock, database):
    for _ in range(4):
        await mailbox.full()
        clock.advance(31 * DAY)
    assert not await mailbox.blocked()
    async with database.write() as transaction:
        await sweep_full(transaction, clock.now())
    await mailbox.full()
    clock.advance(DAY)
    await mailbox.full()
    assert not await mailbox.blocked()
