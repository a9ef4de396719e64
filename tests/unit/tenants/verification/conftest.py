import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from tayori.dns.resolver import Resolver
from tayori.mail.dkim_record import record_text
from tayori.runtime.clock import SettableClock
from tayori.sandbox.dns_server import DnsServer
from tayori.tenants.model import RecordGroup, RecordState
from tayori.tenants.verification.findings import FindingCode
from tayori.tenants.verification.model import Expectations, PublishedKey, Record, Verification
from tayori.tenants.verification.verify import verify

KEY = base64.b64encode(bytes(range(160))).decode()
LONG_KEY = base64.b64encode(bytes(range(256)) + bytes(38)).decode()

EXPECTATIONS = Expectations(
    mx_host="mx.ours.test",
    spf_include="spf.ours.test",
    keys=(PublishedKey("tayori", KEY),),
)


@dataclass
class World:
    """A name server with a domain whose four groups of records are right."""

    server: DnsServer
    resolver: Resolver
    domain: str = "mail.example.test"

    def publish(self, domain: str) -> None:
        self.server.set(domain, "MX", "10 mx.ours.test.")
        self.server.set(domain, "TXT", "v=spf1 include:spf.ours.test ~all")
        self.server.set(f"_dmarc.{domain}", "TXT", "v=DMARC1; p=none")
        self.server.set(f"tayori._domainkey.{domain}", "TXT", record_text(KEY))

    async def verify(self, expectations: Expectations = EXPECTATIONS) -> Verification:
        return await verify(self.domain, expectations, self.resolver)

    async def check(
        self, group: RecordGroup, expectations: Expectations = EXPECTATIONS
    ) -> tuple[RecordState, set[FindingCode]]:
        record = await self.record(group, expectations)
        return record.state, {found.code for found in record.findings}

    async def record(self, group: RecordGroup, expectations: Expectations = EXPECTATIONS) -> Record:
        return (await self.verify(expectations)).group(group)[0]


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    async with DnsServer() as server:
        server.add_zone("test")
        server.add_zone("example.test")
        server.set("spf.ours.test", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
        resolver = Resolver([server.address], SettableClock(), timeout_s=1.0, rounds=1)
        made = World(server, resolver)
        made.publish(made.domain)
        yield made
        await resolver.close()
