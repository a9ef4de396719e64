"""Reactions in the database: exact over processes, begun once, ended, cancelled, read by all."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.store.test_door import NOW
from tests.store.test_queue import message, take
from tests.store.test_tenants_accounts import room

from tayori.bulk.model import Order, TaskKind, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.db.open import open_database
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.delivery.reactions.model import Effect, Scope
from tayori.delivery.reactions.rules import rules_of
from tayori.delivery.reactions.store import TASK_FAILED, Match, ReactionStore
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND, SettableClock

TEXT = "550 Ip frequency limited"


def rule(**changes):
    table = {
        "text": "frequency limited",
        "threshold": "5 per hour",
        "scope": "source_provider",
        "pause": True,
        "duration": "1 h",
    }
    (made,) = rules_of({"qq-frequency": table | changes}, {})
    return made


def match(at=NOW, of=None, destination="qq", account_id=1, message_id=1):
    return Match(
        rule=of or rule(),
        source="",
        destination=destination,
        account_id=account_id,
        message_id=message_id,
        at=at,
        reason=TEXT,
    )


@pytest.fixture
def store(database):
    return ReactionStore(database)


@pytest.fixture
async def another(installed_url, database):
    opened = open_database(installed_url, 4)
    yield ReactionStore(opened)
    await opened.close()


async def in_force(store):
    return [each.reaction for each in await store.in_force()]


async def happened(database):
    statement = Statement(select(event.c.kind).where(event.c.message_id.is_(None)))
    async with database.read() as transaction:
        return [row["kind"] for row in await transaction.fetch(statement)]


async def test_the_match_that_reaches_the_threshold_over_two_processes_begins_it_once(
    store, another
):
    for number in range(4):
        began = await (store if number % 2 else another).count([match(NOW + number)], NOW + number)
        assert not began
    assert not await in_force(store)
    answers = await asyncio.gather(
        *(each.count([match(NOW + 9)], NOW + 9) for each in (store, another))
    )
    assert [len(began) for began in answers] in ([0, 1], [1, 0])
    (found,) = await in_force(another)
    assert (found.name, found.by) == ("qq-frequency", "rule qq-frequency")
    assert (found.reason, found.effect) == (TEXT, Effect(pause=True))
    assert found.scope == Scope(source="", destination="qq")
    assert (found.began_at, found.ends_at) == (NOW + 9, NOW + 9 + HOUR)


async def test_many_processes_that_storm_begin_one(store, another):
    storms = [each.count([match(), match()], NOW) for each in (store, another) * 10]
    answers = await asyncio.gather(*storms)
    assert len({began.id for answer in answers for began in answer}) == 1
    assert len(await in_force(store)) == 1
    assert len(await store.latest(10)) == 1


async def test_matches_outside_of_the_window_do_not_count(store):
    for number in range(12):
        at = NOW + number * 15 * MINUTE
        assert not await store.count([match(at)], at)
    assert not await in_force(store)
    at = NOW + 11 * 15 * MINUTE + SECOND
    assert await store.count([match(at)] * 1, at)


async def test_places_are_counted_apart(store):
    begun = await store.count([match(destination=f"site {n % 2}") for n in range(8)], NOW)
    assert not begun
    begun = await store.count([match(destination="site 1")], NOW)
    assert [each.scope.destination for each in begun] == ["site 1"]


async def test_a_returning_cause_prolongs_and_one_match_in_the_release_is_enough(store):
    (first,) = await store.count([match()] * 5, NOW)
    assert not await store.count([match(NOW + MINUTE)] * 5, NOW + MINUTE)
    (second,) = await store.count([match(NOW + 9 * MINUTE)] * 5, NOW + 9 * MINUTE)
    assert (second.id, second.ends_at) == (first.id, NOW + 9 * MINUTE + HOUR)
    released = second.ends_at + SECOND
    (third,) = await store.count([match(released)], released)
    assert (third.id, third.returns, third.ends_at) == (first.id, 1, released + 2 * HOUR)
    gone = third.gone_at
    assert not await store.count([match(gone)], gone)
    (ended,) = await store.latest(10)
    assert (ended.ended_at, str(ended.ended_why)) == (gone, "its time was over")
    (anew,) = await store.count([match(gone)] * 4, gone)
    assert anew.id != first.id


async def test_an_account_is_told_of_the_beginning_and_the_end(store, database):
    of = rule(scope="account_provider", threshold="at once")
    (begun,) = await store.count([match(of=of)], NOW)
    assert begun.scope == Scope(destination="qq", account_id=1)
    assert await store.end(begun.id, NOW + 1, "cancelled")
    assert await store.end(begun.id, NOW + 2, "cancelled") is None
    assert await happened(database) == ["reaction_began", "reaction_ended"]
    nameless = match(of=of, account_id=None, message_id=None)
    assert not await store.count([nameless], NOW)


async def a_task(database, now=NOW):
    owner = await room(database, SettableClock(now)).create("shop")
    order = Order(kind=TaskKind.IMMEDIATE, list_id=1, sender="a@b", subject="s", template_id=1)
    return await TaskStore(database).add(owner.account.id, order, ("l", 1), now)


async def test_a_task_is_stopped_with_the_reason_until_it_is_resumed(store, database):
    number = await a_task(database, NOW - 1)
    of_task = replace(message("m", "a@x.test"), task_id=number)
    await take(database, of_task, message("n", "b@x.test"))
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, NOW + MINUTE, 10)
    of = rule(scope="task", threshold="at once", pause=False, stop_task=True)
    matches = [match(of=of, message_id=item.message_id) for item in leased]
    (begun,) = await store.count(matches, NOW)
    assert begun.scope == Scope(account_id=1, task_id=number)
    task = await TaskStore(database).get(number)
    assert task.status is TaskStatus.FAILED
    assert int(task.status) == TASK_FAILED
    assert TEXT in task.error.english
    assert not (await store.in_force())[0].resumed
    resumed = replace(task, status=TaskStatus.SENDING, error="", due_at=NOW + 1)
    assert await TaskStore(database).steer(number, lambda _: resumed, NOW + 1)
    assert (await store.in_force())[0].resumed
    tasks = await store.tasks_of([item.message_id for item in leased])
    assert list(tasks.values()) == [number]


async def test_a_task_that_had_finished_waits_for_an_operator(store, database):
    number = await a_task(database, NOW - 1)
    await TaskStore(database).steer(
        number, lambda task: replace(task, status=TaskStatus.FINISHED, due_at=None), NOW - 1
    )
    await store.add(
        Scope(account_id=1, task_id=number),
        Effect(stop_task=True),
        reason="spam",
        by="operator x",
        duration_ms=DAY,
        now=NOW,
    )
    assert (await TaskStore(database).get(number)).status is TaskStatus.FINISHED
    assert not (await store.in_force())[0].resumed


async def test_an_operators_reaction_at_the_same_place_is_changed(store):
    scope = Scope(destination="qq")

    async def add(effect, duration_ms, now):
        return await store.add(
            scope, effect, reason="r", by="operator x", duration_ms=duration_ms, now=now
        )

    first = await add(Effect(pause=True), HOUR, NOW)
    second = await add(Effect(connections=1), MINUTE, NOW + 1)
    assert second.id == first.id
    assert await in_force(store) == [second]
    assert second.ends_at == NOW + 1 + MINUTE


async def test_cancelling_makes_its_mails_due_at_once(store, database):
    addresses = [f"u{n}@x.test" for n in range(600)]
    await take(database, message("m", *addresses), message("n", "later@x.test"))
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, NOW + MINUTE, 1_000)
    begun = await store.add(
        Scope(destination="qq"),
        Effect(pause=True),
        reason="r",
        by="operator x",
        duration_ms=HOUR,
        now=NOW,
    )
    put_off = [
        Settlement(recipient=item, state=State.QUEUED, at=NOW, due_at=begun.ends_at + item.id % 9)
        for item in leased
        if item.address != "later@x.test"
    ]
    beyond = [
        Settlement(recipient=item, state=State.QUEUED, at=NOW, due_at=begun.gone_at + DAY)
        for item in leased
        if item.address == "later@x.test"
    ]
    await queue.settle("one", put_off + beyond)
    assert not await queue.lease("one", NOW + 1, NOW + MINUTE, 1_000)
    ended = await store.end(begun.id, NOW + 1, "cancelled")
    assert await store.wake(ended, NOW + 1) == 600
    assert len(await queue.lease("one", NOW + 1, NOW + MINUTE, 1_000)) == 600


async def test_what_is_long_over_is_forgotten(store):
    (begun,) = await store.count([match()] * 5, NOW)
    await store.end(begun.id, NOW, "cancelled")
    await store.sweep(NOW + DAY)
    assert len(await store.latest(10)) == 1
    await store.sweep(NOW + 31 * DAY)
    assert not await store.latest(10)
