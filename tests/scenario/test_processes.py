"""One process and several give the same results; SIGTERM ends both without losing a mail."""

import pytest
from tests.support.installations import MakeServer
from tests.support.load import Load
from tests.support.sink import Sink
from tests.support.tenant import new_tenant

from tayori.sandbox.dns_server import DnsServer

MESSAGES = 200


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_the_number_of_processes_changes_no_result(
    make_server: MakeServer, dns: DnsServer, database: str
) -> None:
    results = []
    for processes, doors in ((0, 1), (1, 1), (3, 2)):
        async with Sink() as sink:
            server = await make_server(
                database,
                delivery={"processes": processes, "port": sink.port},
                doors={"processes": doors},
            )
            await server.start()
            load = Load(server, await new_tenant(server, dns, f"mail.shop{processes}.test"), dns)
            await load.send(MESSAGES)
            async with server.ledger() as ledger:

                async def settled() -> bool:
                    return await ledger.open_recipients() == 0

                await server.until(settled)
                entries = await ledger.entries()
            assert await server.stop() == 0
            assert server.errors == []
            assert (len(load.answered), load.unanswered, load.refused) == (MESSAGES, set(), {})
            assert set(sink.copies.values()) == {1}
            states = {entry.address: (entry.state, entry.attempts) for entry in entries}
            results.append((states, sink.recipients, sink.refusals))
    assert results[0] == results[1] == results[2]
    wanted = {address for number in range(MESSAGES) for address in Load.addresses(number)}
    assert set(results[0][0]) == wanted


@pytest.mark.parametrize("processes", [0, 2])
async def test_a_stop_under_load_loses_nothing_and_sends_nothing_twice(
    make_server: MakeServer, dns: DnsServer, sink: Sink, processes: int
) -> None:
    server = await make_server(delivery={"processes": processes})
    await server.start()
    load = Load(server, await new_tenant(server, dns), dns)
    await load.send(MESSAGES)
    assert await server.stop() == 0
    assert not (server.data_dir / "ready.json").exists()
    await server.start()
    async with server.ledger() as ledger:

        async def settled() -> bool:
            return await ledger.open_recipients() == 0

        await server.until(settled)
        entries = await ledger.entries()
    assert len(load.answered) == MESSAGES
    assert set(sink.copies.values()) == {1}
    good = {entry.address for entry in entries if not entry.address.startswith("unknown")}
    assert set(sink.recipients) == good
    assert await server.stop() == 0
    assert server.errors == []


async def test_one_data_directory_has_one_server(make_server: MakeServer) -> None:
    server = await make_server()
    await server.start()
    status, said = await server.another()
    assert status == 1
    assert "Another server runs on the data directory" in said
    assert await server.stop() == 0
