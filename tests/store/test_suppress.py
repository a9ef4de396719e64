import random
from dataclasses import replace

import pytest
from tests.store.test_door import NOW, door
from tests.unit.accept.test_checks import GOOD, box

from tayori.accept.submission import Accepted
from tayori.compose.model import decode_recipe
from tayori.config.tree import Policy
from tayori.delivery.judge import judge
from tayori.delivery.suppression import LastLook
from tayori.delivery.work import Work
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.refusal.codes import Code
from tayori.runtime.clock import DAY, MINUTE, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.suppress.model import Blocked, SendStatus, Target
from tayori.suppress.store import SuppressStore, block
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

UNKNOWN = "550 5.1.1 no such user"


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def store(database):
    accounts = Accounts(
        store=AccountStore(database, SecretBox(bytes(32))),
        clock=SettableClock(NOW),
        ids=Ids(),
        policy=Policy(),
    )
    for name in ("one", "two"):
        await accounts.create(name)
    return SuppressStore(database)


async def put_on_shared(database, address, account=7, days=14):
    async with database.write() as transaction:
        entry = Blocked(
            address=address,
            account_id=account,
            at=NOW,
            expires_at=NOW + days * DAY,
            reason=UNKNOWN,
        )
        await block(transaction, [entry])


def sender_domain():
    return GOOD.sender.address.domain


async def test_each_list_has_its_reason_and_an_end(database, store):
    await put_on_shared(database, "a@x.test")
    await store.add_custom(1, ["b@x.test"], NOW + DAY, NOW)
    await store.unsubscribe(Target(1, "d.test", "c@x.test"), NOW)
    targets = {name: Target(1, "d.test", f"{name}@x.test") for name in "abcd"}
    found = await store.find(list(targets.values()), NOW)
    assert {target: item.status for target, item in found.items()} == {
        targets["a"]: SendStatus.BLACKLISTED,
        targets["b"]: SendStatus.BLACKLISTED,
        targets["c"]: SendStatus.UNSUBSCRIBED,
    }
    assert UNKNOWN in found[targets["a"]].reason.english
    others = [Target(2, "d.test", "b@x.test"), Target(1, "e.test", "c@x.test")]
    assert await store.find(others, NOW) == {}
    later = await store.find(list(targets.values()), NOW + 15 * DAY)
    assert list(later) == [targets["c"]]
    assert await store.resubscribe("d.test", "c@x.test")
    assert await store.find([targets["c"]], NOW) == {}
    assert await store.sweep(NOW + 15 * DAY) == 1


async def test_a_mail_to_nobody_else_is_refused_and_leaves_nothing(database, store, clock):
    await put_on_shared(database, "a@x.test")
    await store.unsubscribe(Target(1, sender_domain(), "u@x.test"), NOW)
    opened = door(database, clock)
    blocked = await opened.accept(replace(GOOD, to=(box("A@x.test"),)))
    assert blocked.code is Code.FAILED_OPERATION__EMAIL_ADDR_IN_BLACKLIST
    gone = await opened.accept(replace(GOOD, to=(box("u@x.test"),)))
    assert gone.code is Code.FAILED_OPERATION__RECEIVER_HAS_UNSUBSCRIBED
    assert await QueueStore(database).status(1, (NOW, NOW + DAY), (0, 10)) == []


async def test_the_others_of_a_mail_get_it_and_the_status_tells_of_the_dropped(
    database, store, clock
):
    await put_on_shared(database, "a@x.test")
    to = (box("a@x.test"), box("b@x.test"))
    assert isinstance(await door(database, clock).accept(replace(GOOD, to=to)), Accepted)
    rows = await QueueStore(database).status(1, (NOW, NOW + DAY), (0, 10))
    found = {row.to_address: (row.send_status, UNKNOWN in row.reply.english) for row in rows}
    assert found == {"a@x.test": (SendStatus.BLACKLISTED, True), "b@x.test": (0, False)}


