import asyncio
import socket

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.dns.answers import Answer, Mx, NoData, NoSuchName, Soa, TemporaryFailure, Tlsa
from tayori.dns.exchange import Server, ServerFailure, parse_reply
from tayori.dns.reading import MAX_CHAIN, read_reply
from tayori.dns.resolver import Resolver, system_servers
from tayori.dns.zones import authoritative_servers, find_zone
from tayori.runtime.clock import SECOND, SettableClock
from tayori.sandbox.dns_server import DnsServer, Failure


def silent_port() -> Server:
    """Return an address where nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return "127.0.0.1", one.getsockname()[1]


async def test_every_type_is_read_by_its_meaning(server: DnsServer, resolver: Resolver) -> None:
    server.set("h.test", "A", "192.0.2.1", "192.0.2.2")
    server.set("h.test", "AAAA", "2001:db8::1")
    server.set("h.test", "MX", "20 Second.h.test.", "10 first.h.test.", "0 .")
    server.set("h.test", "TXT", '"one " "two"', "x" * 300)
    server.set("h.test", "NS", "NS1.h.test.")
    server.set("h.test", "SOA", "ns1.h.test. root.h.test. 7 2 3 4 5")
    server.set("_25._tcp.h.test", "TLSA", "3 1 1 " + "ab" * 32)
    server.set("1.2.0.192.in-addr.arpa", "PTR", "h.test.")

    async def ask(name: str, kind: str) -> Answer:
        result = await resolver.lookup(name, kind)
        assert isinstance(result, Answer)
        return result

    assert set((await ask("H.test.", "A")).names) == {"192.0.2.1", "192.0.2.2"}
    assert (await ask("h.test", "AAAA")).names == ("2001:db8::1",)
    assert (await ask("h.test", "MX")).exchanges == (
        Mx(0, ""),
        Mx(10, "first.h.test"),
        Mx(20, "second.h.test"),
    )
    assert set((await ask("h.test", "TXT")).texts) == {b"one two", b"x" * 300}
    assert (await ask("h.test", "NS")).names == ("ns1.h.test",)
    assert (await ask("h.test", "SOA")).records == (Soa("ns1.h.test", 7, 5),)
    assert (await ask("_25._tcp.h.test", "TLSA")).tlsa == (Tlsa(3, 1, 1, b"\xab" * 32),)
    assert (await ask("1.2.0.192.in-addr.arpa", "PTR")).names == ("h.test",)


async def test_the_two_kinds_of_no(server: DnsServer, resolver: Resolver) -> None:
    server.add_zone("h.test")
    server.set("h.test", "A", "192.0.2.1")
    no_data = await resolver.lookup("h.test", "MX")
    assert isinstance(no_data, NoData)
    assert (no_data.zone, no_data.ttl) == ("h.test", 60)
    no_name = await resolver.lookup("gone.h.test", "MX")
    assert isinstance(no_name, NoSuchName)
    assert no_name.zone == "h.test"


async def test_names_the_dns_cannot_hold_do_not_exist(
    server: DnsServer, resolver: Resolver
) -> None:
    assert isinstance(await resolver.lookup("a..b", "A"), NoSuchName)
    assert server.queries.total() == 0


async def test_an_answer_lives_as_long_as_its_ttl(
    server: DnsServer, resolver: Resolver, clock: SettableClock
) -> None:
    server.set("h.test", "A", "192.0.2.1", ttl=30)
    await resolver.lookup("h.test", "A")
    server.set("h.test", "A", "192.0.2.2", ttl=30)
    clock.advance(30 * SECOND - 1)
    old = await resolver.lookup("h.test", "A")
    clock.advance(1)
    new = await resolver.lookup("h.test", "A")
    assert isinstance(old, Answer)
    assert isinstance(new, Answer)
    assert (old.names, new.names) == (("192.0.2.1",), ("192.0.2.2",))
    assert server.count("h.test", "A") == 2


async def test_a_no_lives_by_the_soa_and_a_failure_for_seconds(
    server: DnsServer, resolver: Resolver, clock: SettableClock
) -> None:
    await resolver.lookup("h.test", "A")
    clock.advance(59 * SECOND)
    await resolver.lookup("h.test", "A")
    assert server.count("h.test", "A") == 1
    clock.advance(SECOND)
    server.fail("h.test", Failure.SERVFAIL)
    assert isinstance(await resolver.lookup("h.test", "A"), TemporaryFailure)
    server.heal()
    assert isinstance(await resolver.lookup("h.test", "A"), TemporaryFailure)
    assert server.count("h.test", "A") == 2
    clock.advance(5 * SECOND)
    assert isinstance(await resolver.lookup("h.test", "A"), NoSuchName)


async def test_bypassing_the_cache_asks_now_and_refreshes_it(
    server: DnsServer, resolver: Resolver
) -> None:
    server.set("h.test", "A", "192.0.2.1")
    await resolver.lookup("h.test", "A")
    server.set("h.test", "A", "192.0.2.2")
    for _ in range(2):
        fresh = await resolver.lookup("h.test", "A", bypass_cache=True)
        assert isinstance(fresh, Answer)
        assert fresh.names == ("192.0.2.2",)
    assert resolver.cached("h.test", "A") == fresh
    assert server.count("h.test", "A") == 3


async def test_a_ttl_of_zero_is_not_kept(server: DnsServer, resolver: Resolver) -> None:
    server.set("h.test", "A", "192.0.2.1", ttl=0)
    await resolver.lookup("h.test", "A")
    await resolver.lookup("h.test", "A")
    assert server.count("h.test", "A") == 2


async def test_the_cache_is_bounded(server: DnsServer, clock: SettableClock) -> None:
    resolver = Resolver([server.address], clock, cache_size=10)
    for number in range(30):
        await resolver.lookup(f"n{number}.test", "A")
    assert len(resolver._cache) == 10


async def test_identical_lookups_at_once_share_a_query(
    server: DnsServer, resolver: Resolver
) -> None:
    server.set("h.test", "A", "192.0.2.1")
    gate = server.hold("h.test")
    waiting = [asyncio.create_task(resolver.lookup("h.test", "A")) for _ in range(20)]
    await server.wait_for_queries("h.test", "A", 1)
    waiting[0].cancel()
    gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert all(isinstance(result, Answer) for result in results[1:])
    assert server.count("h.test", "A") == 1


@pytest.mark.parametrize("failure", [Failure.SERVFAIL, Failure.REFUSED, Failure.GARBAGE])
async def test_the_next_server_is_asked_when_one_fails(
    server: DnsServer, clock: SettableClock, failure: Failure
) -> None:
    async with DnsServer() as other:
        other.set("h.test", "A", "192.0.2.9")
        server.fail("h.test", failure)
        resolver = Resolver([server.address, other.address], clock, timeout_s=0.2)
        result = await resolver.lookup("h.test", "A")
        assert isinstance(result, Answer)
        assert result.server.endswith(str(other.port))


async def test_a_server_that_answered_is_asked_first_from_then_on(
    server: DnsServer, clock: SettableClock
) -> None:
    resolver = Resolver([silent_port(), server.address], clock, timeout_s=2.0)
    for number in range(3):
        assert isinstance(await resolver.lookup(f"n{number}.test", "A"), NoSuchName)
    assert resolver._first == server.address


@pytest.mark.parametrize(
    "failure", [Failure.SERVFAIL, Failure.REFUSED, Failure.GARBAGE, Failure.NO_ANSWER]
)
async def test_what_nobody_knows_is_temporary_and_says_why(
    server: DnsServer, clock: SettableClock, failure: Failure
) -> None:
    server.fail("h.test", failure)
    resolver = Resolver([server.address], clock, timeout_s=0.05, rounds=2)
    result = await resolver.lookup("h.test", "MX")
    assert isinstance(result, TemporaryFailure)
    assert f"127.0.0.1:{server.port}" in result.detail
    assert server.count("h.test", "MX") == 2


async def test_nothing_listening_is_temporary(clock: SettableClock) -> None:
    resolver = Resolver([silent_port()], clock, timeout_s=2.0, rounds=1)
    assert isinstance(await resolver.lookup("h.test", "A"), TemporaryFailure)


async def test_a_cut_reply_is_fetched_over_tcp(server: DnsServer, resolver: Resolver) -> None:
    server.set("big.test", "TXT", *(f"{number:03d}" + "x" * 200 for number in range(50)))
    server.set("forced.test", "A", "192.0.2.1")
    server.fail("forced.test", Failure.TRUNCATE)
    big = await resolver.lookup("big.test", "TXT")
    assert isinstance(big, Answer)
    assert len(big.texts) == 50
    assert isinstance(await resolver.lookup("forced.test", "A"), Answer)
    assert server.transports == {"udp": 2, "tcp": 2}


async def test_a_server_without_edns_is_asked_without(
    server: DnsServer, resolver: Resolver
) -> None:
    server.set("h.test", "A", "192.0.2.1")
    server.fail("h.test", Failure.NO_EDNS)
    assert isinstance(await resolver.lookup("h.test", "A"), Answer)


async def test_aliases_are_followed_within_and_beyond_a_reply(
    server: DnsServer, clock: SettableClock
) -> None:
    async with DnsServer(zones=["a.test"]) as first:
        first.set("www.a.test", "CNAME", "one.a.test.", ttl=20)
        first.set("one.a.test", "CNAME", "two.b.test.", ttl=900)
        server.set("two.b.test", "A", "192.0.2.5", ttl=600)
        resolver = Resolver([first.address, server.address], clock)
        result = await resolver.lookup("www.a.test", "A")
        assert isinstance(result, Answer)
        assert (result.names, result.ttl, result.name) == (("192.0.2.5",), 20, "two.b.test")


async def test_an_alias_that_never_ends_is_temporary(server: DnsServer, resolver: Resolver) -> None:
    server.set("a.test", "CNAME", "b.test.")
    server.set("b.test", "CNAME", "a.test.")
    assert isinstance(await resolver.lookup("a.test", "A"), TemporaryFailure)
    for number in range(MAX_CHAIN + 3):
        server.set(f"c{number}.test", "CNAME", f"c{number + 1}.test.")
    assert isinstance(await resolver.lookup("c0.test", "A"), TemporaryFailure)


async def test_an_alias_to_nothing_is_a_no(server: DnsServer, resolver: Resolver) -> None:
    server.set("a.test", "CNAME", "gone.test.")
    assert isinstance(await resolver.lookup("a.test", "A"), NoSuchName)


async def test_chosen_servers_are_asked_without_the_cache(
    server: DnsServer, resolver: Resolver
) -> None:
    server.set("h.test", "A", "192.0.2.1")
    async with DnsServer() as other:
        other.set("h.test", "A", "192.0.2.2")
        await resolver.lookup("h.test", "A")
        result = await resolver.ask([other.address], "h.test", "A")
        assert isinstance(result, Answer)
        assert result.names == ("192.0.2.2",)
        assert isinstance(await resolver.ask([other.address], "a..b", "A"), NoSuchName)


async def test_closing_gives_up_running_lookups(server: DnsServer, resolver: Resolver) -> None:
    server.fail("h.test", Failure.NO_ANSWER)
    waiting = asyncio.create_task(resolver.lookup("h.test", "A"))
    await server.wait_for_queries("h.test", "A", 1)
    await resolver.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_zone_of_a_name_is_found_by_its_soa(
    server: DnsServer, resolver: Resolver
) -> None:
    server.add_zone("test")
    server.add_zone("example.test")
    server.set("example.test", "A", "192.0.2.1")
    server.set("alias.example.test", "CNAME", "elsewhere.test.")
    server.set("elsewhere.test", "A", "192.0.2.1")
    assert await find_zone("example.test", resolver) == "example.test"
    assert await find_zone("a.b.example.test", resolver) == "example.test"
    assert await find_zone("alias.example.test", resolver) == "example.test"
    assert await find_zone("unregistered.test", resolver) is None
    assert await find_zone("a..b", resolver) is None
    server.fail("c.example.test", Failure.SERVFAIL)
    assert isinstance(await find_zone("c.example.test", resolver), TemporaryFailure)


async def test_authoritative_servers_are_public_unless_allowed(
    server: DnsServer, resolver: Resolver
) -> None:
    server.set("example.test", "NS", "ns1.example.test.", "ns2.example.test.")
    server.set("ns1.example.test", "A", "127.0.0.1", "8.8.8.8")
    assert await authoritative_servers("example.test", resolver) == {
        "ns1.example.test": (("8.8.8.8", 53),),
        "ns2.example.test": (),
    }
    allowed = await authoritative_servers("example.test", resolver, port=54, allow_private=True)
    assert isinstance(allowed, dict)
    assert set(allowed["ns1.example.test"]) == {("127.0.0.1", 54), ("8.8.8.8", 54)}
    server.fail("broken.test", Failure.SERVFAIL)
    assert isinstance(await authoritative_servers("broken.test", resolver), TemporaryFailure)


def test_the_machine_always_has_servers() -> None:
    assert system_servers()


@given(st.binary(max_size=300))
def test_any_packet_is_a_reply_or_none(wire: bytes) -> None:
    query = dns.message.make_query("h.test", "A", use_edns=0)
    assert parse_reply(wire, query) is None or len(wire) >= 12
    reply = parse_reply(query.to_wire()[:2] + b"\x81\x80" + wire, query)
    if reply is not None:
        try:
            read_reply(reply, "server")
        except ServerFailure as failure:
            assert str(failure)  # noqa: PT017 - either a value or this is right


def test_a_forged_reply_is_not_taken() -> None:
    query = dns.message.make_query("h.test", "A")
    other = dns.message.make_response(dns.message.make_query("evil.test", "A", id=query.id))
    assert parse_reply(other.to_wire(), query) is None
    wrong_id = dns.message.make_response(dns.message.make_query("h.test", "A", id=query.id ^ 1))
    assert parse_reply(wrong_id.to_wire(), query) is None


def test_a_referral_is_no_answer() -> None:
    query = dns.message.make_query("h.test", "A")
    reply = dns.message.make_response(query)
    reply.authority.append(dns.rrset.from_text("h.test.", 60, "IN", "NS", "ns.h.test."))
    reply.flags &= ~dns.flags.AA
    with pytest.raises(ServerFailure, match="referral"):
        read_reply(reply, "server")
