from tests.unit.tenants.verification.conftest import EXPECTATIONS, World

from tayori.dns.resolver import Resolver
from tayori.runtime.clock import SettableClock
from tayori.sandbox.dns_server import DnsServer, Failure
from tayori.tenants.model import RecordGroup, RecordState
from tayori.tenants.verification.propagation import Propagation, ServerKind, propagation


async def look(world: World, *servers: DnsServer, allow_private: bool = True) -> Propagation:
    return await propagation(
        world.domain,
        EXPECTATIONS,
        world.resolver,
        [server.address for server in servers],
        authoritative_port=world.server.port,
        allow_private=allow_private,
    )


async def test_who_sees_what(world: World) -> None:
    world.server.set("example.test", "NS", "ns.example.test.")
    world.server.set("ns.example.test", "A", "127.0.0.1")
    async with DnsServer() as stale:
        stale.set(world.domain, "MX", "10 old.test.")
        seen = await look(world, world.server, stale)
        assert [(each.server, each.kind) for each in seen.sightings] == [
            ("ns.example.test", ServerKind.AUTHORITATIVE),
            (f"127.0.0.1:{world.server.port}", ServerKind.RESOLVER),
            (f"127.0.0.1:{stale.port}", ServerKind.RESOLVER),
        ]
        own, fresh, old = (each.verification for each in seen.sightings)
        assert own.all_verified is True
        assert fresh.all_verified is True
        assert old.all_verified is False
        assert old.group(RecordGroup.MX)[0].current == "old.test."
        assert not seen.agreed
    assert (await look(world, world.server)).agreed


async def test_own_servers_in_private_networks_are_not_asked(world: World) -> None:
    world.server.set("example.test", "NS", "ns.example.test.")
    world.server.set("ns.example.test", "A", "127.0.0.1")
    seen = await look(world, allow_private=False)
    states = {record.state for record in seen.sightings[0].verification.records}
    assert states == {RecordState.UNKNOWN}


async def test_a_domain_without_a_zone(world: World) -> None:
    world.domain = "unregistered.test"
    seen = await look(world, world.server)
    assert len(seen.sightings) == 1
    assert seen.detail.english == "no zone of its own was found"


async def test_a_zone_that_cannot_be_found(world: World) -> None:
    world.server.fail(world.domain, Failure.SERVFAIL, "SOA")
    async with DnsServer() as other:
        seen = await look(world, other)
    assert "SERVFAIL" in seen.detail.english
    world.server.heal()
    world.server.fail("example.test", Failure.SERVFAIL, "NS")
    assert "SERVFAIL" in (await look(world)).detail.english


async def test_a_silent_resolver_is_unknown(world: World) -> None:
    quick = Resolver([world.server.address], SettableClock(), timeout_s=0.05, rounds=1)
    async with DnsServer() as silent:
        for name in (world.domain, f"_dmarc.{world.domain}", f"tayori._domainkey.{world.domain}"):
            silent.fail(name, Failure.NO_ANSWER)
        seen = await propagation(world.domain, EXPECTATIONS, quick, [silent.address])
    assert seen.sightings[-1].verification.all_verified is None
    assert seen.agreed
