"""Receivers that misbehave cost no mail: each takes it in the end, or its words are kept.

Every receiver has an address of its own on loopback and misbehaves on its first connection only;
then the clock is moved, attempt after attempt, as the retry curve asks.
"""

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.support.installations import MakeServer
from tests.support.ledger import Entry
from tests.support.peers import misbehaving
from tests.support.peers.misbehaving import hello, takes_all
from tests.support.peers.scripted import Peer, Script, ScriptedServer, scripted
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import new_tenant

from tayori.queue.states import State
from tayori.runtime.clock import HOUR
from tayori.sandbox.dns_server import DnsServer

LONG = b"x" * 10_000


async def says_much(peer: Peer) -> None:
    """Take a mail with replies of 10,000 characters."""
    await peer.say(b"220 " + LONG + b"\r\n")
    await peer.expect(b"EHLO ")
    await peer.say(b"250-mx.example\r\n250 " + LONG + b"\r\n")
    for _ in ("MAIL", "RCPT"):
        await peer.line()
        await peer.say(b"250-" + LONG + b"\r\n250 " + LONG + b"\r\n")
    await peer.expect(b"DATA")
    await peer.say(b"354 " + LONG + b"\r\n")
    await peer.content()
    await peer.say(b"250 2.0.0 " + LONG + b"\r\n")
    await peer.ended()


async def refuses_at_length(peer: Peer) -> None:
    """Refuse every recipient with 10,000 characters."""
    await hello(peer, misbehaving.PLAIN)
    await peer.expect(b"MAIL")
    await peer.say(b"250 OK\r\n")
    await peer.expect(b"RCPT")
    await peer.say(b"550 5.1.1 " + LONG + b"\r\n")
    await peer.ended()


