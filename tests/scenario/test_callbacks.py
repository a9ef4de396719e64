"""SIGKILL around each commit of callbacks: every event is told, in order, at worst twice."""

import json

import pytest
from tests.support.callback_receiver import CallbackReceiver
from tests.support.installations import MakeServer
from tests.support.load import Load
from tests.support.sink import Sink
from tests.support.tenant import new_tenant

from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

MESSAGES = 60


@pytest.mark.parametrize(
    "point",
    [
        Point.CALLBACKS_BEFORE_COMMIT,
        Point.CALLBACKS_AFTER_COMMIT,
        Point.CALLBACKS_SETTLE_BEFORE_COMMIT,
        Point.CALLBACKS_SETTLE_AFTER_COMMIT,
    ],
)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_no_event_is_lost(
    make_server: MakeServer, dns: DnsServer, database: str, point: Point
) -> None:
    async with Sink() as sink, CallbackReceiver() as receiver:
        server = await make_server(
            database,
            delivery={"processes": 1, "port": sink.port},
            callbacks={"allow_private_networks": True},
        )
        await server.start(f"{point}:1")
        tenant = await new_tenant(server, dns)
        await server.command("callback", "set", str(tenant.account_id), receiver.url)
        load = Load(server, tenant, dns)
        await load.send(MESSAGES)
        await server.killed()
        # The endpoint belongs to the dead process until its lease is over.
        server.move_clock(70_000)

        expected = {address for n in range(MESSAGES) for address in Load.addresses(n)}

        async def all_told() -> bool:
            return {one.event["email"] for one in receiver.taken} == expected

        await server.until(all_told, timeout_s=90)
        bodies = [one.body for one in receiver.taken]
        repeated = len(bodies) - len(set(bodies))
        assert {json.loads(body)["event"] for body in bodies} == {"delivered", "bounce"}
        assert len(set(bodies)) == len(expected)
        if point in {Point.CALLBACKS_BEFORE_COMMIT, Point.CALLBACKS_AFTER_COMMIT}:
            # Only what was answered and not noted comes twice.
            assert repeated == 0
        assert await server.stop() == 0
