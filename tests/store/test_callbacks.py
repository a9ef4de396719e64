"""Events reach the customers' servers: each one, in order, whatever those servers do."""

import asyncio
import json
import ssl
from dataclasses import replace

import pytest
import trustme
from aiohttp import web
from sqlalchemy import select
from tests.store.test_queue import message, settled, take
from tests.support.callback_receiver import CallbackReceiver, yes
from tests.support.callback_storm import check_storm, storm

from tayori.callbacks.endpoint_store import EndpointStore
from tayori.callbacks.model import CallState
from tayori.callbacks.posting import Poster
from tayori.callbacks.sender import LONGEST_REST_MS
from tayori.callbacks.service import Dispatcher, Selection
from tayori.callbacks.signing import signature
from tayori.callbacks.store import CallbackStore, LostRaceError
from tayori.config.tree import CallbackSettings, Policy
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.dns.resolver import Resolver
from tayori.events.feed_store import Horizon
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.refusal.saying import keep
from tayori.runtime.clock import DAY, HOUR, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.sandbox.dns_server import DnsServer
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

NOW = 1_790_000_000_000
BOX = SecretBox(bytes(range(32)))


class World:
    """Everything that calls, on one database, with a clock that stands still."""

    def __init__(self, database, resolver, clock, account, **settings):
        given = {"allow_private_networks": True, "timeout_s": 5.0, "at_once": 4, **settings}
        self.database, self.resolver, self.clock, self.account = database, resolver, clock, account
        self.settings = CallbackSettings(**given)
        self.store = CallbackStore(database, BOX)
        self.endpoints = EndpointStore(database, BOX)
        self.selection = Selection(self.store, Horizon(database), clock)
        self.switched_off = []

    async def endpoint(self, url, sender="", account_id=None):
        number = account_id or self.account.id
        made = await self.endpoints.put(number, sender, url, b"s3cret", self.clock.now())
        return await self.endpoints.get(made)

    async def react(self, leased, *kinds, account_id=None):
        async with self.database.write() as transaction:
            await record(
                transaction,
                [
                    Event(
                        at=self.clock.now(),
                        account_id=account_id or self.account.id,
                        kind=kind,
                        message_id=leased.message_id,
                        recipient_id=leased.id,
                    )
                    for kind in kinds
                ],
            )

    async def send(self, owner="here"):
        """Make calls of all events and send whatever is due; return how many endpoints had some."""
        await self.selection.run()
        async with Poster(self.resolver, self.settings, self.clock) as poster:
            dispatcher = Dispatcher(
                owner=owner,
                store=self.store,
                poster=poster,
                clock=self.clock,
                at_once=self.settings.at_once,
                switched_off=self._note,
            )
            taken = await dispatcher.look()
            await dispatcher.idle()
        return taken

    async def _note(self, endpoint, reason):
        self.switched_off.append((endpoint.url, reason))

    async def log(self, endpoint):
        return await self.endpoints.log(endpoint.id, 1_000)


@pytest.fixture
async def make_world(database):
    clock = SettableClock(NOW)
    accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=Policy())
    access = await accounts.create("one")
    async with DnsServer() as dns:
        dns.add_zone("test")
        dns.set("inside.test", "A", "127.0.0.1")
        resolver = Resolver([dns.address], clock, timeout_s=1.0, rounds=1)
        yield lambda **settings: World(database, resolver, clock, access.account, **settings)
        await resolver.close()


@pytest.fixture
async def receiver():
    async with CallbackReceiver() as made:
        yield made


async def delivered(world, *names, from_address="news@mail.test"):
    """Take and deliver a message to each address; return what was leased."""
    await take(
        world.database,
        *(
            replace(
                message(
                    f"m-{name}",
                    name,
                    account_id=world.account.id,
                    accepted_at=world.clock.now(),
                ),
                from_address=from_address,
            )
            for name in names
        ),
    )
    queue = QueueStore(world.database)
    leased = await queue.lease("p", world.clock.now(), world.clock.now() + 1_000, len(names))
    await queue.settle("p", [settled(one, State.DELIVERED) for one in leased])
    return leased


