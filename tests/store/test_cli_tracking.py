"""The command that chooses what is tracked."""

import asyncio

import pytest

from tayori.app.parts import opened, prepare
from tayori.config.load import load
from tayori.sandbox.dns_server import DnsServer


@pytest.fixture
async def dns():
    async with DnsServer() as server:
        server.add_zone("tayori.test")
        server.add_zone("shop.test")
        server.add("t.tayori.test", "A", "192.0.2.1")
        server.add("t.shop.test", "CNAME", "t.tayori.test.")
        server.add("away.shop.test", "A", "192.0.2.9")
        yield server


@pytest.fixture
async def acme(tayori, dns):
    own = {"DNS_SERVERS": f"127.0.0.1:{dns.port}", "HTTP_PUBLIC_URL": "https://t.tayori.test"}
    tayori.settings.update({f"TAYORI_{name}": value for name, value in own.items()})
    settings = load(None, tayori.settings)
    await prepare(settings)
    async with opened(settings) as parts:
        yield await parts.accounts.create("acme")


async def test_an_account_chooses_and_its_host_is_looked_at(tayori, acme):
    assert acme.account.name == "acme"

    async def call(*words):
        return await asyncio.to_thread(tayori.json, "tracking", *words)

    async def trouble(*words):
        return await asyncio.to_thread(tayori.complaint, "tracking", *words)

    own = await call("set", "acme", "--opens", "off", "--url", "https://t.shop.test/")
    expected = {"account": "acme", "sender": "(all)", "opens": "off", "clicks": "inherit"}
    assert own == {**expected, "url": "https://t.shop.test", "note": ""}
    away = await call("set", "acme", "--url", "https://away.shop.test", "--clicks", "on")
    assert away["opens"] == "off"
    assert "CNAME of t.tayori.test" in away["note"]
    (row,) = await call("list")
    assert (row["clicks"], row["url"]) == ("on", "https://away.shop.test")
    assert "no sender" in await trouble("set", "acme", "--sender", "x@shop.test", "--opens", "on")
    assert "https://" in await trouble("set", "acme", "--url", "t.shop.test")
    assert (await call("reset", "acme"))["opens"] == "inherit"
    assert "Nothing" in await trouble("reset", "acme")
    assert await call("list") == []
