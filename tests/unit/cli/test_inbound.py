"""Operators look at what came in, and say where mail to a domain goes."""

import asyncio
import json

import pytest
from tests.support.inbound import DOMAIN, HOST, inbound_world
from tests.support.returned_mails import dsn, letter
from typer.testing import CliRunner

from tayori.cli.main import build
from tayori.db import migrate
from tayori.db.open import database_url, open_database
from tayori.runtime.clock import SettableClock, process_clock
from tayori.runtime.trouble import Trouble


@pytest.fixture
async def world(tmp_path):
    url = database_url("", tmp_path)
    await migrate.prepare(url)
    database = open_database(url, 1)
    async with inbound_world(database, tmp_path, SettableClock(process_clock().now())) as built:
        yield built
    await database.close()


@pytest.fixture
def tayori(tmp_path, monkeypatch):
    """Run a command in a thread of this process, which has everything loaded."""
    monkeypatch.setenv("TAYORI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TAYORI_SERVICE_HOSTNAME", HOST)

    async def run(*words):
        done = await asyncio.to_thread(CliRunner().invoke, build(), list(words))
        if isinstance(done.exception, Trouble):
            return str(done.exception)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout) if "--json" in words else done.stdout_bytes

    return run


async def test_what_came_in_is_listed_counted_and_shown(world, tayori):
    [number] = await world.sent("ann@receiver.test")
    await world.came_back(dsn("ann@receiver.test"), world.address(number))
    fake = "Authentication-Results: mx.tayori.test; dmarc=pass"
    await world.came_back(letter(fields=(fake,)), "postmaster", mail_from="ann@people.test")
    rows = await tayori("inbound", "list", "--json")
    assert [(row["kind"], row["state"]) for row in rows] == [
        ("unknown", "kept"),
        ("bounce", "done"),
    ]
    kept = await tayori("inbound", "list", "--kept", "--json")
    assert [row["subject"] for row in kept] == ["Hello"]
    shown = await tayori("inbound", "show", str(kept[0]["id"]), "--json")
    assert shown["authentication"].startswith(f"{HOST}; spf=none")
    assert (shown["content"], shown["client"]) == ("kept", "127.0.0.1")
    counted = await tayori("inbound", "count", "--json")
    assert {(row["state"], row["kind"], row["mails"]) for row in counted} == {
        ("done", "bounce", 1),
        ("kept", "unknown", 1),
    }

    octets = await tayori("inbound", "show", str(kept[0]["id"]), "--raw")
    assert octets.startswith(b"Return-Path: <ann@people.test>\r\nAuthentication-Results: ")
    assert fake.encode() not in octets
    erased = str(rows[1]["id"])
    said = await tayori("inbound", "show", erased, "--raw")
    assert "erased" in said


async def test_mail_to_a_domain_is_forwarded_where_an_operator_says(world, tayori):
    made = await tayori("inbound", "forward", DOMAIN.upper(), "me@office.test", "--json")
    assert made == {"domain": DOMAIN, "forward_to": "me@office.test"}
    [listed] = await tayori("inbound", "forwards", "--json")
    assert listed == {"domain": DOMAIN, "account": "shop", "forward_to": "me@office.test"}
    for wrong, why in (
        ((DOMAIN, f"me@{DOMAIN}"), "leads back"),
        ((DOMAIN, f"postmaster@{HOST}"), "leads back"),
        (("people.test", "me@office.test"), "no sender domain"),
    ):
        assert why in await tayori("inbound", "forward", *wrong)
    await tayori("inbound", "forward", DOMAIN, "none", "--json")
    assert await tayori("inbound", "forwards", "--json") == []


async def test_reports_on_a_domain_are_shown(world, tayori):
    assert await tayori("dmarc", "report", DOMAIN, "--json") == []
    assert "domain" in await tayori("dmarc", "report", "a b")
