"""TLSA records of a signed zone through a real validating resolver."""

import random
from pathlib import Path

from tests.support.signed_zone import SignedZone, validating_resolver

from tayori.dns.answers import TemporaryFailure
from tayori.dns.dane import DaneFinder, HostKeys
from tayori.dns.mx import MailHostFinder, MailHosts
from tayori.dns.resolver import Resolver
from tayori.runtime.clock import SystemClock
from tayori.sandbox.dns_server import DnsServer

KEY = "ab" * 32
ZONE = f"""
@ 300 IN SOA ns.x.test. hostmaster.x.test. 1 7200 3600 1209600 60
@ 300 IN NS ns.x.test.
@ 300 IN MX 10 mx.x.test.
ns 300 IN A 127.0.0.1
mx 300 IN A 127.0.0.1
bare 300 IN A 127.0.0.1
bad 300 IN A 127.0.0.1
_25._tcp.mx 300 IN TLSA 3 1 1 {KEY}
_25._tcp.bad 300 IN TLSA 3 1 1 {KEY}
"""


async def test_a_validating_resolver_tells_signed_from_unsigned_and_from_spoiled(
    tmp_path: Path,
) -> None:
    zone = SignedZone(ZONE)
    zone.spoil("_25._tcp.bad.x.test.", "TLSA", "3 1 1 " + "cd" * 32)
    await zone.start()
    async with DnsServer() as plain:
        plain.set("y.test", "MX", "10 mx.y.test.")
        plain.set("mx.y.test", "A", "127.0.0.1")
        plain.set("_25._tcp.mx.y.test", "TLSA", f"3 1 1 {KEY}")
        async with validating_resolver(zone, plain.port, tmp_path) as server:
            clock = SystemClock()
            resolver = Resolver([server], clock)
            finder = MailHostFinder(resolver, clock, random.Random(1), ipv6=False)
            signed, unsigned = [await finder.find_hosts(d) for d in ("x.test", "y.test")]
            assert isinstance(signed, MailHosts)
            assert isinstance(unsigned, MailHosts)
            assert (signed.signed, unsigned.signed) == (True, False)
            dane = DaneFinder(resolver, clock, 25)
            found = await dane.find("mx.x.test")
            assert isinstance(found, HostKeys)
            assert [record.data.hex() for record in found.records] == [KEY]
            # That there are none is proven, too.
            assert await dane.find("bare.x.test") == HostKeys("bare.x.test")
            assert isinstance(await dane.find("bad.x.test"), TemporaryFailure)
            # What nobody signed is as if it were not there.
            assert await dane.find("mx.y.test") == HostKeys("mx.y.test")
            await resolver.close()
    zone.stop()
