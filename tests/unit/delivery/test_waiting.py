"""What waits for a site comes out in a fair order, whole."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tayori.delivery.waiting import Waiting
from tayori.delivery.work import Work
from tayori.queue.model import Leased, Priority, Role


def work(number, priority=Priority.NORMAL, account=1, flow=0, attempts=0):
    return Work(
        Leased(
            id=number,
            message_id=number,
            account_id=account,
            address="a@x.test",
            domain="x.test",
            role=Role.TO,
            priority=priority,
            attempts=attempts,
            accepted_at=0,
            expires_at=1,
            flow=flow,
        ),
        None,
    )


KINDS = st.tuples(
    st.sampled_from(Priority), st.integers(1, 3), st.integers(0, 2), st.integers(0, 1)
)
STEPS = st.lists(st.one_of(KINDS, st.sampled_from(["take", "first", "drop", "sift"])), max_size=80)


@given(STEPS)
def test_nothing_is_lost_and_nothing_comes_twice(steps):
    waiting, inside, out = Waiting(), set(), []
    for number, step in enumerate(steps):
        if not isinstance(step, str):
            waiting.add(work(number, *step))
            inside.add(number)
        elif step == "sift":
            waiting.sift(lambda each: each.recipient.id % 3 != 0)
            inside = {each for each in inside if each % 3 != 0}
        elif inside:
            got = waiting.drop() if step == "drop" else waiting.take()
            assert got.recipient.id in inside
            if step == "first":
                waiting.put_first(got)
                assert waiting.take() is got
            inside.remove(got.recipient.id)
            out.append(got.recipient.id)
        assert len(waiting) == len(inside)
        assert {each.recipient.id for each in waiting} == inside
    rest = [waiting.take().recipient.id for _ in range(len(waiting))]
    assert sorted(rest) == sorted(inside)
    assert len(set(out + rest)) == len(out + rest)


@given(st.lists(st.integers(1, 40), min_size=2, max_size=6))
def test_accounts_take_turns_however_much_each_has(amounts):
    waiting = Waiting()
    number = 0
    for account, amount in enumerate(amounts):
        for _ in range(amount):
            number += 1
            waiting.add(work(number, account=account))
    had = Counter()
    for _ in range(number):
        account = waiting.take().recipient.account_id
        others = [had[each] for each, amount in enumerate(amounts) if had[each] < amount]
        assert had[account] <= min(others)
        had[account] += 1


def test_tasks_of_an_account_take_turns():
    waiting = Waiting()
    for number in range(10):
        waiting.add(work(number, Priority.BULK, flow=1))
    waiting.add(work(10, Priority.BULK, flow=2))
    assert [waiting.take().recipient.flow for _ in range(3)] == [1, 2, 1]


def test_trigger_goes_before_normal_before_bulk_which_never_starves():
    waiting = Waiting()
    number = 0
    for priority in Priority:
        for _ in range(160):
            number += 1
            waiting.add(work(number, priority))
    order = [waiting.take().recipient.priority for _ in range(160)]
    counted = Counter(order)
    assert counted[Priority.TRIGGER] >= 138
    assert 10 <= counted[Priority.BULK] <= 22


def test_deferred_mail_gets_a_quarter_while_new_mail_waits_and_all_of_it_afterwards():
    waiting = Waiting()
    for number in range(100):
        waiting.add(work(number, attempts=1))
        waiting.add(work(1000 + number))
    first = [waiting.take().recipient.attempts for _ in range(80)]
    assert sum(first) == 20
    assert sum(waiting.take().recipient.attempts for _ in range(120)) == 80


@given(st.lists(KINDS, min_size=1, max_size=40))
def test_what_is_put_back_is_the_least_urgent(kinds):
    waiting = Waiting()
    for number, kind in enumerate(kinds):
        waiting.add(work(number, *kind))
    lowest = max(kind[0] for kind in kinds)
    assert waiting.drop().recipient.priority is lowest
