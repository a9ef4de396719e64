"""Real processes, a real name server, a real receiver, on both databases where it matters."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.installations import MakeServer, installations, name_server
from tests.support.postgresql import PostgresqlServer
from tests.support.sink import Sink
from tests.support.zoo.menagerie import EVERYBODY
from tests.support.zoo.zoo import ZooProcess, publish

from tayori.sandbox.dns_server import DnsServer


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    with PostgresqlServer.running() as server:
        yield server


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as taking:
        yield taking


@pytest.fixture
async def dns() -> AsyncIterator[DnsServer]:
    async with name_server() as server:
        yield server


@pytest.fixture
async def zoo(dns: DnsServer) -> AsyncIterator[ZooProcess]:
    async with ZooProcess(EVERYBODY) as running:
        publish(dns, EVERYBODY)
        yield running


@pytest.fixture
async def make_server(
    tmp_path: Path, dns: DnsServer, sink: Sink, request: pytest.FixtureRequest
) -> AsyncIterator[MakeServer]:
    """Make installations whose mail goes to the sink."""

    def postgresql() -> PostgresqlServer:
        server: PostgresqlServer = request.getfixturevalue("postgresql_server")
        return server

    async with installations(tmp_path, dns, sink.port, postgresql) as make:
        yield make
