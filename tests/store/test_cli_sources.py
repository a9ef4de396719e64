"""`tayori source` and `tayori account pool` as operators use them."""

import asyncio
import json
from zoneinfo import ZoneInfo

import pytest

from tayori.config.rules import RuleFile
from tayori.reputation.warmup import WARMUP_RULES, read_table
from tayori.reputation.warmup_store import WarmupStore, Wish
from tayori.runtime.clock import SystemClock
from tayori.sandbox.dns_server import DnsServer, Failure

SOURCES = [
    {"name": "one", "ipv4": "127.0.0.11", "ipv6": "::1", "ehlo_name": "one.out.test"},
    {"name": "two", "ipv4": "127.0.0.12", "warmup_start": "2020-01-01"},
    {"name": "three", "ipv4": "127.0.0.13", "warmup_start": "2999-01-01"},
    {"name": "far", "ipv4": "192.0.2.1"},
]
POOLS = [
    {"name": "shared", "members": {"one": 3, "two": 1}},
    {"name": "own", "members": {"two": 1, "three": 1}},
]


@pytest.fixture
def configured(tayori):
    tayori.settings["TAYORI_DELIVERY_SOURCES"] = json.dumps(SOURCES)
    tayori.settings["TAYORI_DELIVERY_POOLS"] = json.dumps(POOLS)
    return tayori


async def test_sources_are_listed_with_their_warm_up(configured, database):
    store = WarmupStore(
        database, SystemClock(), read_table(RuleFile(WARMUP_RULES)), ZoneInfo("Asia/Shanghai")
    )
    await store.take(Wish(source="two", provider="", amount=12))
    await store.take(Wish(source="two", provider="qq", amount=3))
    rows = await asyncio.to_thread(configured.json, "source", "list")
    assert [(row["source"], row["provider"], row["step"]) for row in rows] == [
        ("one", "", "warm"),
        ("two", "others", "1 of 30"),
        ("two", "qq", "1 of 30"),
        ("three", "", "waits"),
        ("far", "", "warm"),
    ]
    assert rows[0]["pools"] == "shared (3)"
    two, at_qq = rows[1], rows[2]
    assert (two["pools"], two["day_used"], two["day_cap"]) == ("shared (1), own (1)", 12, 200)
    assert (two["hour_used"], two["hour_cap"], two["ehlo_name"]) == (12, 30, "localhost")
    assert two["note"] == "Tomorrow: 270 mails if today's reach 101, else the same."
    assert (at_qq["day_used"], at_qq["day_cap"]) == (3, 50)
    assert "2999-01-01" in rows[3]["note"]
    assert "in no pool" in rows[4]["note"]


def test_without_sources_the_system_chooses(tayori):
    (row,) = tayori.json("source", "list")
    assert "The system chooses" in row["note"]
    assert "no sources" in tayori.complaint("source", "check")


async def test_a_check_says_what_receivers_will_miss(configured):
    configured.settings["TAYORI_DELIVERY_DNSBL_ZONES"] = "bl.test,odd.test,down.test"
    configured.settings["TAYORI_DNS_TIMEOUT_S"] = "1"
    configured.settings["TAYORI_DOMAINS_SPF_INCLUDE"] = "spf.out.test"
    async with DnsServer() as server:
        for zone in (
            "127.in-addr.arpa",
            "ip6.arpa",
            "out.test",
            "bl.test",
            "odd.test",
            "down.test",
        ):
            server.add_zone(zone)
        server.set("11.0.0.127.in-addr.arpa", "PTR", "one.out.test.")
        server.set("one.out.test", "A", "127.0.0.11")
        server.set("spf.out.test", "TXT", "v=spf1 include:more.out.test ip4:127.0.0.12 -all")
        server.set("more.out.test", "TXT", "v=spf1 a:one.out.test ip6:2001:db8::/32 ~all")
        server.set("11.0.0.127.bl.test", "A", "127.0.0.2")
        server.set("11.0.0.127.bl.test", "TXT", "seen in a trap")
        server.set("11.0.0.127.odd.test", "A", "127.255.255.254")
        server.fail("11.0.0.127.down.test", Failure.SERVFAIL)
        configured.settings["TAYORI_DNS_SERVERS"] = ":".join(map(str, server.address))
        rows = await asyncio.to_thread(configured.json, "source", "check", "one")
        far = await asyncio.to_thread(configured.json, "source", "check", "far")
    four = {row["check"]: row for row in rows if row["address"] == "127.0.0.11"}
    assert {check: row["status"] for check, row in four.items()} == {
        "local": "ok",
        "ptr": "ok",
        "forward": "ok",
        "ehlo": "ok",
        "spf": "ok",
        "dnsbl bl.test": "wrong",
        "dnsbl odd.test": "unknown",
        "dnsbl down.test": "unknown",
    }
    assert "seen in a trap" in four["dnsbl bl.test"]["explanation"]
    six = {row["check"]: row["status"] for row in rows if row["address"] == "::1"}
    assert (six["ptr"], six["ehlo"], six["spf"]) == ("wrong", "wrong", "wrong")
    assert {row["check"]: row["status"] for row in far}["local"] == "wrong"


def test_an_unknown_source_is_named(configured):
    assert "no source x" in configured.complaint("source", "check", "x")


def test_an_account_gets_a_pool_of_its_own_and_loses_it(configured):
    configured.json("account", "create", "acme")
    assert configured.json("account", "pool", "acme", "own")["pool"] == "own"
    assert configured.json("account", "list")[0]["pool"] == "own"
    assert configured.json("account", "pool", "acme", "none")["pool"] is None
    assert "Known are: shared, own" in configured.complaint("account", "pool", "acme", "x")
