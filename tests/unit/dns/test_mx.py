import random

import pytest

from tayori.dns.answers import TemporaryFailure
from tayori.dns.mx import FoundHosts, MailHostFinder, MailHosts, NoMail, NoMailReason
from tayori.dns.resolver import Resolver
from tayori.runtime.clock import SECOND, SettableClock
from tayori.sandbox.dns_server import DnsServer, Failure


@pytest.fixture
def finder(resolver: Resolver, clock: SettableClock) -> MailHostFinder:
    return MailHostFinder(resolver, clock, random.Random(7))


def hosts_of(found: FoundHosts) -> MailHosts:
    assert isinstance(found, MailHosts)
    return found


def reason_of(found: FoundHosts) -> NoMailReason:
    assert isinstance(found, NoMail)
    return found.reason


async def test_hosts_by_preference_with_all_their_addresses(
    server: DnsServer, finder: MailHostFinder
) -> None:
    server.set("h.test", "MX", "20 c.mx.test.", "5 b.mx.test.", "5 a.mx.test.")
    server.set("a.mx.test", "A", "8.8.8.1", "8.8.8.2")
    server.set("a.mx.test", "AAAA", "2606:4700::1")
    server.set("b.mx.test", "A", "127.0.0.1")
    server.set("c.mx.test", "A", "8.8.8.3")
    found = hosts_of(await finder.find_hosts("h.test"))
    assert found.site == "a.mx.test,b.mx.test,c.mx.test"
    assert not found.implicit
    assert found.hosts[-1].name == "c.mx.test"
    by_name = {host.name: host for host in found.hosts}
    assert {each.ip for each in by_name["a.mx.test"].addresses} == {
        "8.8.8.1",
        "8.8.8.2",
        "2606:4700::1",
    }
    assert by_name["b.mx.test"].addresses[0].is_private
    assert not by_name["c.mx.test"].addresses[0].is_private


async def test_equal_preference_is_shuffled(server: DnsServer, finder: MailHostFinder) -> None:
    names = [f"m{number}.mx.test" for number in range(4)]
    server.set("h.test", "MX", *(f"10 {name}." for name in names), "20 last.mx.test.")
    for name in (*names, "last.mx.test"):
        server.set(name, "A", "8.8.8.8")
    found = hosts_of(await finder.find_hosts("h.test"))
    source = random.Random(1)
    orders = [tuple(host.name for host in found.in_order(source)) for _ in range(50)]
    assert all(order[-1] == "last.mx.test" for order in orders)
    assert {order[0] for order in orders} == set(names)


async def test_null_mx_is_final(server: DnsServer, finder: MailHostFinder) -> None:
    server.set("h.test", "MX", "0 .")
    server.set("h.test", "A", "8.8.8.8")
    assert reason_of(await finder.find_hosts("h.test")) is NoMailReason.NULL_MX


async def test_a_null_mx_beside_a_host_does_not_count(
    server: DnsServer, finder: MailHostFinder
) -> None:
    server.set("h.test", "MX", "0 .", "10 mx.test.")
    server.set("mx.test", "A", "8.8.8.8")
    assert [host.name for host in hosts_of(await finder.find_hosts("h.test")).hosts] == ["mx.test"]


async def test_without_mx_the_domain_is_the_host(server: DnsServer, finder: MailHostFinder) -> None:
    server.set("h.test", "AAAA", "2606:4700::1")
    found = hosts_of(await finder.find_hosts("h.test"))
    assert found.implicit
    assert found.site == "h.test"
    assert found.hosts[0].addresses[0].ip == "2606:4700::1"


async def test_domains_that_take_no_mail(server: DnsServer, finder: MailHostFinder) -> None:
    server.set("text.test", "TXT", "hello")
    server.set("dead.test", "MX", "10 gone.test.", "20 alsogone.test.")
    assert reason_of(await finder.find_hosts("none.test")) is NoMailReason.NO_SUCH_DOMAIN
    assert reason_of(await finder.find_hosts("text.test")) is NoMailReason.NO_HOST
    assert reason_of(await finder.find_hosts("dead.test")) is NoMailReason.NO_USABLE_HOST
    assert reason_of(await finder.find_hosts("a..b")) is NoMailReason.BAD_DOMAIN
    assert reason_of(await finder.find_hosts("[300.1.1.1]")) is NoMailReason.BAD_DOMAIN


async def test_a_host_without_address_is_skipped(server: DnsServer, finder: MailHostFinder) -> None:
    server.set("h.test", "MX", "10 gone.test.", "20 mx.test.")
    server.set("mx.test", "A", "8.8.8.8")
    found = hosts_of(await finder.find_hosts("h.test"))
    assert [host.name for host in found.hosts] == ["mx.test"]
    assert found.site == "gone.test,mx.test"


