"""Operators look into the lists, change them, and carry them over as files."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.test_queue import message, take
from tests.store.test_tenants_accounts import room
from tests.support.command_inside import CommandInside

from tayori.runtime.clock import DAY, process_clock
from tayori.suppress.listing_store import Listed, ListingStore, ListName, Sought
from tayori.suppress.model import Blocked, Target
from tayori.suppress.store import SuppressStore, block


@pytest.fixture
def tayori(installed_url, tmp_path):
    url = "" if installed_url.startswith("sqlite") else installed_url
    return CommandInside({"TAYORI_DATA_DIR": str(tmp_path), "TAYORI_DATABASE_URL": url})


async def account(database, name="shop"):
    return (await room(database, process_clock()).create(name)).account


async def test_the_shared_list_shows_reason_end_and_the_mail_that_was_the_cause(tayori, database):
    owner = await account(database)
    now = process_clock().now()
    await take(database, message("qcloudses-1", "gone@x.test", account_id=owner.id))
    entry = Blocked(
        address="gone@x.test",
        account_id=owner.id,
        at=now,
        expires_at=now + DAY,
        reason="550 5.1.1 [b]no[/b]",
        message_id=1,
    )
    async with database.write() as transaction:
        await block(transaction, [entry, replace(entry, address="old@x.test", expires_at=now)])
    (row,) = await asyncio.to_thread(tayori.json, "blacklist", "list")
    assert (row["address"], row["reason"]) == ("gone@x.test", "550 5.1.1 [b]no[/b]")
    assert (row["mail"], row["account_id"]) == ("qcloudses-1", owner.id)
    assert "[b]no[/b]" in "\n".join(await asyncio.to_thread(tayori.table, "blacklist", "list"))
    assert await asyncio.to_thread(tayori.json, "blacklist", "search", "%@x") == []
    assert len(await asyncio.to_thread(tayori.json, "blacklist", "search", "@X.te")) == 1
    assert await asyncio.to_thread(tayori.json, "blacklist", "remove", "GONE@x.test") == {
        "removed": 1
    }


async def test_addresses_are_added_for_a_time_and_hold(tayori, database):
    owner = await account(database)
    words = ("add", "A@x.test", "b@x.test", "--days", "2", "--reason", "asked by phone")
    assert await asyncio.to_thread(tayori.json, "blacklist", *words) == {"added": 2, "wrong": 0}
    now = process_clock().now()
    target = Target(owner.id, "d.test", "a@x.test")
    store = SuppressStore(database)
    assert "asked by phone" in (await store.find([target], now))[target].reason.english
    assert await store.find([target], now + 3 * DAY) == {}
    own = ("--account", "shop")
    await asyncio.to_thread(tayori.json, "custom-blacklist", "add", "c@x.test", *own)
    mine = Target(owner.id, "d.test", "c@x.test")
    assert list(await store.find([mine], now + 9_999 * DAY)) == [mine]
    away = ("add", "e@x.test", *own, "--domain", "D.test")
    await asyncio.to_thread(tayori.json, "unsubscribed", *away)
    left = Target(owner.id, "d.test", "e@x.test")
    assert list(await store.find([left], now)) == [left]
    back = ("remove", "e@x.test", "--domain", "d.test")
    assert await asyncio.to_thread(tayori.json, "unsubscribed", *back) == {"removed": 1}


async def test_a_file_is_taken_without_its_mistakes_which_are_told_by_line(
    tayori, database, tmp_path
):
    await account(database)
    file = tmp_path / "in.csv"
    lines = [
        "\ufeffEmail,reason,days",
        "one@x.test,first,1",
        "",
        "not an address,x,1",
        'two@x.test,"said ""no"", twice",',
        "three@x.test,x,soon",
        '"four@x.test,x,1',
        "x" * 50_000,
    ]
    raw = "\n".join(lines).encode() + b"\n\xff\xfe@x.test\nfive@x.test,,\n"
    file.write_bytes(raw)
    done = await asyncio.to_thread(tayori.run, "blacklist", "import", str(file), "--json")
    assert (done.exit_code, '"added": 3' in done.stdout) == (1, True)
    assert '"wrong": 5' in done.stdout
    told = done.stderr.splitlines()
    assert [line.split(":")[0] for line in told] == [f"line {n}" for n in (4, 6, 7, 8, 9)]
    assert "'not an address' is no address" in told[0]
    rows = await asyncio.to_thread(tayori.json, "blacklist", "list")
    assert {row["address"]: row["reason"] for row in rows} == {
        "five@x.test": "Added by the operator.",
        "one@x.test": "first",
        "two@x.test": 'said "no", twice',
    }


@pytest.mark.parametrize("name", ["blacklist", "custom-blacklist", "unsubscribed"])
async def test_what_is_exported_can_be_imported(tayori, database, tmp_path, name):
    await account(database)
    own = ("--account", "shop")
    domain = ("--domain", "d.test") if name == "unsubscribed" else ()
    await asyncio.to_thread(tayori.json, name, "add", "b@x.test", "a@x.test", *own, *domain)
    before = await asyncio.to_thread(tayori.json, name, "list", *own)
    file = tmp_path / "out.csv"
    done = await asyncio.to_thread(tayori.run, name, "export", str(file), *own)
    assert done.exit_code == 0, done.stderr
    assert file.read_text(encoding="utf-8").splitlines()[1:] != []
    removed = await asyncio.to_thread(
        tayori.json, name, "remove", "a@x.test", "b@x.test", *own, *domain
    )
    assert removed == {"removed": 2}
    again = await asyncio.to_thread(tayori.json, name, "import", str(file), *own)
    assert again == {"added": 2, "wrong": 0}
    after = await asyncio.to_thread(tayori.json, name, "list", *own)
    assert [row["address"] for row in after] == ["a@x.test", "b@x.test"]
    assert [row.get("expires_at", "")[:16] for row in after] == [
        row.get("expires_at", "")[:16] for row in before
    ]


async def test_what_is_missing_is_said(tayori, database):
    await account(database)
    wrong = {
        ("custom-blacklist", "list"): "--account",
        ("unsubscribed", "add", "a@x.test"): "--account",
        ("unsubscribed", "remove", "a@x.test"): "--domain",
        ("blacklist", "add", "nonsense"): "'nonsense' is no address",
        ("blacklist", "import", "nowhere.csv"): "nowhere.csv cannot be read",
        ("blacklist", "list", "--account", "nobody"): "nobody",
    }
    for words, sentence in wrong.items():
        assert sentence in await asyncio.to_thread(tayori.complaint, *words)


async def test_a_long_list_is_walked_through_in_pages_without_gaps(database):
    store = ListingStore(database, ListName.SHARED)
    rows = [
        Listed(address=f"u{n:04}@x.test", account_id=n % 3, at=1, expires_at=10, reason="r")
        for n in range(250)
    ]
    await store.add(rows)
    sizes, seen = [], []
    async for page in store.pages(Sought(now=5), 100):
        sizes.append(len(page))
        seen += [row.address for row in page]
    assert sizes == [100, 100, 50]
    assert seen == sorted(row.address for row in rows)
    of_one = [row async for page in store.pages(Sought(now=5, account_id=1), 40) for row in page]
    assert len(of_one) == sum(row.account_id == 1 for row in rows)
