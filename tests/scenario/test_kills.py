"""SIGKILL at every commit point of door and delivery, under load: nothing that was accepted is lost.

Afterwards each accepted recipient is delivered, bounced or still queued; none is missing. A mail may
come twice, and only if the process that was killed held the receiver's yes without having settled
it: then the attempt that was settled in the end began after the kill.
"""

import asyncio
import signal
from collections.abc import Sequence

import pytest
from tests.support.installations import MakeServer
from tests.support.ledger import Entry
from tests.support.load import Load
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import new_tenant

from tayori.queue.states import State
from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

MESSAGES = 200
COUNTS = {
    Point.DOOR_BEFORE_COMMIT: 9,
    Point.DOOR_AFTER_COMMIT: 9,
    Point.SEQUENCE_BEFORE_COMMIT: 1,
    Point.SEQUENCE_AFTER_COMMIT: 2,
    Point.LEASE_BEFORE_COMMIT: 4,
    Point.LEASE_AFTER_COMMIT: 4,
    Point.ATTEMPT_BEFORE_DOT: 60,
    Point.ATTEMPT_AFTER_DOT: 60,
    Point.ATTEMPT_AFTER_REPLY: 60,
    Point.SETTLE_BEFORE_COMMIT: 3,
    Point.SETTLE_AFTER_COMMIT: 3,
}
"""When each point kills: early enough that most of the load is still to come."""
LEASE_S = 4.0
MOST_HELD = 1_000
"""Recipients that one delivery process may hold, and so the most that come twice."""


async def _drained(server: TayoriProcess) -> list[Entry]:
    """Return every recipient once none is open."""
    async with server.ledger() as ledger:

        async def settled() -> bool:
            return await ledger.open_recipients() == 0

        await server.until(settled, timeout_s=60)
        assert await ledger.stored_contents() == 0
        return await ledger.entries()


def _check_nothing_lost(load: Load, entries: Sequence[Entry], sink: Sink) -> None:
    assert load.refused == {}
    assert len(load.answered) + len(load.unanswered) == MESSAGES
    taken = {entry.address for entry in entries}
    assert len(taken) == len(entries), "a message was taken twice"
    for number in load.answered:
        assert taken.issuperset(load.addresses(number)), f"message {number} was lost"
    for number in load.unanswered:
        addresses = load.addresses(number)
        assert len(taken.intersection(addresses)) in {0, len(addresses)}, "a message was cut"
    for entry in entries:
        bounces = entry.address.startswith("unknown")
        assert entry.state is (State.BOUNCED if bounces else State.DELIVERED), entry
        assert (sink.recipients[entry.address] == 0) is bounces, entry
    assert taken.issuperset(sink.recipients), "a mail came that nobody accepted"


def _check_copies(entries: Sequence[Entry], sink: Sink, killed_at: int, *, most: int) -> None:
    twice = [entry for entry in entries if sink.recipients[entry.address] > 1]
    assert len(twice) <= most
    for entry in twice:
        [first, second] = sink.to(entry.address)
        assert first.message_id == second.message_id
        assert first.content == second.content, "a retry is not the same mail"
        [began] = entry.delivered_from
        assert began >= killed_at, "sent twice without a crash in between"


@pytest.mark.parametrize("point", COUNTS)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_server_that_was_killed_goes_on_after_its_restart(
    make_server: MakeServer, dns: DnsServer, sink: Sink, database: str, point: Point
) -> None:
    server = await make_server(database, delivery={"processes": 0, "lease_s": LEASE_S})
    await server.start(f"{point}:{COUNTS[point]}")
    tenant = await new_tenant(server, dns)
    load = Load(server, tenant, dns)
    async with asyncio.TaskGroup() as group:
        group.create_task(load.send(MESSAGES))
        killed_at = await server.killed()
        assert await server.gone() == -signal.SIGKILL
        await server.start()
    entries = await _drained(server)
    _check_nothing_lost(load, entries, sink)
    _check_copies(entries, sink, killed_at, most=MOST_HELD)
    if point is Point.SETTLE_BEFORE_COMMIT:
        # The receivers' yes was noted before, and is settled after the restart.
        taken = [line for line in server.log if line.get("event") == "deliveries_taken_over"]
        assert sum(line["count"] for line in taken) > 0
    assert await server.stop() == 0
    assert server.errors == []


@pytest.mark.parametrize(
    "point", [Point.DOOR_AFTER_COMMIT, Point.ATTEMPT_AFTER_DOT, Point.SETTLE_BEFORE_COMMIT]
)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_process_that_was_killed_is_replaced_by_the_supervisor(
    make_server: MakeServer, dns: DnsServer, sink: Sink, database: str, point: Point
) -> None:
    server = await make_server(database, delivery={"processes": 1, "lease_s": LEASE_S})
    await server.start(f"{point}:{COUNTS[point]}", roles="api,delivery")
    load = Load(server, await new_tenant(server, dns), dns)
    await load.send(MESSAGES)
    killed_at = await server.killed()
    entries = await _drained(server)
    _check_nothing_lost(load, entries, sink)
    # The process that delivers lives on when that of the door dies.
    most = 0 if point is Point.DOOR_AFTER_COMMIT else MOST_HELD
    _check_copies(entries, sink, killed_at, most=most)
    assert await server.stop() == 0
    assert [line["event"] for line in server.errors] == ["process_ended"]