async def test_what_cannot_be_told_is_temporary(server: DnsServer, finder: MailHostFinder) -> None:
    server.fail("h.test", Failure.SERVFAIL)
    assert isinstance(await finder.find_hosts("h.test"), TemporaryFailure)
    server.set("g.test", "MX", "10 gone.test.", "20 broken.test.")
    server.fail("broken.test", Failure.SERVFAIL)
    assert isinstance(await finder.find_hosts("g.test"), TemporaryFailure)
    server.set("bare.test", "TXT", "no MX here")
    server.fail("bare.test", Failure.SERVFAIL, "A")
    assert isinstance(await finder.find_hosts("bare.test"), TemporaryFailure)


async def test_a_usable_host_is_used_while_another_cannot_be_told(
    server: DnsServer, finder: MailHostFinder, clock: SettableClock
) -> None:
    server.set("h.test", "MX", "10 broken.test.", "20 mx.test.")
    server.set("mx.test", "A", "8.8.8.8")
    server.fail("broken.test", Failure.SERVFAIL)
    found = hosts_of(await finder.find_hosts("h.test"))
    assert [host.name for host in found.hosts] == ["mx.test"]
    assert found.expires_at == clock.now() + 5 * SECOND


async def test_a_failing_aaaa_does_not_hide_the_a(
    server: DnsServer, finder: MailHostFinder
) -> None:
    server.set("h.test", "MX", "10 mx.test.")
    server.set("mx.test", "A", "8.8.8.8")
    server.fail("mx.test", Failure.SERVFAIL, "AAAA")
    assert hosts_of(await finder.find_hosts("h.test")).hosts[0].addresses[0].ip == "8.8.8.8"


async def test_address_literals_need_no_dns(server: DnsServer, finder: MailHostFinder) -> None:
    found = hosts_of(await finder.find_hosts("[127.0.0.1]"))
    assert found.hosts[0].addresses[0].ip == "127.0.0.1"
    assert found.hosts[0].addresses[0].is_private
    assert hosts_of(await finder.find_hosts("[IPv6:2606:4700::1]")).site == "[2606:4700::1]"
    assert server.queries.total() == 0


async def test_international_domains(server: DnsServer, finder: MailHostFinder) -> None:
    server.set("xn--bcher-kva.test", "MX", "10 mx.test.")
    server.set("mx.test", "A", "8.8.8.8")
    assert hosts_of(await finder.find_hosts("Bücher.test")).site == "mx.test"


async def test_mail_hosts_may_be_aliases(server: DnsServer, finder: MailHostFinder) -> None:
    server.set("h.test", "MX", "10 mx.test.")
    server.set("mx.test", "CNAME", "real.test.")
    server.set("real.test", "A", "8.8.8.8")
    assert hosts_of(await finder.find_hosts("h.test")).hosts[0].name == "mx.test"


async def test_a_found_value_is_kept_for_the_least_ttl(
    server: DnsServer, finder: MailHostFinder, clock: SettableClock
) -> None:
    server.set("h.test", "MX", "10 mx.test.", ttl=600)
    server.set("mx.test", "A", "8.8.8.8", ttl=40)
    first = await finder.find_hosts("h.test")
    asked = server.queries.total()
    clock.advance(40 * SECOND - 1)
    assert await finder.find_hosts("h.test") is first
    assert finder.cached("h.test") is first
    assert server.queries.total() == asked
    clock.advance(1)
    assert finder.cached("h.test") is None
    server.set("mx.test", "A", "8.8.8.9", ttl=40)
    again = hosts_of(await finder.find_hosts("h.test"))
    assert again.hosts[0].addresses[0].ip == "8.8.8.9"


async def test_ipv6_can_be_left_out(
    server: DnsServer, resolver: Resolver, clock: SettableClock
) -> None:
    finder = MailHostFinder(resolver, clock, random.Random(1), ipv6=False)
    server.set("h.test", "A", "8.8.8.8")
    server.set("h.test", "AAAA", "2606:4700::1")
    found = hosts_of(await finder.find_hosts("h.test"))
    assert [address.ip for address in found.hosts[0].addresses] == ["8.8.8.8"]


async def test_a_list_without_end_is_cut(server: DnsServer, finder: MailHostFinder) -> None:
    server.set("h.test", "MX", *(f"{number} m{number}.mx.test." for number in range(60)))
    server.set("m0.mx.test", "A", *(f"8.8.4.{number}" for number in range(1, 60)))
    found = hosts_of(await finder.find_hosts("h.test"))
    assert len(found.hosts[0].addresses) == 16
    assert sum(server.count(f"m{number}.mx.test", "A") for number in range(60)) == 20
