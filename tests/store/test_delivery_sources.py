"""Mail leaves from the sources of its account's pool, really bound, each with its own name."""

import random
from collections import Counter
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from tests.store.test_door import NOW, door
from tests.store.test_tenants_accounts import room
from tests.support.deliverers import Deliverers, name_server, within
from tests.unit.accept.test_checks import GOOD, box, many

from tayori.config.delivery import DeliverySettings, PoolSettings, SourceSettings
from tayori.config.rules import RuleFile
from tayori.delivery.pools import pools_of
from tayori.delivery.source_choice import SourceChooser
from tayori.mail.reply import Reply
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.queue.states import State
from tayori.reputation.warmup import WARMUP_RULES, read_table
from tayori.reputation.warmup_store import WarmupStore
from tayori.runtime.clock import HOUR, SettableClock
from tayori.smtp.handler import RECIPIENT_OK, Handler, ServerSettings
from tayori.smtp.server import Server
from tayori.tenants.pool_store import PoolStore

ZONE = ZoneInfo("Asia/Shanghai")
ONE = SourceSettings(name="one", ipv4="127.0.0.11", ehlo_name="one.tayori.test")
TWO = SourceSettings(name="two", ipv4="127.0.0.12", ehlo_name="two.tayori.test")
SIX = SourceSettings(name="six", ipv6="::1", ehlo_name="six.tayori.test")


class Watcher(Handler):
    """Notes for each mail the address and name of its sender; refuses as it is told."""

    def __init__(self, seen, refuse):
        self._seen = seen
        self._refuse = refuse
        self._client = None

    def connect(self, connection):
        self._client = connection

    def rcpt(self, mail, rcpt):
        return self._refuse(rcpt.address) or RECIPIENT_OK

    def data(self, received, content):
        client = self._client
        for rcpt in received.recipients:
            self._seen.append((rcpt.address, client.peer_address, client.helo))
        return Reply(250, "2.0.0", ("taken",))


class World:
    """Receiving servers on both families, and delivery with sources."""

    def __init__(self, database, clock, dns, run_dir):
        self.database, self.clock, self.dns = database, clock, dns
        self.deliverers = Deliverers(database, clock, dns, run_dir)
        self.seen = []
        self.refused = []
        self.refusal = None
        self.pools = PoolStore(database)
        self.warmup = WarmupStore(database, clock, read_table(RuleFile(WARMUP_RULES)), ZONE)
        self.accounts = room(database, clock)
        self.servers = []
        self.port = 0

    async def listen(self, host, port=0):
        handler = ServerSettings(host_name="mx.receiver.test")
        server = Server(lambda _: Watcher(self.seen, self.refuse), handler)
        self.servers.append(server)
        self.port = (await server.start(host, port))[1]

    def refuse(self, address):
        if self.refusal and address not in self.refused:
            self.refused.append(address)
            return self.refusal
        return None

    def chooser(self, sources, pools=(), avoid=lambda _source, _provider: False):
        settings = DeliverySettings(sources=sources, pools=pools)
        return SourceChooser(
            pools=pools_of(settings, ZONE),
            accounts=self.pools,
            warmup=self.warmup,
            clock=self.clock,
            chance=random.Random(1),
            avoid=avoid,
        )

    async def accept(self, *addresses):
        to = tuple(box(address) for address in addresses)
        await door(self.database, self.clock).accept(replace(GOOD, to=to))

    def running(self, sources, **changes):
        return self.deliverers.running(self.port, sources=self.chooser(sources, **changes))

    async def attempts(self):
        store = OperatorStore(self.database)
        found = await store.find(Filter())
        ended = [
            await store.find(Filter(state=state)) for state in (State.DELIVERED, State.BOUNCED)
        ]
        numbers = {entry.message_number for entries in (found, *ended) for entry in entries}
        return [row for number in sorted(numbers) for row in await store.attempts(number)]


@pytest.fixture
async def world(database, tmp_path):
    async with name_server() as dns:
        made = World(database, SettableClock(NOW), dns, tmp_path / "run")
        await made.listen("127.0.0.1")
        yield made
        for server in made.servers:
            await server.stop(grace_s=0)


