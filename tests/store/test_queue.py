import asyncio

import pytest
from sqlalchemy import func, select

from tayori.db.database import IntegrityError
from tayori.db.open import open_database
from tayori.db.statement import Statement
from tayori.db.tables.queue import attempt, message_content, recipient
from tayori.events.model import EventKind
from tayori.events.store import EventStore
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.intake import Intake
from tayori.queue.model import NewMessage, NewRecipient, Priority, Role, Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore

NOW = 1_790_000_000_000
LEASE_END = NOW + 120_000
OK = Outcome(
    kind=Kind.DELIVERED,
    scope=Scope.RECIPIENT,
    stage=Stage.CONTENT,
    reply=Reply(250, "2.0.0", ("taken",)),
    started_at=NOW,
    ended_at=NOW + 5,
)


def message(name, *addresses, priority=Priority.NORMAL, accepted_at=NOW, account_id=1, dropped=()):
    return NewMessage(
        public_id=name,
        account_id=account_id,
        identity_id=7,
        source="api",
        from_address="news@example.org",
        subject="Hello",
        rfc_message_id=f"<{name}@example.org>",
        recipe=b"recipe of " + name.encode(),
        recipients=tuple(
            NewRecipient(
                address=address,
                domain=address.partition("@")[2],
                role=Role.TO,
                dropped_status=1007 if address in dropped else 0,
                dropped_reason="blacklisted" if address in dropped else "",
            )
            for address in addresses
        ),
        accepted_at=accepted_at,
        expires_at=accepted_at + 1000,
        priority=priority,
    )


async def take(database, *messages):
    intake = Intake(database)
    numbers = await intake.number(messages)
    async with database.write() as transaction:
        await intake.take(transaction, messages, numbers)
    return numbers


def settled(leased, state, due_at=None, outcome=OK):
    return Settlement(
        recipient=leased, state=state, at=NOW + 9, due_at=due_at, outcome=outcome, reply="why"
    )


async def amount(database, table):
    async with database.read() as transaction:
        row = await transaction.fetch_one(
            Statement(select(func.count().label("n")).select_from(table))
        )
        return row["n"]


async def test_trigger_mail_is_leased_before_normal_before_bulk(database):
    await take(
        database,
        message("bulk", "a@x.test", priority=Priority.BULK, accepted_at=NOW - 50),
        message("late", "b@x.test"),
        message("early", "c@x.test", accepted_at=NOW - 5),
        message("code", "d@x.test", priority=Priority.TRIGGER),
        message("future", "e@x.test", accepted_at=NOW + 1),
    )
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, LEASE_END, 10)
    assert [item.address for item in leased] == ["d@x.test", "c@x.test", "b@x.test", "a@x.test"]
    assert await queue.lease("two", NOW, LEASE_END, 10) == []
    assert await queue.next_due() == NOW + 1
    recipes = await queue.recipes(item.message_id for item in leased)
    assert recipes[leased[0].message_id] == b"recipe of code"


async def test_a_dead_process_s_work_is_taken_over_when_its_lease_ran_out(database):
    await take(database, message("m", "a@x.test", "b@x.test"))
    queue = QueueStore(database)
    first = await queue.lease("dead", NOW, LEASE_END, 10)
    await queue.extend("dead", [first[1].id], LEASE_END + 500)
    assert await queue.lease("two", LEASE_END - 1, LEASE_END * 2, 10) == []
    taken = await queue.lease("two", LEASE_END, LEASE_END + 900, 10)
    assert [item.id for item in taken] == [first[0].id]
    # The one that lost its lease may not defer any more, but a receiver's yes stays a yes.
    assert await queue.settle("dead", [settled(first[0], State.DEFERRED, NOW + 60)]) == [False]
    assert await queue.settle("dead", [settled(first[0], State.DELIVERED)]) == [True]
    assert await queue.settle("two", [settled(taken[0], State.BOUNCED)]) == [False]


async def test_leases_that_their_owner_never_heard_of_end_at_once(database):
    await take(database, message("m", "a@x.test", "b@x.test"), message("n", "c@x.test"))
    queue = QueueStore(database)
    known, lost = await queue.lease("one", NOW, LEASE_END, 2)
    (others,) = await queue.lease("two", NOW, LEASE_END, 1)
    assert await queue.expire_unheld("one", [known.id], NOW + 1, LEASE_END + 1) == 1
    taken = await queue.lease("three", NOW + 1, LEASE_END, 10)
    assert [item.id for item in taken] == [lost.id]
    assert {known.id, lost.id, others.id} == {1, 2, 3}


