"""Shares, gates, windows and host health by moving clocks, without any input or output."""

import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.delivery.hosts import (
    FAILURES,
    FIRST_REST_MS,
    LONGEST_REST_MS,
    PROBED_MS,
    HostHealth,
)
from tayori.delivery.pacing.gate import Gate
from tayori.delivery.pacing.pool import Pool, Slot
from tayori.delivery.pacing.shares import TURN_MS, Claim, divide, fair
from tayori.delivery.plan import Route, Target
from tayori.delivery.shaping import MICRO, Rate
from tayori.delivery.window import FIRST, STAY_MS, Window
from tayori.runtime.clock import HOUR, MINUTE, SECOND, SettableClock

NOW = 1_790_000_000_000
CLAIMS = st.lists(
    st.builds(
        Claim,
        st.uuids().map(str),
        st.integers(0, 30),
        st.integers(0, 10),
        st.integers(NOW - 60_000, NOW),
    ),
    max_size=8,
)


@given(st.integers(1, 40), CLAIMS)
def test_fair_shares_never_exceed_the_limit_and_leave_nobody_out(limit, claims):
    shares = fair(limit, claims, NOW)
    wanting = [claim for claim in claims if claim.wanted]
    assert sum(shares.values()) <= limit
    assert sum(shares.values()) == min(limit, sum(claim.wanted for claim in wanting))
    assert all(shares[claim.owner] <= claim.wanted for claim in wanting)
    if len(wanting) <= limit:
        assert all(shares[claim.owner] >= 1 for claim in wanting)


@given(st.integers(1, 40), CLAIMS, st.integers(0, 30), st.integers(0, 20))
def test_what_is_granted_never_makes_the_sum_exceed_the_limit(limit, others, wanted, keep):
    taken = sum(claim.granted for claim in others)
    share = divide(limit, Claim("me", wanted, keep, NOW), others, NOW)
    assert share.granted >= keep
    assert share.granted == keep or share.granted + taken <= limit


def test_shares_go_by_demand():
    claims = [Claim("a", 30, 0, NOW), Claim("b", 10, 0, NOW), Claim("c", 1, 0, NOW)]
    assert fair(10, claims, NOW) == {"a": 6, "b": 3, "c": 1}


def test_processes_take_turns_when_there_are_too_few_connections():
    fresh = Claim("fresh", 5, 1, NOW - TURN_MS + 1)
    old = Claim("old", 5, 1, NOW - TURN_MS)
    waits = Claim("waits", 1, 0, NOW - 10)
    assert fair(2, [old, fresh, waits], NOW) == {"fresh": 1, "waits": 1, "old": 0}
    assert fair(2, [old, fresh], NOW) == {"old": 1, "fresh": 1}


def test_a_resting_connection_is_kept_until_somebody_wants_it():
    alone = divide(3, Claim("me", 0, 2, NOW), [], NOW)
    assert (alone.granted, alone.target) == (2, 2)
    asked = divide(3, Claim("me", 0, 2, NOW), [Claim("other", 3, 1, NOW)], NOW)
    assert (asked.granted, asked.target) == (2, 0)