async def test_a_delivery_is_told_with_a_signature(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)
    await delivered(world, "a@x.test")
    assert await world.send() == 1
    (taken,) = receiver.taken
    assert (taken.event["event"], taken.event["email"]) == ("delivered", "a@x.test")
    assert taken.event["username"] == str(world.account.app_id)
    assert taken.headers["Content-Type"] == "application/json"
    told = taken.headers["X-Tayori-Signature"]
    assert told == signature(endpoint.secret, taken.body, NOW // 1000)
    (entry,) = await world.log(endpoint)
    assert (entry.state, entry.status, entry.response) == (CallState.DONE, 200, '{"ok": true}')
    assert await world.send() == 0


async def test_the_senders_own_address_wins(make_world, receiver):
    world = make_world()
    async with CallbackReceiver() as own:
        await world.endpoint(receiver.url)
        await world.endpoint(own.url, "News@Mail.Test".lower())
        await delivered(world, "a@x.test", from_address="News@mail.test")
        await delivered(world, "b@x.test", from_address="other@mail.test")
        assert await world.send() == 2
        assert [one.event["email"] for one in own.taken] == ["a@x.test"]
        assert [one.event["email"] for one in receiver.taken] == ["b@x.test"]


async def test_nobody_hears_of_anothers_mail(make_world, receiver):
    world = make_world()
    await world.endpoint(receiver.url, account_id=world.account.id + 1)
    await delivered(world, "a@x.test")
    assert await world.send() == 0
    assert receiver.taken == []


async def test_a_recipients_events_stay_in_order_while_others_go_on(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)
    leased = await delivered(world, *(f"u{n}@x.test" for n in range(10)))
    for one in leased:
        await world.react(one, EventKind.OPEN, EventKind.CLICK, EventKind.UNSUBSCRIBE)
    refusing = True

    async def moody(taken):
        bad = refusing and (taken.event["email"], taken.event["event"]) == ("u3@x.test", "open")
        return web.Response(status=500, text="no\x1b[31m") if bad else await yes(taken)

    receiver.behave = moody
    await world.send()
    of_three = [one.event["event"] for one in receiver.taken if one.event["email"] == "u3@x.test"]
    assert of_three == ["delivered", "open"]
    assert len(receiver.taken) == 38
    failed = [entry for entry in await world.log(endpoint) if entry.status == 500]
    assert [entry.response for entry in failed] == ["no [31m"]
    refusing = False
    assert await world.send() == 0
    world.clock.advance(6_000)
    await world.send()
    by_address = {}
    for one in receiver.taken:
        by_address.setdefault(one.event["email"], []).append(one.event["event"])
    assert by_address.pop("u3@x.test") == ["delivered", "open", "open", "click", "unsubscribe"]
    assert set(map(tuple, by_address.values())) == {("delivered", "open", "click", "unsubscribe")}
    assert receiver.most_at_once <= 4


async def test_a_dead_endpoint_rests_and_holds_nobody_up(make_world, receiver):
    world = make_world()
    async with CallbackReceiver() as gone:
        dead_url = gone.url
    dead = await world.endpoint(dead_url)
    await world.endpoint(receiver.url, "other@mail.test")
    await delivered(world, *(f"d{n}@x.test" for n in range(60)))
    await delivered(world, *(f"l{n}@x.test" for n in range(60)), from_address="other@mail.test")
    assert await world.send() == 2
    assert len(receiver.taken) == 60
    tried = len(await world.log(dead))
    assert 10 < tried < 20
    assert all(entry.error and entry.status is None for entry in await world.log(dead))
    assert await world.send() == 0
    world.clock.advance(LONGEST_REST_MS)
    assert await world.send() == 1
    assert len(await world.log(dead)) == tried + 1


async def test_a_slow_endpoint_is_given_up_after_its_time(make_world, receiver):
    world = make_world(timeout_s=0.05)
    endpoint = await world.endpoint(receiver.url)
    never = asyncio.Event()

    async def slow(_taken):
        await never.wait()
        return web.Response()

    receiver.behave = slow
    await delivered(world, "a@x.test")
    await world.send()
    (entry,) = await world.log(endpoint)
    assert entry.error.english == "No answer within 0.05 seconds."
    assert entry.state is CallState.WAITING
    never.set()


@pytest.mark.parametrize("kind", ["reset", "redirect", "endless"])
async def test_odd_answers_are_logged_with_a_reason(make_world, receiver, kind):
    world = make_world(timeout_s=2.0)
    endpoint = await world.endpoint(receiver.url)

    async def odd(_taken):
        if kind == "redirect":
            return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})
        return web.Response(text="x" * 5_000_000)

    receiver.behave = odd
    if kind == "reset":

        async def handle(_reader, writer):
            writer.transport.abort()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        endpoint = await world.endpoint(f"http://127.0.0.1:{port}/")
    await delivered(world, "a@x.test")
    await world.send()
    (entry,) = await world.log(endpoint)
    expected = {"reset": (None, True), "redirect": (302, True), "endless": (200, False)}[kind]
    assert (entry.status, bool(entry.error)) == expected
    assert len(entry.response) <= 500
    if kind == "reset":
        server.close()
        await server.wait_closed()


