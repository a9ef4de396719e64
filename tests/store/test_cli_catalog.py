"""The commands that look after what customers keep: templates and sender domains."""

import asyncio

import pytest

from tayori.app.parts import opened, prepare
from tayori.catalog.model import TemplateContent
from tayori.config.load import load
from tayori.sandbox.dns_server import DnsServer


@pytest.fixture
async def parts(tayori):
    settings = load(None, tayori.settings | {"TAYORI_REVIEW_MODE": "manual"})
    await prepare(settings)
    async with opened(settings) as installation:
        yield installation


async def test_templates_are_reviewed(tayori, parts):
    made = await parts.accounts.create("acme")
    content = TemplateContent(html="<p>Hello {{name}}</p>", text="Hello {{name}}")
    one = await parts.templates.create(made.account.id, "one", content)
    two = await parts.templates.create(made.account.id, "two", content)
    waiting = await asyncio.to_thread(tayori.json, "template", "list", "--status", "in_review")
    assert [row["name"] for row in waiting] == ["one", "two"]
    approved = await asyncio.to_thread(tayori.json, "template", "approve", str(one.id))
    assert approved["status"] == "approved"
    no = ("template", "reject", str(two.id), "--reason", "too short")
    assert (await asyncio.to_thread(tayori.json, *no))["reason"] == "too short"
    mine = await asyncio.to_thread(tayori.table, "template", "list", "--account", "acme")
    assert [line.split()[3] for line in mine] == ["status", "approved", "refused"]
    assert "999" in await asyncio.to_thread(tayori.complaint, "template", "approve", "999")
    missing = await asyncio.to_thread(tayori.run, "template", "reject", str(one.id))
    assert missing.exit_code == 2


async def test_what_the_rules_found_is_shown(tayori, parts):
    made = await parts.accounts.create("acme")
    content = TemplateContent(html="<p>Flash sale!</p><script>1</script>", text="")
    bad = await parts.templates.create(made.account.id, "bad", content)
    good = await parts.templates.create(
        made.account.id, "good", TemplateContent(html="", text="Hello {{name}}")
    )
    shown = await asyncio.to_thread(
        tayori.json, "template", "show", str(bad.id), "--language", "ja"
    )
    assert shown["status"] == "refused"
    assert [line.split(":")[0] for line in shown["findings"]] == ["refuse"] * 3
    assert "フラッシュセール" in shown["findings"][1]
    assert "flash sale" in shown["reason"]
    assert shown["html"] == content.html
    waits = await asyncio.to_thread(tayori.json, "template", "show", str(good.id))
    assert (waits["status"], waits["business"]) == ("in_review", "trigger")
    assert waits["due_at"] > waits["updated_at"]
    decided = await asyncio.to_thread(tayori.json, "template", "approve", str(good.id))
    assert decided["due_at"] == ""
    assert "999" in await asyncio.to_thread(tayori.complaint, "template", "show", "999")


async def test_a_domain_is_looked_up_without_changing_it(tayori, parts):
    made = await parts.accounts.create("acme")
    before = await parts.identities.create(made.account.id, "mail.example.test")
    async with DnsServer() as server:
        server.add_zone("example.test")
        server.set("mail.example.test", "TXT", "v=spf1 include:spf.tayori.invalid ~all")
        server.set("mail.example.test", "MX", "10 mx.elsewhere.test.")
        tayori.settings["TAYORI_DNS_SERVERS"] = ":".join(map(str, server.address))
        rows = await asyncio.to_thread(tayori.json, "dns", "check", "MAIL.example.test")
        table = await asyncio.to_thread(tayori.table, "dns", "check", "mail.example.test")
    by_group = {row["group"]: row for row in rows}
    assert set(by_group) == {"MX", "SPF", "DMARC", "DKIM"}
    assert by_group["MX"]["status"] == "wrong"
    assert by_group["MX"]["current"] == "mx.elsewhere.test."
    assert (by_group["MX"]["host"], by_group["MX"]["value"]) == ("mail", "mx.tayori.invalid.")
    assert by_group["SPF"]["current"] == "v=spf1 include:spf.tayori.invalid ~all"
    assert by_group["DKIM"]["host"] == "tayori._domainkey.mail"
    assert by_group["DMARC"]["explanation"]
    assert table[0].split()[:3] == ["group", "type", "host"]
    assert await parts.identities.get(made.account.id, "mail.example.test") == before
    for domain, sentence in (("other.test", "No account has"), ("no name", "domain")):
        assert sentence in await asyncio.to_thread(tayori.complaint, "dns", "check", domain)
