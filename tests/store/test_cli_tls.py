"""`tayori tls` as operators use it."""

import asyncio

from tayori.delivery.security.report_store import ReportState, ReportStore
from tayori.delivery.security.store import KnownHost, Required, SecurityStore
from tayori.runtime.clock import HOUR, SystemClock
from tayori.sandbox.dns_server import DnsServer


async def test_an_account_is_made_to_require_tls_and_let_go_again(tayori, database):
    made = await asyncio.to_thread(tayori.json, "account", "create", "Shop")
    number = (made[0] if isinstance(made, list) else made)["account_id"]
    await asyncio.to_thread(tayori.json, "tls", "require", "Shop")
    store = SecurityStore(database)
    assert await store.required() == Required(frozenset({number}), frozenset())
    await asyncio.to_thread(tayori.json, "tls", "require", "Shop", "--off")
    assert await store.required() == Required()
    refused = await asyncio.to_thread(
        tayori.complaint, "tls", "require", "Shop", "--domain", "x.test"
    )
    assert "no sender domain x.test" in refused


async def test_what_is_known_is_shown(tayori, database):
    now = SystemClock().now()
    await SecurityStore(database).put_hosts(
        [
            KnownHost(host="mx.a.test", rung=1, reason="old", ends_at=now + HOUR, changed_at=now),
            KnownHost(host="mx.b.test", rung=2, reason="x", ends_at=now - 1, changed_at=now),
        ]
    )
    (host,) = await asyncio.to_thread(tayori.json, "tls", "hosts")
    assert (host["host"], host["begins_with"], host["reason"]) == (
        "mx.a.test",
        "old versions",
        "old",
    )
    store = ReportStore(database)
    await store.take("2026-11-01", "x.test", now, now)
    await store.settle(
        ReportState(day="2026-11-01", domain="x.test", state="sent", tries=1, due_at=now, detail="")
    )
    (report,) = await asyncio.to_thread(tayori.json, "tls", "reports")
    assert (report["domain"], report["state"], report["tries"]) == ("x.test", "sent", 1)


async def test_the_policy_of_a_domain_is_shown(tayori):
    async with DnsServer() as dns:
        tayori.settings["TAYORI_DNS_SERVERS"] = f"127.0.0.1:{dns.port}"
        dns.set("x.test", "MX", "10 mx1.x.test.", "20 mx2.x.test.")
        for host in ("mx1.x.test", "mx2.x.test"):
            dns.set(host, "A", "127.0.0.1")
        dns.set("_25._tcp.mx1.x.test", "TLSA", "3 1 1 " + "ab" * 32)
        dns.vouch("x.test")
        one, two = await asyncio.to_thread(tayori.json, "tls", "show", "x.test")
        assert (one["host"], one["demand"], one["tlsa_records"]) == ("mx1.x.test", "dane", 1)
        assert one["dnssec"] == two["dnssec"] == "signed"
        assert (two["demand"], two["rule"]) == ("opportunistic", "opportunistic")