async def test_own_blacklists_are_kept_apart_and_paged(store):
    assert await store.add_custom(1, ["a@x.test", "b@x.test"], None, NOW) == 2
    assert await store.add_custom(1, ["b@x.test", "c@x.test"], NOW + DAY, NOW) == 1
    assert await store.add_custom(2, ["a@x.test"], None, NOW) == 1
    entries, total = await store.custom(1, 2, (0, 2), NOW)
    assert total == 3
    assert [entry.address for entry in entries] == ["c@x.test", "b@x.test"]
    assert entries[1].expires_at == NOW + DAY
    expired, count = await store.custom(1, 0, (0, 10), NOW + DAY)
    assert (count, {entry.address for entry in expired}) == (2, {"b@x.test", "c@x.test"})
    ((named,), one) = await store.custom(1, 1, (0, 10), NOW + DAY, "a@x.test")
    assert (one, named.active(NOW + DAY)) == (1, True)
    assert await store.change_custom(1, named.id, "n@x.test", NOW) is True
    assert await store.change_custom(1, named.id, "b@x.test", NOW) is None
    assert await store.change_custom(2, named.id, "z@x.test", NOW) is False
    assert await store.remove_custom(1, ["n@x.test", "nobody@x.test"]) == 1
    assert (await store.custom(2, 2, (0, 10), NOW))[1] == 1


async def test_an_account_sees_and_removes_what_its_own_mail_blocked(database, store):
    await put_on_shared(database, "a@x.test", account=1)
    await put_on_shared(database, "b@x.test", account=2)
    mine, total = await store.shared(1, (NOW, NOW + DAY), (0, 10), NOW)
    assert ([item.address for item in mine], total) == (["a@x.test"], 1)
    assert await store.shared_of(1, (NOW, NOW + DAY), "b@x.test", NOW) is None
    assert await store.unblock(1, ["a@x.test", "b@x.test"]) == 1
    assert (await store.shared(2, (NOW, NOW + DAY), (0, 10), NOW))[1] == 1


async def test_a_person_who_left_while_the_mail_waited_is_not_written_to(database, store, clock):
    await door(database, clock).accept(replace(GOOD, to=(box("a@x.test"), box("b@x.test"))))
    await store.unsubscribe(Target(1, sender_domain(), "a@x.test"), NOW)
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, NOW + DAY, 10)
    recipes = await queue.recipes(item.message_id for item in leased)
    works = [Work(item, decode_recipe(recipes[item.message_id])) for item in leased]
    look = LastLook(store, clock)
    assert await look.sort_out(works) == (works, [])
    clock.advance(2 * MINUTE)
    allowed, (dropped,) = await look.sort_out(works)
    assert [work.recipient.address for work in allowed] == ["b@x.test"]
    assert await queue.settle("one", [dropped]) == [True]
    rows = await queue.status(1, (NOW, NOW + DAY), (0, 10), to_address="a@x.test")
    assert [(row.state, row.send_status) for row in rows] == [(State.DROPPED, 1013)]


async def test_a_receiver_that_knows_nobody_of_that_name_blocks_the_address(database, store, clock):
    await door(database, clock).accept(replace(GOOD, to=(box("A@x.test"),)))
    queue = QueueStore(database)
    (leased,) = await queue.lease("one", NOW, NOW + DAY, 10)
    said = Outcome(
        kind=Kind.PERMANENT,
        scope=Scope.RECIPIENT,
        stage=Stage.RCPT,
        reply=Reply(550, "5.1.1", ("No such user",)),
    )
    await queue.settle("one", [judge(leased, said, NOW, random.Random(1))])
    ((blocked,), total) = await store.shared(1, (NOW, NOW + DAY), (0, 10), NOW)
    assert (total, blocked.address, blocked.expires_at) == (1, "a@x.test", NOW + 14 * DAY)
    assert blocked.reason == "550 5.1.1 No such user"