async def test_the_receiver_sees_the_addresses_and_names_of_both_sources(world):
    await door(world.database, world.clock).accept(replace(GOOD, to=many(40)))
    async with world.running((ONE, TWO)) as loop:
        await within(loop.wait_settled(40))
    senders = Counter((address, name) for _, address, name in world.seen)
    assert set(senders) == {("127.0.0.11", "one.tayori.test"), ("127.0.0.12", "two.tayori.test")}
    assert sum(senders.values()) == 40
    assert min(senders.values()) > 8
    by_address = {"127.0.0.11": "one", "127.0.0.12": "two"}
    left = Counter(row.source for row in await world.attempts())
    assert left == Counter(by_address[address] for _, address, _ in world.seen)


async def test_an_account_with_a_pool_of_its_own_leaves_from_there(world):
    pools = (
        PoolSettings(name="shared", members={"one": 1}),
        PoolSettings(name="own", members={"two": 1}),
    )
    await world.accept("a@x.test")
    async with world.running((ONE, TWO), pools=pools) as loop:
        await within(loop.wait_settled(1))
        made = await world.accounts.create("acme")
        assert made.account.id == 1
        await world.pools.dedicate(1, "own")
        world.clock.advance(6_000)
        await world.accept("b@x.test")
        loop._signal.announce()
        await within(loop.wait_settled(2))
        await world.pools.dedicate(1, None)
        world.clock.advance(6_000)
        await world.accept("c@x.test")
        loop._signal.announce()
        await within(loop.wait_settled(3))
    assert [address for _, address, _ in world.seen] == ["127.0.0.11", "127.0.0.12", "127.0.0.11"]


async def test_a_greylisted_mail_keeps_its_source(world):
    world.refusal = Reply(451, "4.7.1", ("Greylisted, please come back later",))
    names = [f"u{n}@x.test" for n in range(12)]
    await world.accept(*names)
    async with world.running((ONE, TWO)) as loop:
        await within(loop.wait_settled(12))
        world.clock.advance(HOUR)
        loop._signal.announce()
        await within(loop.wait_settled(24))
    rows = await world.attempts()
    first = {row.recipient_id: row.source for row in rows if row.number == 1}
    second = {row.recipient_id: row.source for row in rows if row.number == 2}
    assert len(first) == 12
    assert first == second
    assert set(first.values()) == {"one", "two"}


async def test_a_receiver_with_ipv6_only_is_reached_from_ipv6_only(world):
    world.dns.add_zone("six.test")
    world.dns.add("six.test", "MX", "10 mx.six.test.")
    world.dns.add("mx.six.test", "AAAA", "::1")
    await world.listen("::1", world.port)
    await world.accept("a@six.test", "b@x.test")
    async with world.running((ONE, SIX)) as loop:
        await within(loop.wait_settled(2))
    senders = {rcpt: (address, name) for rcpt, address, name in world.seen}
    assert senders == {
        "a@six.test": ("::1", "six.tayori.test"),
        "b@x.test": ("127.0.0.11", "one.tayori.test"),
    }


async def test_without_an_address_of_the_family_the_mail_waits_and_says_why(world):
    world.dns.add_zone("six.test")
    world.dns.add("six.test", "MX", "10 mx.six.test.")
    world.dns.add("mx.six.test", "AAAA", "::1")
    await world.accept("a@six.test")
    async with world.running((ONE,)) as loop:
        await within(loop.wait_settled(1))
    found = (await world.deliverers.states())["a@six.test"]
    assert found.state is State.DEFERRED
    assert "IPv6 addresses only" in found.reply.english


async def test_a_paused_source_is_avoided_while_another_is_free(world):
    await world.accept(*(f"u{n}@x.test" for n in range(20)))
    paused = lambda source, _provider: source == "one"  # noqa: E731
    async with world.running((ONE, TWO), avoid=paused) as loop:
        await within(loop.wait_settled(20))
    assert {address for _, address, _ in world.seen} == {"127.0.0.12"}
