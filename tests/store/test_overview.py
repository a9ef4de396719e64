"""The queue, the reviews and the roll of processes as operators look at them."""

from tests.store.test_queue import LEASE_END, NOW, message, settled, take
from tests.support.api_world import BOX
from tests.unit.screen.test_engines import GOOD

from tayori.catalog.model import Template, TemplateContent, TemplateStatus
from tayori.catalog.template_store import TemplateStore, Waiting
from tayori.config.screening import ScanSettings
from tayori.config.tree import Policy
from tayori.db.roll_store import FORGOTTEN_MS, SILENT_MS, Process, RollStore
from tayori.events.feed_store import advance, lags
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.queue.operate import Wish
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.queue.overview_store import NOT_TRIED, OverviewStore
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, HOUR, MINUTE, SettableClock
from tayori.runtime.ids import Ids
from tayori.screen.scanners.breaker import FAILURES
from tayori.screen.scanners.model import Unavailable
from tayori.screen.scanners.scanner import scanner_of
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

BUSY = Outcome(kind=Kind.TEMPORARY, scope=Scope.SITE, stage=Stage.CONNECT)
LATER = NOW + 10


async def waiting(database):
    """Two new mails of two accounts, one deferred and one held."""
    await take(
        database,
        message("m", "a@x.test", "b@y.test", accepted_at=NOW - 2 * HOUR),
        message("n", "c@x.test", account_id=2, accepted_at=NOW - 1),
        message("o", "d@x.test", accepted_at=NOW - 2 * DAY),
    )
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, LEASE_END, 10)
    results = []
    for each in leased:
        tried = settled(each, State.DEFERRED, NOW + MINUTE, BUSY)
        if each.address == "a@x.test":
            results.append(tried)
    await queue.settle("one", results)
    await OperatorStore(database).change(Filter(account_id=1), Wish.RETRY, LEASE_END, "")
    await OperatorStore(database).change(Filter(domain="y.test"), Wish.HOLD, LEASE_END, "")


async def test_an_empty_queue_has_no_length_and_no_groups(database):
    store = OverviewStore(database)
    length = await store.length()
    assert (length.total, length.more, length.oldest_due_at) == (0, False, None)
    overview = await store.groups(NOW)
    assert (overview.groups, overview.whole) == ([], True)
    sight = await store.look(Filter(), 10)
    assert (sight.entries, sight.more, sight.whole) == ([], False, True)


async def test_recipients_are_grouped_by_provider_and_age(database):
    await waiting(database)
    overview = await OverviewStore(database).groups(NOW)
    assert overview.whole
    groups = {group.provider: group for group in overview.groups}
    assert set(groups) == {NOT_TRIED, ""}
    assert groups[""].by_age == (0, 0, 1, 0, 0)
    assert groups[NOT_TRIED].by_age == (1, 0, 1, 0, 1)
    assert (groups[NOT_TRIED].held, groups[NOT_TRIED].total) == (1, 3)
    assert not (await OverviewStore(database).groups(NOW, looked=1)).whole
    length = await OverviewStore(database).length()
    assert (length.total, length.more) == (4, False)
    assert (await OverviewStore(database).length(most=1)).more


async def test_recipients_are_looked_for_by_every_filter(database):
    await waiting(database)

    async def found(most=10, looked=100, **wanted):
        sight = await OverviewStore(database).look(Filter(**wanted), most, looked)
        return sorted(entry.address[0] for entry in sight.entries), sight.more, sight.whole

    assert await found() == (["a", "b", "c", "d"], False, True)
    assert await found(account_id=2) == (["c"], False, True)
    assert await found(domain="x.test") == (["a", "c", "d"], False, True)
    assert await found(state=State.HELD) == (["b"], False, True)
    assert await found(state=State.DEFERRED, account_id=1) == (["a"], False, True)
    assert await found(accepted_before=NOW - DAY) == (["d"], False, True)
    assert await found(provider="elsewhere") == ([], False, True)
    assert await found(account_id=1, task_id=7) == ([], False, True)
    addresses, more, _ = await found(most=2)
    assert (len(addresses), more) == (2, True)
    # What lies beyond the walk is not found, and the answer says so.
    _, _, whole = await found(domain="nowhere.test", looked=1)
    assert not whole


