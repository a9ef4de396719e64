"""What an account sees of who is not written to, and of what came back: narrowed, page by page."""

import pytest
from tests.store.test_api_reports import react, sent, settle
from tests.support.api_world import ZONE, api_world

from tayori.events.feed_store import Horizon
from tayori.events.model import EventKind
from tayori.queue.states import State
from tayori.runtime.clock import DAY, day_of
from tayori.stats.model import KeysWanted, Kind
from tayori.stats.response_store import ResponseStore, ResponseWanted
from tayori.stats.rollup import RollUp
from tayori.suppress.listed_store import Life, ListedStore, Narrowed
from tayori.suppress.model import Blocked, Target
from tayori.suppress.store import block


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


async def every(page, first):
    """Walk through all pages of two rows; return the rows."""
    seen, key = [], first
    while key is not None:
        rows, key = await page(key)
        assert len(rows) <= 2
        seen += rows
    return seen


async def test_what_the_account_s_mail_blocked(world):
    account, now = world.one.account.id, world.clock.now()
    # Two of a moment: the address makes the order unique.
    entries = [
        ("a@x.test", account, now - 3 * DAY),
        ("b@x.test", account, now - DAY),
        ("c_d@y.test", account, now - DAY),
        ("cxd@y.test", account, now),
        ("other@x.test", world.two.account.id, now),
        ("over@x.test", account, now - 20 * DAY),
    ]
    async with world.database.write() as transaction:
        await block(
            transaction,
            [
                Blocked(address=a, account_id=of, at=at, expires_at=at + 14 * DAY, reason="550 no")
                for a, of, at in entries
            ],
        )
    store = ListedStore(world.database)

    async def found(**narrowed):
        wanted = Narrowed(**narrowed)
        rows = await every(lambda key: store.shared(account, wanted, now, key, 2), (2**62, ""))
        return [row.address for row in rows]

    assert await found() == ["cxd@y.test", "c_d@y.test", "b@x.test", "a@x.test"]
    assert await found(text="C_D") == ["c_d@y.test"]
    assert await found(domain="x.test") == ["b@x.test", "a@x.test"]
    assert await found(domain=".test") == []
    assert await found(first=now - DAY, end=now) == ["c_d@y.test", "b@x.test"]


async def test_an_own_blacklist_with_its_ends(world):
    account, now = world.one.account.id, world.clock.now()
    own = world.services.suppressions
    await own.add_custom(account, ["ever@x.test"], None, now)
    await own.add_custom(account, ["over@x.test"], now, now - DAY)
    await own.add_custom(account, ["soon@y.test"], now + 1, now)
    await own.add_custom(world.two.account.id, ["theirs@x.test"], None, now)
    store = ListedStore(world.database)

    async def found(**narrowed):
        wanted = Narrowed(**narrowed)
        rows = await every(lambda key: store.custom(account, wanted, now, key, 2), (2**62,))
        return [row.address for row in rows]

    assert await found() == ["soon@y.test", "over@x.test", "ever@x.test"]
    assert await found(life=Life.ACTIVE) == ["soon@y.test", "ever@x.test"]
    assert await found(life=Life.EXPIRED) == ["over@x.test"]
    assert await found(domain="x.test", text="ev") == ["ever@x.test"]
    assert await found(first=now) == ["soon@y.test", "ever@x.test"]


async def test_who_unsubscribed_and_takes_it_back(world):
    account, now = world.one.account.id, world.clock.now()
    own = world.services.suppressions
    for n, (domain, address) in enumerate(
        [("d.test", "a@x.test"), ("e.test", "a@x.test"), ("d.test", "b@y.test")]
    ):
        await own.unsubscribe(Target(account, domain, address), now + n // 2)
    await own.unsubscribe(Target(world.two.account.id, "f.test", "a@x.test"), now)
    store = ListedStore(world.database)

    async def found(sender="", **narrowed):
        wanted = Narrowed(**narrowed)
        rows = await every(lambda key: store.gone(account, wanted, sender, key, 2), (2**62, "", ""))
        return [(row.domain, row.address) for row in rows]

    first, second, third = ("d.test", "a@x.test"), ("e.test", "a@x.test"), ("d.test", "b@y.test")
    assert await found() == [third, second, first]
    assert await found("d.test") == [third, first]
    assert await found(text="b@") == [third]
    assert await found(end=now + 1) == [second, first]
    assert await store.resubscribe(world.two.account.id, "d.test", ["a@x.test"]) == 0
    assert await store.resubscribe(account, "d.test", ["a@x.test", "z@x.test"]) == 1
    assert await found() == [third, second]
    await store.leave(account, "d.test", ["b@y.test", "n@y.test"], now + 9)
    assert await found() == [("d.test", "n@y.test"), third, second]


async def test_bounces_and_complaints(world):
    await sent(world, "a@x.test", "B@x.test", "c@y.test")
    states = {"a@x.test": State.BOUNCED, "B@x.test": State.DELIVERED, "c@y.test": State.DELIVERED}
    leased = await settle(world, states)
    now, account = world.clock.now(), world.one.account.id
    found = {"reason": '550 5.1.1 "class":"moved"', "class": "unknown_user"}
    await react(world, leased["B@x.test"], EventKind.BOUNCE, at=now + 5, **found)
    await react(world, leased["c@y.test"], EventKind.SPAMREPORT, at=now + 7)
    store = ResponseStore(world.database)

    async def bounces(**narrowed):
        wanted = ResponseWanted(account_id=account, **narrowed)
        rows = await every(lambda key: store.bounces(wanted, key, 2), (2**62, 2**62))
        return [(row.address, row.bounce_class) for row in rows]

    late, early = ("B@x.test", "unknown_user"), ("a@x.test", "")
    assert await bounces() == [late, early]
    assert await bounces(bounce_class="unknown_user") == [late]
    # What a server says is no class, whatever it says.
    assert await bounces(bounce_class="moved") == []
    assert await bounces(text="b@X") == [late]
    assert await bounces(domain="y.test") == []
    assert await bounces(sender_domain="mail.example.test", first=now + 1) == [late]
    assert await bounces(sender_domain="ail.example.test") == []
    wanted = ResponseWanted(account_id=account)
    (complaint,), key = await store.complaints(wanted)
    assert (complaint.address, complaint.at, key) == ("c@y.test", now + 7, None)
    assert complaint.public_id.startswith("qcloudses-")
    nobody = ResponseWanted(account_id=world.two.account.id)
    assert await store.bounces(nobody) == await store.complaints(nobody) == ([], None)
    rollup = RollUp(store=world.services.stats, horizon=Horizon(world.database), zone=ZONE)
    for _ in range(3):
        await rollup.run()
    days = KeysWanted(account_id=account, kind=Kind.CLASS, days=[day_of(now, ZONE)])
    by_class = await world.services.stats.by_key(days)
    assert {key: volume.bounced for key, volume in by_class.items()} == {
        "other": 1,
        "unknown_user": 1,
    }