async def accepts_some(peer: Peer) -> None:
    """Take the mail of one, refuse another for ever, and put a third off."""
    await hello(peer, misbehaving.PLAIN)
    while line := await peer.line():
        if line.startswith(b"RCPT") and b"gone@" in line:
            await peer.say(b"550 5.1.1 No such user\r\n")
        elif line.startswith(b"RCPT") and b"full@" in line:
            await peer.say(b"452 4.2.2 Mailbox full\r\n")
        elif line.startswith(b"DATA"):
            await peer.say(b"354 Go ahead\r\n")
            await peer.content()
            await peer.say(b"250 2.0.0 queued\r\n")
        elif line.startswith(b"QUIT"):
            await peer.say(b"221 Bye\r\n")
            return
        else:
            await peer.say(b"250 OK\r\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a receiver begins, and how many attempts and copies it makes of one mail."""

    first: Script
    attempts: int = 2
    copies: int = 1
    state: State = State.DELIVERED


CASES: Mapping[str, Case] = {
    "greylists": Case(first=misbehaving.greylists),
    "refuses-connections": Case(first=misbehaving.refuses_connection(b"421 4.3.2 Busy\r\n")),
    "hangs-up": Case(first=misbehaving.closes_at_greeting),
    "says-421-in-data": Case(first=misbehaving.closes_in_data),
    "says-421-after-the-dot": Case(first=misbehaving.closes_after_dot, copies=2),
    "drops-after-the-dot": Case(first=misbehaving.drops_after_dot, copies=2),
    "drops-before-data": Case(first=misbehaving.drops_before_data),
    "never-greets": Case(first=misbehaving.never_greets),
    "never-answers": Case(first=misbehaving.never_answers),
    "never-answers-content": Case(first=misbehaving.never_answers_content, copies=2),
    "speaks-bare-lf": Case(first=misbehaving.speaks_bare_lf, attempts=1),
    "says-much": Case(first=says_much, attempts=1),
    "refuses-at-length": Case(first=refuses_at_length, attempts=1, copies=0, state=State.BOUNCED),
    "breaks-starttls": Case(first=misbehaving.breaks_starttls(b"this is no TLS\r\n"), attempts=1),
    "hangs-up-at-starttls": Case(first=misbehaving.hangs_up_at_starttls, attempts=1),
    "stalls-in-the-handshake": Case(first=misbehaving.stalls_in_handshake, attempts=1),
}


async def _until_all_ended(server: TayoriProcess, hours: int = 0) -> list[Entry]:
    """Move the clock whenever all that is left waits for another attempt; return the end."""
    async with server.ledger() as ledger:
        for hour in range(hours, 72):
            server.move_clock(hour * HOUR)
            before = sum(entry.attempts for entry in await ledger.entries())

            async def at_rest(before: int = before) -> bool:
                found = await ledger.entries()
                resting = all(entry.final or entry.state is State.DEFERRED for entry in found)
                tried = sum(entry.attempts for entry in found) > before
                return resting and (tried or all(entry.final for entry in found))

            await server.until(at_rest)
            entries = await ledger.entries()
            if all(entry.final for entry in entries):
                assert await ledger.stored_contents() == 0
                return entries
    raise AssertionError("some mail has no end")


def _copies(receiver: ScriptedServer) -> int:
    return sum(heard.lower().count(b"\r\nmessage-id:") for heard in receiver.heard)


async def test_no_misbehaviour_costs_a_mail(
    make_server: MakeServer, dns: DnsServer, sink: Sink
) -> None:
    server = await make_server(delivery={"reply_timeout_s": 2.0, "connect_timeout_s": 5.0})
    await server.start()
    tenant = await new_tenant(server, dns)
    async with contextlib.AsyncExitStack() as stack:
        receivers = {}
        for number, (name, case) in enumerate(CASES.items()):
            host = f"127.0.1.{number + 1}"
            receivers[name] = await stack.enter_async_context(
                scripted(case.first, takes_all, host=host, port=sink.port)
            )
            dns.set(f"{name}.test", "MX", f"10 mx.{name}.test.")
            dns.set(f"mx.{name}.test", "A", host)
        client = tenant.sdk(server)
        for name in CASES:
            await client.call("SendEmail", **tenant.mail(f"ann@{name}.test"))
        entries = {entry.address: entry for entry in await _until_all_ended(server)}
        assert await server.stop() == 0
    found = {
        name: (entry.state, entry.attempts, _copies(receivers[name]))
        for name in CASES
        if (entry := entries[f"ann@{name}.test"])
    }
    wanted = {name: (case.state, case.attempts, case.copies) for name, case in CASES.items()}
    assert found == wanted
    assert server.errors == []


async def test_each_recipient_has_a_fate_of_its_own(
    make_server: MakeServer, dns: DnsServer, sink: Sink
) -> None:
    server = await make_server()
    await server.start()
    tenant = await new_tenant(server, dns)
    dns.set("some.test", "MX", "10 mx.some.test.")
    dns.set("mx.some.test", "A", "127.0.2.1")
    to = [f"{name}@some.test" for name in ("ann", "gone", "full")]
    async with scripted(accepts_some, host="127.0.2.1", port=sink.port) as first:
        await tenant.sdk(server).call("SendEmail", **tenant.mail(*to))
        async with server.ledger() as ledger:

            async def tried() -> bool:
                found = await ledger.entries()
                return sum(entry.attempts for entry in found) == len(to)

            await server.until(tried)
            states = {entry.address: entry.state for entry in await ledger.entries()}
        assert [states[address] for address in to] == [
            State.DELIVERED,
            State.BOUNCED,
            State.DEFERRED,
        ]
        assert _copies(first) == 1
    async with scripted(takes_all, host="127.0.2.1", port=sink.port) as later:
        entries = await _until_all_ended(server, hours=1)
        assert _copies(later) == 1
        assert await server.stop() == 0
    assert Counter(entry.state for entry in entries) == {State.DELIVERED: 2, State.BOUNCED: 1}
    assert server.errors == []