async def test_private_networks_are_not_called(make_world, receiver):
    world = make_world(allow_private_networks=False)
    literal = await world.endpoint(receiver.url)
    named = await world.endpoint(f"http://inside.test:{receiver.port}/events", "other@mail.test")
    await delivered(world, "a@x.test")
    await delivered(world, "b@x.test", from_address="other@mail.test")
    await world.send()
    assert receiver.taken == []
    for endpoint in (literal, named):
        (entry,) = await world.log(endpoint)
        assert entry.error.english.startswith("Not called: ")


async def test_https_is_verified(make_world, tmp_path):
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    roots = tmp_path / "roots.pem"
    authority.cert_pem.write_to_path(str(roots))
    async with CallbackReceiver(tls=context) as secure:
        strict = make_world()
        endpoint = await strict.endpoint(secure.url)
        await delivered(strict, "a@x.test")
        await strict.send()
        assert secure.taken == []
        assert "certificate" in (await strict.log(endpoint))[0].error.english.lower()
        strict.clock.advance(6_000)
        trusting = make_world(tls_ca_file=str(roots))
        await trusting.send()
        assert [one.event["email"] for one in secure.taken] == ["a@x.test"]


async def events_of(database):
    async with database.read() as transaction:
        return await transaction.fetch(Statement(select(event).order_by(event.c.id)))


