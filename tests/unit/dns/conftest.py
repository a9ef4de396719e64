from collections.abc import AsyncIterator

import pytest_asyncio

from tayori.dns.resolver import Resolver
from tayori.runtime.clock import SettableClock
from tayori.sandbox.dns_server import DnsServer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with DnsServer() as running:
        yield running


@pytest_asyncio.fixture
async def clock() -> SettableClock:
    return SettableClock()


@pytest_asyncio.fixture
async def resolver(server: DnsServer, clock: SettableClock) -> AsyncIterator[Resolver]:
    made = Resolver([server.address], clock, timeout_s=2.0, rounds=1)
    yield made
    await made.close()
