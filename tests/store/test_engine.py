import asyncio
import functools
import random
from dataclasses import replace
from zoneinfo import ZoneInfo

import dkim
import pytest
from aiosmtpd.smtp import SMTP
from tests.store.test_door import NOW, door
from tests.unit.accept.test_checks import GOOD, box, many

from tayori.compose.build import build
from tayori.compose.content import compile_template
from tayori.compose.model import decode_recipe
from tayori.delivery.connections import Connections
from tayori.delivery.engine import Engine, EngineLimits
from tayori.delivery.plan import Planner
from tayori.dns.mx import MailHostFinder
from tayori.dns.resolver import Resolver
from tayori.mail.dkim import RsaSigner, generate_rsa
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, SettableClock
from tayori.sandbox.dns_server import DnsServer
from tayori.smtp.envelope import Timeouts
from tayori.smtp.tls import ClientTls

PAIR = generate_rsa(2048)
SIGNER = RsaSigner(pem=PAIR[0], domain="mail.example.org", selector="t2048")
ZONE = ZoneInfo("Asia/Shanghai")


def lookup(record, name, timeout=5):
    return record


class RecipeComposer:
    """Composes with one key and the one template of these tests."""

    async def compose(self, recipient, recipe, receiver):
        return build(
            decode_recipe(recipe),
            compile_template("<p>{{name}}</p>", ""),
            recipient_id=recipient.id,
            signers=[SIGNER],
            token_key=b"k" * 32,
            capabilities=receiver,
        )


class Inbox:
    """An independent receiving server's handler; refuses who is named so."""

    def __init__(self):
        self.mails = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"):
            return "550 5.1.1 no such user"
        if address.startswith("later"):
            return "451 4.7.1 greylisted, come back"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 fine"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.content))
        return "250 2.0.0 taken"


@pytest.fixture
async def inbox():
    handler = Inbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="mx.x.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    handler.port = server.sockets[0].getsockname()[1]
    yield handler
    server.close()


@pytest.fixture
async def dns():
    async with DnsServer() as server:
        server.add_zone("x.test")
        server.add("x.test", "MX", "10 mx.x.test.")
        server.add("mx.x.test", "A", "127.0.0.1")
        server.add_zone("null.test")
        server.add("null.test", "MX", "0 .")
        yield server


def engine(database, clock, inbox, dns, *, allow_private=True):
    chance = random.Random(1)
    finder = MailHostFinder(Resolver([dns.address], clock), clock, chance)
    return Engine(
        owner="one",
        queue=QueueStore(database),
        composer=RecipeComposer(),
        planner=Planner(finder, chance, allow_private=allow_private),
        connections=Connections(
            ehlo_name="mail.tayori.test",
            port=inbox.port,
            clock=clock,
            client_tls=ClientTls(),
            tls="opportunistic",
            timeouts=Timeouts(),
            most_mails=20,
            idle_ms=60_000,
        ),
        clock=clock,
        chance=chance,
        limits=EngineLimits(connections_per_site=4),
    )


async def states(database):
    rows = await QueueStore(database).status(1, (NOW, NOW + 9 * DAY), (0, 500))
    return {row.to_address: (row.state, row.reply) for row in rows}


async def test_accepted_mail_arrives_signed_and_its_fate_is_known(database, inbox, dns):
    clock = SettableClock(NOW)
    opened = door(database, clock)
    working = engine(database, clock, inbox, dns)
    await opened.accept(replace(GOOD, to=many(45)))
    await opened.accept(
        replace(GOOD, to=tuple(map(box, ("unknown@x.test", "later@x.test", "a@null.test"))))
    )
    assert await working.deliver_due() == 48
    assert await working.deliver_due() == 0
    assert sorted(to for _, to, _ in inbox.mails) == sorted(f"u{n}@x.test" for n in range(45))
    assert len({sender for sender, _, _ in inbox.mails}) == 45
    for _, _, content in inbox.mails[:5]:
        record = b"v=DKIM1; k=rsa; p=" + PAIR[1].encode()
        assert dkim.verify(content, dnsfunc=functools.partial(lookup, record))
    found = await states(database)
    assert found["u0@x.test"] == (State.DELIVERED, "250 2.0.0 taken")
    assert found["unknown@x.test"] == (State.BOUNCED, "550 5.1.1 no such user")
    assert found["later@x.test"][0] is State.DEFERRED
    assert found["a@null.test"][0] is State.BOUNCED
    assert "null MX" in found["a@null.test"][1]
    await working._connections.close()


async def test_a_greylisted_mail_expires_after_its_lifetime(database, inbox, dns):
    clock = SettableClock(NOW)
    await door(database, clock).accept(replace(GOOD, to=(box("later@x.test"),)))
    working = engine(database, clock, inbox, dns)
    attempts = 0
    while (due := await QueueStore(database).next_due()) is not None:
        clock.advance(max(0, due - clock.now()))
        attempts += await working.deliver_due()
    assert 20 <= attempts <= 30
    assert clock.now() == NOW + 3 * DAY
    assert (await states(database))["later@x.test"][0] is State.EXPIRED
    await working._connections.close()


async def test_a_private_host_is_not_connected_to(database, inbox, dns):
    clock = SettableClock(NOW)
    await door(database, clock).accept(GOOD)
    await engine(database, clock, inbox, dns, allow_private=False).deliver_due()
    state, reply = (await states(database))["a@x.test"]
    assert state is State.BOUNCED
    assert "private" in reply
    assert inbox.mails == []


async def test_silent_name_servers_and_a_closed_port_defer(database, inbox, dns):
    from tayori.sandbox.dns_server import Failure

    clock = SettableClock(NOW)
    opened = door(database, clock)
    dns.add_zone("broken.test")
    dns.fail("broken.test", Failure.SERVFAIL)
    dns.add_zone("closed.test")
    dns.add("closed.test", "A", "127.0.0.99")
    await opened.accept(replace(GOOD, to=(box("a@broken.test"), box("a@closed.test"))))
    await engine(database, clock, inbox, dns).deliver_due()
    found = await states(database)
    assert {state for state, _ in found.values()} == {State.DEFERRED}