async def test_processes_never_lease_the_same_recipient(database, installed_url):
    await take(database, *(message(f"m{n}", f"u{n}@x.test") for n in range(200)))
    other = open_database(installed_url, 4)

    async def work(name, opened):
        mine = []
        while batch := await QueueStore(opened).lease(name, NOW, LEASE_END, 7):
            mine += [item.id for item in batch]
        return mine

    shares = await asyncio.gather(*(work(f"w{n}", (database, other)[n % 2]) for n in range(4)))
    leased = [number for share in shares for number in share]
    assert len(leased) == len(set(leased))
    left = await QueueStore(other).lease("last", NOW, LEASE_END, 500)
    assert len(leased) + len(left) == 200
    await other.close()


async def test_content_is_erased_with_the_last_recipient_and_not_before(database):
    await take(database, message("m", "a@x.test", "b@x.test", "c@x.test"))
    queue = QueueStore(database)
    a, b, c = await queue.lease("one", NOW, LEASE_END, 10)
    assert await queue.settle(
        "one", [settled(a, State.DELIVERED), settled(b, State.DEFERRED, NOW + 60)]
    ) == [True, True]
    assert await amount(database, message_content) == 1
    assert await queue.settle("one", [settled(c, State.BOUNCED)]) == [True]
    (b,) = await queue.lease("one", NOW + 60, LEASE_END, 10)
    assert b.attempts == 1
    await queue.settle("one", [settled(b, State.EXPIRED, outcome=None)])
    assert await amount(database, message_content) == 0
    assert await amount(database, attempt) == 3
    assert await queue.next_due() is None


async def test_two_processes_that_end_the_last_two_recipients_erase_the_content(
    database, installed_url
):
    other = open_database(installed_url, 4)
    await take(database, *(message(f"m{n}", "a@x.test", "b@x.test") for n in range(20)))
    leased = await QueueStore(database).lease("one", NOW, LEASE_END, 100)
    halves = leased[::2], leased[1::2]
    await asyncio.gather(
        QueueStore(database).settle("one", [settled(r, State.DELIVERED) for r in halves[0]]),
        QueueStore(other).settle("one", [settled(r, State.BOUNCED) for r in halves[1]]),
    )
    assert await amount(database, message_content) == 0
    await other.close()


async def test_events_are_committed_with_the_change_they_tell_of(database):
    numbers = await take(database, message("m", "a@x.test", "b@x.test", dropped=("b@x.test",)))
    queue, events = QueueStore(database), EventStore(database)
    (a,) = await queue.lease("one", NOW, LEASE_END, 10)
    await queue.settle("one", [settled(a, State.DELIVERED)])
    found = await events.of_message(numbers[0][0])
    assert [(e.kind, e.data.get("reason")) for e in found] == [
        (EventKind.ACCEPTED, None),
        (EventKind.DROPPED, "blacklisted"),
        (EventKind.DELIVERED, "why"),
    ]
    with pytest.raises(IntegrityError):
        await take(database, message("other", "c@x.test"), message("m", "d@x.test"))
    assert await amount(database, recipient) == 2


async def test_a_late_yes_ends_a_mail_that_was_given_back(database):
    await take(database, message("m", "a@x.test"))
    queue = QueueStore(database)
    (a,) = await queue.lease("one", NOW, LEASE_END, 1)
    await queue.settle("one", [settled(a, State.DEFERRED, NOW + 60)])
    (again,) = await queue.lease("one", NOW + 60, LEASE_END, 1)
    await queue.settle("one", [settled(again, State.QUEUED, NOW, outcome=None)])
    # Somebody without a lease may only say that it was delivered.
    assert await queue.settle("one", [settled(again, State.BOUNCED)]) == [False]
    assert await queue.next_due() == NOW
    assert await queue.settle("one", [settled(again, State.DELIVERED)]) == [True]
    assert await queue.next_due() is None


async def test_status_shows_an_account_its_own_recipients_only(database):
    await take(
        database,
        message("m1", "a@x.test", "b@x.test"),
        message("m2", "a@x.test", accepted_at=NOW + 5),
        message("foreign", "a@x.test", account_id=2),
    )
    queue = QueueStore(database)
    day = (NOW - 10, NOW + 10)

    async def found(**filters):
        rows = await queue.status(1, day, (0, 100), **filters)
        return [(row.message_id, row.to_address) for row in rows]

    assert await found() == [("m1", "a@x.test"), ("m1", "b@x.test"), ("m2", "a@x.test")]
    assert await found(message_id="m1") == [("m1", "a@x.test"), ("m1", "b@x.test")]
    assert await found(to_address="a@x.test") == [("m1", "a@x.test"), ("m2", "a@x.test")]
    assert await found(message_id="m2", to_address="a@x.test") == [("m2", "a@x.test")]
    assert await found(message_id="foreign") == []
    assert len(await queue.status(1, day, (1, 1))) == 1
    assert await queue.status(1, (NOW + 6, NOW + 9), (0, 10)) == []
