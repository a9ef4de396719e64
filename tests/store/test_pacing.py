"""Several processes' pacers on one database: no limit is exceeded, shares move and come back."""

import asyncio
import random

import pytest

from tayori.delivery.pacing.lane import Counted
from tayori.delivery.pacing.pacer import LATE_LOOKS, LIFE_MS, Pacer
from tayori.delivery.pacing.store import PacingStore
from tayori.delivery.shaping import Limits, Rate
from tayori.runtime.clock import SECOND, SettableClock, SystemClock

LIMIT = Counted("site||mx.x.test", Limits(connections=5))


class Process:
    """Opens as many connections as it wants and may, and closes what it has to."""

    def __init__(self, database, clock, name):
        self.pacer = Pacer(store=PacingStore(database), owner=name, clock=clock)
        self.lane = self.pacer.lane(self.fill)
        self.lane.count((LIMIT,))
        self.slots = []
        self.wanted = 0

    def want(self, count):
        self.wanted = count
        self.fill()

    def fill(self):
        while len(self.slots) < self.wanted and (slot := self.lane.take()):
            self.slots.append(slot)
        self.lane.want(max(0, self.wanted - len(self.slots)))

    def obey(self):
        while self.slots and (len(self.slots) > self.wanted or self.lane.must_yield):
            slot = self.slots.pop()
            slot.leave()
            slot.release()

    async def turn(self):
        self.obey()
        await self.pacer.renew()
        self.fill()


@pytest.fixture
def clock():
    return SettableClock()


async def settle(processes, turns=8):
    for _ in range(turns):
        for process in processes:
            await process.turn()
            assert sum(len(each.slots) for each in processes) <= 5


async def test_the_sum_never_exceeds_the_limit_whatever_is_wanted(database, clock):
    processes = [Process(database, clock, f"p{n}") for n in range(4)]
    chance, most = random.Random(3), 0
    for _ in range(40):
        clock.advance(chance.choice([0, 100, SECOND]))
        for process in processes:
            process.want(chance.choice([0, 1, 3, 9]))
            process.obey()

        async def look():
            nonlocal most
            for _ in range(50):
                most = max(most, sum(len(each.slots) for each in processes))
                await asyncio.sleep(0)

        await asyncio.gather(look(), *(process.turn() for process in processes))
        assert sum(len(each.slots) for each in processes) <= 5
    assert most == 5


async def test_shares_follow_demand_and_nobody_is_left_out(database, clock):
    one, two = Process(database, clock, "one"), Process(database, clock, "two")
    one.want(9)
    await settle([one])
    assert len(one.slots) == 5
    two.want(9)
    await settle([one, two])
    assert {len(one.slots), len(two.slots)} == {2, 3}
    one.want(0)
    await settle([one, two])
    assert (len(one.slots), len(two.slots)) == (0, 5)


async def test_processes_take_turns_at_too_few_connections(database, clock):
    processes = [Process(database, clock, f"p{n}") for n in range(7)]
    served = set()
    for process in processes:
        process.want(3)
    for _ in range(20):
        await settle(processes, 1)
        served |= {process.lane for process in processes if process.slots}
        clock.advance(SECOND)
    assert len(served) == 7


async def test_a_dead_process_gives_its_share_to_the_others(database, clock):
    dead, alive = Process(database, clock, "dead"), Process(database, clock, "alive")
    dead.want(5)
    await settle([dead])
    alive.want(5)
    for _ in range(10):
        await alive.turn()
    assert not alive.slots
    clock.advance(LIFE_MS + 1)
    for _ in range(LATE_LOOKS + 2):
        await alive.turn()
    assert len(alive.slots) == 5


async def test_a_living_process_survives_a_jump_of_the_clock(database, clock):
    one, two = Process(database, clock, "one"), Process(database, clock, "two")
    one.want(5)
    await settle([one])
    two.want(5)
    clock.advance(3_600 * SECOND)
    await settle([two, one], 12)
    assert len(one.slots) + len(two.slots) == 5


async def test_a_stop_returns_everything_at_once(database, clock):
    one, two = Process(database, clock, "one"), Process(database, clock, "two")
    one.want(5)
    await settle([one])
    one.want(0)
    one.obey()
    one.lane.close()
    await one.pacer.stop()
    two.want(5)
    await two.turn()
    assert len(two.slots) == 5


async def test_a_rate_is_kept_over_processes(database):
    clock = SystemClock()
    counted = (Counted("site||mx.y.test", Limits(mail_rate=Rate(50, SECOND))),)
    sent = []

    async def send(name):
        pacer = Pacer(store=PacingStore(database), owner=name, clock=clock)
        lane = pacer.lane(lambda: None)
        lane.count(counted)
        lane.queue(40)
        for _ in range(40):
            assert await lane.turn(30)
            sent.append(clock.now())
        lane.close()
        await pacer.stop()

    await asyncio.gather(*(send(f"p{n}") for n in range(3)))
    sent.sort()
    assert len(sent) == 120
    for number, at in enumerate(sent):
        assert sum(at <= other < at + SECOND for other in sent[number:]) <= 50


async def test_a_person_who_waits_is_not_behind_what_others_reserved(database):
    clock = SettableClock()
    limit = (Counted("site||mx.y.test", Limits(mail_rate=Rate(10, SECOND))),)
    bulk = Pacer(store=PacingStore(database), owner="bulk", clock=clock)
    many = bulk.lane(lambda: None)
    many.count(limit)
    many.queue(1_000)
    assert await many.turn(1)
    codes = Pacer(store=PacingStore(database), owner="codes", clock=clock)
    one = codes.lane(lambda: None)
    one.count(limit)
    one.queue(1)
    # The next second belongs to the other process, and the clock stands still.
    assert not await one.turn(0)
    await codes.answered(10)
    assert not await one.turn(0)
    one.queue(1, 1)
    assert await one.turn(1)
    assert not await one.turn(0), "one in ten, and that was it"
    for lane, pacer in ((many, bulk), (one, codes)):
        lane.close()
        await pacer.stop()


async def test_all_mail_and_urgent_mail_together_keep_the_rate(database):
    clock = SystemClock()
    counted = (Counted("site||mx.z.test", Limits(mail_rate=Rate(50, SECOND))),)
    sent = []

    async def send(name, urgent):
        pacer = Pacer(store=PacingStore(database), owner=name, clock=clock)
        lane = pacer.lane(lambda: None)
        lane.count(counted)
        for left in range(40, 0, -1):
            lane.queue(left, left if urgent else 0)
            assert await lane.turn(30)
            sent.append(clock.now())
        lane.close()
        await pacer.stop()

    await asyncio.gather(send("bulk", urgent=False), send("codes", urgent=True))
    sent.sort()
    assert len(sent) == 80
    for number, at in enumerate(sent):
        assert sum(at <= other < at + SECOND for other in sent[number:]) <= 50
