"""Leases when more is due than there is room for, and what they look through."""

from collections import Counter
from dataclasses import replace

from tests.store.test_queue import LEASE_END, NOW, message, settled, take
from tests.store.test_stats_plans import Analyse, by_index, plan

from tayori.queue import leasing_store, statements
from tayori.queue.model import Priority
from tayori.queue.states import State
from tayori.queue.store import QueueStore


def many(name, count, **kind):
    task = kind.pop("task_id", None)
    found = [message(f"{name}{n}", f"{name}{n}@x.test", **kind) for n in range(count)]
    return [replace(item, task_id=task, expires_at=NOW + 10**9) for item in found]


async def test_all_that_is_due_is_taken_when_there_is_room(database):
    await take(database, *many("a", 5, account_id=1), *many("b", 3, account_id=2))
    assert len(await QueueStore(database).lease("one", NOW, LEASE_END, 8)) == 8


async def test_accounts_take_turns_when_one_has_flooded_the_queue(database):
    await take(database, *many("flood", 300, account_id=1, accepted_at=NOW - 500))
    await take(database, *many("b", 30, account_id=2), *many("c", 2, account_id=3))
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, LEASE_END, 30)
    counted = Counter(item.account_id for item in leased)
    # What the third does not use goes to whoever has waited longest.
    assert counted == {1: 18, 2: 10, 3: 2}


async def test_tasks_of_an_account_take_turns(database):
    bulk = {"priority": Priority.BULK, "account_id": 1}
    await take(database, *many("old", 200, task_id=1, accepted_at=NOW - 900, **bulk))
    await take(database, *many("new", 200, task_id=2, **bulk))
    await take(database, *many("other", 200, task_id=3, **bulk | {"account_id": 2}))
    leased = await QueueStore(database).lease("one", NOW, LEASE_END, 40)
    counted = Counter((item.account_id, item.flow) for item in leased)
    assert counted == {(1, 1): 10, (1, 2): 10, (2, 3): 20}


async def test_bulk_keeps_a_share_and_trigger_goes_first(database):
    await take(
        database,
        *many("bulk", 100, priority=Priority.BULK, task_id=9),
        *many("normal", 100),
        *many("code", 5, priority=Priority.TRIGGER),
    )
    leased = await QueueStore(database).lease("one", NOW, LEASE_END, 32)
    assert [item.priority for item in leased[:5]] == [Priority.TRIGGER] * 5
    assert Counter(item.priority for item in leased) == {
        Priority.TRIGGER: 5,
        Priority.NORMAL: 25,
        Priority.BULK: 2,
    }


async def test_deferred_mail_never_starves_new_mail_nor_the_other_way_round(database):
    await take(database, *many("old", 100, accepted_at=NOW - 900))
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, LEASE_END, 100)
    await queue.settle("one", [settled(item, State.DEFERRED, NOW + 10) for item in leased])
    await take(database, *many("new", 100))
    some = await queue.lease("one", NOW + 20, LEASE_END, 40)
    assert Counter(item.deferred for item in some) == {False: 30, True: 10}
    # What new mail does not use is deferred mail's.
    rest = await queue.lease("one", NOW + 20, LEASE_END, 100)
    assert Counter(item.deferred for item in rest) == {False: 70, True: 30}


async def test_more_accounts_than_room_are_all_served_in_turn(database):
    for account in range(1, 41):
        await take(database, *many(f"a{account}-", 3, account_id=account))
    queue = QueueStore(database)
    served = Counter()
    for step in range(6):
        for item in await queue.lease("one", NOW + step * 2_000, LEASE_END, 20):
            served[item.account_id] += 1
    assert len(served) == 40
    assert max(served.values()) == 3


async def test_nothing_is_leased_twice_and_the_whole_queue_is_served(database):
    for account in range(1, 6):
        await take(database, *many(f"a{account}-", 40, account_id=account))
    queues = [QueueStore(database), QueueStore(database)]
    seen = []
    for step in range(40):
        leased = await queues[step % 2].lease(f"p{step % 2}", NOW + step, LEASE_END, 17)
        seen += [item.id for item in leased]
    assert len(seen) == len(set(seen)) == 200


async def test_choosing_costs_the_same_whatever_the_length_of_the_queue(database):
    for account in range(1, 7):
        await take(
            database,
            *many(f"n{account}-", 1500, account_id=account),
            *many(f"b{account}-", 500, account_id=account, priority=Priority.BULK, task_id=account),
        )
    if database.dialect == "postgresql":
        async with database.write() as transaction:
            await transaction.execute(Analyse())
    flows = {
        "flows": [(1, 0), (2, 0)],
        "accounts": [1, 2],
        "tasks": [0, 0],
        "share": 5,
    }
    for statement, values, index in (
        (statements.COUNT_DUE, {"now": NOW, "most": 20}, "ix_recipient_"),
        (statements.SELECT_DUE, {"of_rank": 1, "now": NOW, "most": 20}, "ix_recipient_rank"),
        (statements.NEXT_DUE, {"of_rank": 1}, "ix_recipient_rank"),
        (
            leasing_store.FLOWS,
            {"of_rank": 1, "after_account": 0, "after_flow": 0, "most": 20},
            "ix_recipient_flow",
        ),
        (leasing_store.DUE_OF_FLOWS, {"of_rank": 1, "now": NOW, **flows}, "ix_recipient_flow"),
    ):
        found = await plan(database, statement, **values)
        lines = [
            line
            for line in found.splitlines()
            # What was found is no table, nor is a list of parameters.
            if not any(
                name in line
                for name in (
                    "SCAN found",
                    "SCAN first",
                    "SCAN wanted",
                    "SCAN (",
                    "SCAN anon",
                    "SCAN CONSTANT",
                )
            )
        ]
        assert by_index("\n".join(lines), index), found


async def test_an_urgent_lease_takes_new_trigger_mail_only(database):
    await take(database, *many("normal", 3), *many("code", 2, priority=Priority.TRIGGER))
    queue = QueueStore(database)
    assert await queue.next_due(urgent=True) is not None
    leased = await queue.lease("one", NOW, LEASE_END, 10, urgent=True)
    assert [item.priority for item in leased] == [Priority.TRIGGER] * 2
    again = [settled(item, State.DEFERRED, NOW + 10) for item in leased]
    await queue.settle("one", again)
    assert await queue.next_due(urgent=True) is None
    assert not await queue.lease("one", NOW + 20, LEASE_END, 10, urgent=True)
    assert len(await queue.lease("one", NOW + 20, LEASE_END, 10)) == 5