async def test_processes_are_on_the_roll_until_they_leave_or_are_forgotten(database):
    store = RollStore(database)
    one = Process(
        name="h/1/doors", host="h", pid=1, kind="doors", version="1", started_at=NOW, seen_at=NOW
    )
    two = Process(
        name="h/2/delivery",
        host="h",
        pid=2,
        kind="delivery",
        version="1",
        started_at=NOW,
        seen_at=NOW,
    )
    await store.here(one)
    await store.here(two)
    assert await store.all() == [two, one]
    assert not one.silent(NOW + SILENT_MS)
    assert one.silent(NOW + SILENT_MS + 1)
    later = two.now(NOW + 5, b'[{"name":"clamav"}]')
    await store.here(later)
    assert await store.all() == [later, one]
    await store.gone(one.name)
    assert await store.all() == [later]
    await store.here(one.now(NOW + FORGOTTEN_MS + 6, b"[]"))
    assert [each.name for each in await store.all()] == [one.name]
    assert await store.octets() > 0


async def test_readers_of_the_feed_are_behind_until_they_move_on(database):
    await take(database, message("m", "a@x.test"), message("n", "b@x.test"))
    async with database.write() as transaction:
        assert await advance(transaction, "statistics", 0, 1)
    (lag,) = await lags(database)
    assert (lag.reader, lag.events) == ("statistics", 1)
    assert lag.since is not None
    async with database.write() as transaction:
        assert await advance(transaction, "statistics", 1, 2)
    (lag,) = await lags(database)
    assert (lag.events, lag.since) == (0, None)


async def test_templates_wait_in_the_order_they_came(database):
    accounts = Accounts(
        store=AccountStore(database, BOX), clock=SettableClock(NOW), ids=Ids(), policy=Policy()
    )
    for name in ("one", "two"):
        await accounts.create(name)
    store, content = TemplateStore(database), TemplateContent(html="", text="Hello")
    for place, (account, status) in enumerate(
        [
            (1, TemplateStatus.IN_REVIEW),
            (2, TemplateStatus.IN_REVIEW),
            (1, TemplateStatus.IN_REVIEW),
            (1, TemplateStatus.REFUSED),
        ]
    ):
        new = Template(
            id=0,
            account_id=account,
            name=f"t{place}",
            status=status,
            review_reason="",
            version=1,
            created_at=NOW,
            updated_at=NOW + place // 2,
        )
        await store.add(new, content, most=0)

    async def names(most=10, **wanted):
        return [one.name for one in await store.queue(Waiting(**wanted), most)]

    assert await names() == ["t0", "t1", "t2"]
    assert await names(newest_first=True) == ["t2", "t1", "t0"]
    assert await names(account_id=1) == ["t0", "t2"]
    assert await names(status=TemplateStatus.REFUSED) == ["t3"]
    first = await store.queue(Waiting(), 2)
    behind = (first[-1].updated_at, first[-1].id)
    assert await names(behind=behind) == ["t2"]
    assert await names(behind=behind, newest_first=True) == ["t0"]


async def test_an_engine_that_is_down_is_told_of():
    clock = SettableClock(NOW)
    scanner = scanner_of(ScanSettings(clamd="127.0.0.1:1", timeout_s=5), clock)
    assert scanner is not None
    (before,) = scanner.states()
    assert (before.name, before.finds, before.fault) == ("clamav", "malware", "")
    assert (before.answered_at, before.rests_until) == (0, 0)
    for _ in range(FAILURES):
        ((state, result),) = await scanner.probe(GOOD)
        assert isinstance(result, Unavailable)
    assert "clamd" in state.fault
    assert state.rests_until > NOW
    assert scanner.states() == [state]
    await scanner.close()