async def test_after_a_day_of_failures_an_endpoint_is_off_until_a_replay(
    make_world, receiver, database
):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)

    async def no(_taken):
        return web.Response(status=503)

    receiver.behave = no
    await delivered(world, "a@x.test", "b@x.test")
    for _ in range(60):
        await world.send()
        world.clock.advance(HOUR // 2)
    found = await world.endpoints.get(endpoint.id)
    assert found.off_at is not None
    assert found.off_reason.english == "Every call failed for 24 hours; the last: HTTP status 503"
    assert world.switched_off == [(receiver.url, found.off_reason)]
    (told,) = [one for one in await events_of(database) if one["kind"] == "callback_off"]
    assert told["account_id"] == world.account.id
    assert json.loads(told["data"]) == {"url": receiver.url, "reason": keep(found.off_reason)}
    await delivered(world, "c@x.test")
    receiver.behave = yes
    receiver.taken.clear()
    assert await world.send() == 0
    await world.endpoints.switch_on(endpoint.id)
    period = (NOW, world.clock.now() + 1)
    replayed = await world.endpoints.replay(
        endpoint.id, period, world.clock.now(), failed_only=True
    )
    assert replayed == 3
    await world.send()
    assert [one.event["email"] for one in receiver.taken] == ["a@x.test", "b@x.test", "c@x.test"]
    assert (await world.endpoints.get(endpoint.id)).failing_since is None


async def test_a_replay_repeats_what_was_taken_as_well(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)
    await delivered(world, "a@x.test")
    await world.send()
    world.clock.advance(1_000)
    period, now = (NOW, NOW + 1), world.clock.now()
    assert await world.endpoints.replay(endpoint.id, period, now, failed_only=True) == 0
    assert await world.endpoints.replay(endpoint.id, period, now, failed_only=False) == 1
    await world.send()
    first, second = receiver.taken
    assert first.body == second.body
    assert first.headers["X-Tayori-Call-Id"] == second.headers["X-Tayori-Call-Id"]


async def test_the_log_is_read_in_parts_and_by_what_failed(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)

    async def sometimes(taken):
        return web.Response(status=200 if taken.event["email"].startswith("b") else 500)

    receiver.behave = sometimes
    await delivered(world, "a@x.test", "b@x.test", "c@x.test")
    await world.send()
    log = await world.endpoints.log(endpoint.id, 10)
    assert {(one.email, one.taken) for one in log} == {
        ("a@x.test", False),
        ("b@x.test", True),
        ("c@x.test", False),
    }
    first = await world.endpoints.log(endpoint.id, 2)
    rest = await world.endpoints.log(endpoint.id, 2, before=first[-1].attempt_id)
    assert [*first, *rest] == log
    failed = await world.endpoints.failures(endpoint.id, 10)
    assert failed == [one for one in log if not one.taken]
    assert await world.endpoints.failures(endpoint.id, 10, before=failed[-1].attempt_id) == []
    assert await world.endpoints.waiting_of(endpoint.id, 10) == 2
    assert await world.endpoints.waiting_of(endpoint.id, 1) == 1


async def test_one_call_is_sent_again(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)
    await delivered(world, "a@x.test", "b@x.test")
    await world.send()
    (one,) = [each for each in await world.endpoints.log(endpoint.id, 9) if each.email[0] == "b"]
    world.clock.advance(1_000)
    assert not await world.endpoints.replay_one(endpoint.id + 1, one.call_id, world.clock.now())
    assert await world.endpoints.replay_one(endpoint.id, one.call_id, world.clock.now())
    assert not await world.endpoints.replay_one(endpoint.id, one.call_id, world.clock.now())
    await world.send()
    assert [each.event["email"] for each in receiver.taken][2:] == ["b@x.test"]


async def test_two_processes_select_each_event_once(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)
    await delivered(world, *(f"u{n}@x.test" for n in range(30)))
    until = 10_000
    answers = await asyncio.gather(
        *(world.store.select(until, 7, NOW) for _ in range(8)), return_exceptions=True
    )
    assert all(isinstance(one, int | LostRaceError) for one in answers)
    while await world.store.select(until, 7, NOW):
        pass
    waiting = await world.endpoints.waiting()
    assert waiting == {endpoint.id: 30}


async def test_an_endpoint_belongs_to_one_process_until_its_lease_ends(make_world, receiver):
    world = make_world()
    await world.endpoint(receiver.url)
    await delivered(world, "a@x.test")
    await world.selection.run()
    assert len(await world.store.claim("dead", NOW, NOW + 60_000, 10)) == 1
    assert await world.send("other") == 0
    world.clock.advance(60_000)
    assert await world.send("other") == 1
    assert len(receiver.taken) == 1


async def test_old_calls_are_forgotten_and_waiting_ones_are_not(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)
    await delivered(world, "a@x.test")
    await world.send()
    await delivered(world, "b@x.test")
    await world.selection.run()
    await world.store.sweep(NOW + DAY)
    assert await world.log(endpoint) == []
    assert await world.endpoints.waiting() == {endpoint.id: 1}


async def test_an_endpoint_goes_with_its_calls(make_world, receiver):
    world = make_world()
    endpoint = await world.endpoint(receiver.url)
    await delivered(world, "a@x.test")
    await world.selection.run()
    await world.endpoints.delete(endpoint.id)
    assert await world.endpoints.waiting() == {}
    assert await world.send() == 0


async def test_no_receiver_loses_or_delays_what_is_for_the_others(make_world):
    world = make_world(timeout_s=0.3)
    check_storm(await storm(world, 1_440))