def run_gates(rate, seed):
    """Two processes spend one row of events, each at its own moments; return all of them in µs."""
    chance = random.Random(seed)
    now_us, next_us = NOW * MICRO, NOW * MICRO
    gates = [Gate("k", rate), Gate("k", rate)]
    events = []
    end = now_us + 3 * rate.period_ms * MICRO
    while now_us < end:
        gate = chance.choice(gates)
        gate.backlog = chance.randint(1, 50)
        if gate.delay(now_us) is None:
            tail = gate.give_up_tail(now_us)
            if tail and tail[0] == next_us:
                next_us = tail[1]
            start = max(next_us, now_us)
            next_us = start + gate.count * rate.interval_us
            gate.add(start, next_us)
        if gate.delay(now_us) == 0:
            gate.pass_one(now_us)
            events.append(now_us)
        # A worker sleeps until its turn; until then it looks whenever it is woken.
        turns = [delay for each in gates if (delay := each.delay(now_us))]
        now_us += min([chance.randint(1, rate.interval_us // 3), *turns])
    return events


@pytest.mark.parametrize("rate", [Rate(10, SECOND), Rate(100, MINUTE), Rate(20, HOUR)], ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_no_window_ever_holds_more_than_the_rate(rate, seed):
    events = run_gates(rate, seed)
    period_us = rate.period_ms * MICRO
    for number, at in enumerate(events):
        assert bisect_left(events, at + period_us) - number <= rate.count
    assert len(events) > rate.count


def test_a_slot_of_a_slow_rate_that_came_too_late_is_given_back():
    gate = Gate("k", Rate(1, MINUTE))
    start = NOW * MICRO
    gate.add(start, start + gate.rate.interval_us)
    late = start + 5 * SECOND * MICRO
    assert gate.delay(late) is None
    assert gate.give_up_tail(late) == (start + gate.rate.interval_us, start)
    gate.add(late, late + gate.rate.interval_us)
    assert gate.delay(late) == 0
    gate.pass_one(late)
    assert gate.delay(late) is None


def test_a_rate_that_is_free_only_far_ahead_says_when():
    gate = Gate("k", Rate(1, HOUR))
    ahead = NOW * MICRO + HOUR * MICRO
    gate.add(ahead, ahead)
    assert gate.delay(NOW * MICRO) == HOUR * MICRO
    assert gate.delay(ahead) is None


class Wanting:
    """Takes as many slots as it wants whenever it may."""

    def __init__(self, pool):
        self.pool = pool
        self.taken = []

    def could_go(self):
        return self.pool.room > 0

    def may_open(self):
        return True

    def on_free(self):
        self.taken.append(Slot((self.pool,)))


def test_a_pool_ends_resting_connections_for_those_who_wait():
    pool = Pool("k", 5, lambda _: None)
    pool.granted = pool.target = 2
    slots = [Slot((pool,)), Slot((pool,))]
    ended = []
    slots[0].rest(lambda: ended.append(0))
    assert (pool.room, pool.wanted, pool.excess) == (0, 1, 0)
    pool.recall()
    assert not ended
    pool.waiting[Wanting(pool)] = 1
    pool.recall()
    assert ended == [0]
    pool.recall()
    slots[0].release()
    slots[0].release()
    assert (pool.room, pool.held) == (1, 1)
    pool.target = 0
    assert pool.excess == 1
    slots[1].leave()
    assert pool.excess == 0


def test_concurrency_rises_slowly_and_falls_fast():
    window = Window()
    assert (window.size(20), window.size(3)) == (FIRST, 3)
    for _ in range(FIRST):
        window.delivered(NOW, 20)
    assert window.size(20) in {FIRST, FIRST + 1}
    for _ in range(300):
        window.delivered(NOW, 20)
    assert window.size(20) == 20
    window.refused(NOW, 7)
    assert window.size(20) == 7
    for _ in range(100):
        window.delivered(NOW + STAY_MS - 1, 20)
    assert window.size(20) == 7
    for _ in range(100):
        window.delivered(NOW + STAY_MS + 1, 20)
    assert window.size(20) > 7
    window.refused(NOW, 0)
    assert window.size(20) == 1


def fail(hosts, clock, address="192.0.2.1"):
    began = clock.now()
    clock.advance(SECOND)
    hosts.failed(address, "", began)


def test_a_host_that_fails_rests_longer_each_time_with_one_probe():
    clock = SettableClock(NOW)
    hosts = HostHealth(clock, random.Random(1))
    for _ in range(FAILURES):
        assert hosts.may_try("192.0.2.1", "")
        fail(hosts, clock)
    rests = []
    for _ in range(6):
        assert not hosts.may_try("192.0.2.1", "")
        assert hosts.may_try("192.0.2.1", "other source")
        assert hosts.may_try("192.0.2.2", "")
        rested = 0
        while not hosts.may_try("192.0.2.1", ""):
            clock.advance(SECOND)
            rested += SECOND
        assert not hosts.may_try("192.0.2.1", ""), "one probe only"
        rests.append(rested)
        fail(hosts, clock)
    assert FIRST_REST_MS * 0.9 - SECOND <= rests[0] <= FIRST_REST_MS * 1.1 + SECOND
    assert all(rest <= LONGEST_REST_MS + SECOND for rest in rests)
    assert rests[-1] > LONGEST_REST_MS * 0.8
    clock.advance(LONGEST_REST_MS)
    assert hosts.may_try("192.0.2.1", "")
    hosts.succeeded("192.0.2.1", "")
    assert hosts.may_try("192.0.2.1", "")
    assert hosts.may_try("192.0.2.1", "")


def test_connections_that_failed_together_count_once():
    clock = SettableClock(NOW)
    hosts = HostHealth(clock, random.Random(1))
    for _ in range(10):
        hosts.failed("192.0.2.1", "", NOW - 10 if clock.now() > NOW else NOW)
        clock.advance(1)
    assert hosts.may_try("192.0.2.1", "")


def test_a_lost_probe_is_forgotten():
    clock = SettableClock(NOW)
    hosts = HostHealth(clock, random.Random(1))
    for _ in range(FAILURES):
        fail(hosts, clock)
    clock.advance(LONGEST_REST_MS)
    assert hosts.may_try("192.0.2.1", "")
    assert not hosts.may_try("192.0.2.1", "")
    clock.advance(HOUR)
    assert hosts.may_try("192.0.2.1", "")


def test_a_route_whose_hosts_are_all_down_waits_for_the_first_of_them():
    clock = SettableClock(NOW)
    hosts = HostHealth(clock, random.Random(1))
    route = Route("x", (Target("mx.x.test", "192.0.2.1"), Target("mx2.x.test", "192.0.2.2")))
    for _ in range(FAILURES):
        fail(hosts, clock)
    clock.advance(MINUTE)
    for _ in range(FAILURES):
        fail(hosts, clock, "192.0.2.2")
    wait = hosts.down(route)
    assert FIRST_REST_MS * 0.9 - MINUTE <= wait.until - clock.now() <= FIRST_REST_MS * 1.1 - MINUTE
    clock.advance(FIRST_REST_MS)
    assert hosts.may_try("192.0.2.1", "")
    assert hosts.down(route).until == clock.now() + PROBED_MS, "somebody probes it"


def test_a_rate_is_parted_exactly():
    assert Rate(9, MINUTE).parted() == (Rate(9, MINUTE), None)
    assert Rate(10, MINUTE).parted() == (Rate(9, MINUTE), Rate(1, MINUTE))
    common, kept = Rate(105, SECOND).parted()
    assert kept is not None
    assert (common.count + kept.count, kept.count) == (105, 10)


def test_a_person_who_waits_gets_the_first_connection_that_ends():
    pool = Pool("k", 5, lambda _: None)
    pool.granted = pool.target = 2
    Slot((pool,))
    leaving = Slot((pool,))
    busy, patient, pressed = Wanting(pool), Wanting(pool), Wanting(pool)
    pool.wait(patient, 3, urgent=False)
    assert not pool.must_yield(busy)
    pool.wait(pressed, 1, urgent=True)
    assert list(pool.waiting) == [pressed, patient]
    assert pool.must_yield(busy)
    assert not pool.must_yield(pressed)
    leaving.leave()
    assert not pool.must_yield(busy), "one that ends is enough"
    leaving.release()
    assert not pool.must_yield(busy), "there is room now"
    pool.wait(pressed, 0, urgent=False)
    assert (list(pool.waiting), pool.urgent) == ([patient], set())


class NoTurn(Wanting):
    """Could not open a connection now: the receiver's rate forbids it."""

    def may_open(self):
        return False


def test_no_connection_ends_for_one_that_may_not_be_opened_yet():
    pool = Pool("k", 5, lambda _: None)
    pool.granted = pool.target = 1
    Slot((pool,)).rest(lambda: None)
    pool.wait(NoTurn(pool), 1, urgent=True)
    pool.recall()
    assert len(pool.resting) == 1
    assert not pool.must_yield(Wanting(pool))
