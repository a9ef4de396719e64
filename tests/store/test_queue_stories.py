"""Searches for mails by what people know of them, page by page."""

from tests.store.test_queue import NOW, message, take

from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.queue.states import State
from tayori.queue.story_store import StoryStore


async def pages(store, size, **wanted):
    found, before = [], None
    while True:
        more = {} if before is None else {"before": before}
        page = await store.newest(1, size, **wanted, **more)
        found += page
        if len(page) < size:
            return found
        before = page[-1].key


async def test_the_newest_come_first_and_every_one_once(database):
    # Several of one millisecond stand at the edges of pages.
    await take(
        database,
        *(message(f"m{n}", f"u{n % 3}@x.test", accepted_at=NOW + n // 4) for n in range(11)),
        message("other", "u0@x.test", account_id=2),
    )
    store = StoryStore(database)
    found = await pages(store, 2)
    assert [one.message_id for one in found] == [f"m{n}" for n in range(10, -1, -1)]
    of_one = await pages(store, 2, to_address="u1@x.test")
    assert [one.message_id for one in of_one] == ["m10", "m7", "m4", "m1"]
    assert await store.newest(1, 9, to_address="nobody@x.test") == []


async def test_what_is_found_tells_how_the_mail_stands(database):
    await take(database, message("m", "a@x.test", "b@x.test", dropped=("b@x.test",)))
    store = StoryStore(database)
    one, two = await store.of_message(1, "m", 9)
    assert (one.to_address, one.state, one.subject) == ("a@x.test", State.QUEUED, "Hello")
    assert (two.state, str(two.reply)) == (State.DROPPED, "blacklisted")
    async with database.write() as transaction:
        opened = Event(at=NOW, account_id=1, kind=EventKind.OPEN, message_id=1, recipient_id=one.id)
        await record(transaction, [opened])
    (first,) = await store.of_message(1, "m", 1)
    assert first.reactions == {EventKind.OPEN}
    (second,) = await store.of_message(1, "m", 1, after=first.id)
    assert second.to_address == "b@x.test"


async def test_the_fate_of_a_message_is_told_to_its_account_alone(database):
    await take(database, message("m", "a@x.test", "b@x.test"))
    store = StoryStore(database)
    assert await store.of_message(2, "m", 9) == []
    assert await store.fate("m", account_id=2) is None
    assert await store.fate("absent") is None
    fate = await store.fate("m", account_id=1, address="A@x.test")
    assert [entry.address for entry in fate.recipients] == ["a@x.test"]
    assert (await store.fate("m", address="c@x.test")).recipients == []
