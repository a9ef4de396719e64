from hypothesis import given
from hypothesis import strategies as st

from tayori.bulk.model import Cause, TaskStatus
from tayori.bulk.pacing import STEP, TURN_MS, Grant, Rival, grant
from tayori.reputation.room import Bound, Room

NOW = 1_000_000


def day(amount):
    return Room(amount=amount, bound=Bound.DOMAIN_DAY, again_at=NOW + 99)


def test_without_a_limit_a_step_is_as_large_as_it_may_be():
    assert grant(Room(amount=10**12), 5_000, [], NOW) == Grant(amount=STEP)


def test_a_full_hour_is_waited_for_and_a_full_day_pauses():
    hour = Room(amount=0, bound=Bound.DOMAIN_HOUR, again_at=NOW + 7)
    assert grant(hour, 0, [], NOW) == Grant(until=NOW + 7)
    assert grant(day(0), 0, [], NOW) == Grant(
        until=NOW + 99, status=TaskStatus.PAUSED, cause=Cause.QUOTA
    )


def test_a_task_is_given_what_is_missing_to_its_part():
    assert grant(day(30), 0, [], NOW).amount == 30
    assert grant(day(30), 0, [Rival(0)], NOW).amount == 15
    # 30 left, 10 and 20 sent: each may end with 30.
    assert grant(day(30), 10, [Rival(20)], NOW).amount == 20
    assert grant(day(30), 20, [Rival(10)], NOW).amount == 10
    # Who is ahead lets the others come up to him.
    assert grant(day(4), 50, [Rival(0)], NOW) == Grant(until=NOW + TURN_MS)
    assert grant(day(10_000), 0, [Rival(0)], NOW).amount == STEP


@given(st.integers(1, 3_000), st.lists(st.integers(0, 900), min_size=1, max_size=6))
def test_the_day_is_used_up_and_nobody_who_got_some_is_ahead_by_more_than_one(left, sent):
    before, tasks = list(sent), list(sent)
    while left:
        moved = False
        for place, own in enumerate(tasks):
            rivals = [Rival(other) for at, other in enumerate(tasks) if at != place]
            amount = grant(day(left), own, rivals, NOW).amount
            assert amount <= left
            tasks[place] += amount
            left -= amount
            moved = moved or amount > 0
            if not left:
                break
        assert moved, "everybody waits for everybody"
    reached = [now for now, then in zip(tasks, before, strict=True) if now > then]
    assert max(reached) - min(tasks) <= 1
