"""Statistics as pages show them, on both databases."""

import pytest
from tests.support.console_world import console_world
from tests.support.volumes import counted

from tayori.runtime.clock import DAY, day_of
from tayori.stats.model import Kind, Volume
from tayori.tenants.users.model import Role

GOOD = Volume(requested=1_030, accepted=1_020, delivered=1_000, opened=640, clicked=80, bounced=20)
BAD = Volume(requested=400, accepted=400, delivered=300, opened=30, bounced=100, complained=9)


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


def day(world, back=0):
    return day_of(world.parts.clock.now() - back * DAY, world.parts.zone)


async def test_an_account_without_mail_is_told_so(world):
    viewer = await world.signed_in(Role.VIEWER)
    assert "Nothing was sent on these days" in (await viewer.get("/statistics")).text


async def test_days_are_shown_with_rates_and_verdicts(world):
    await counted(world.parts, world.account.id, {(day(world), "shop.test"): GOOD})
    await counted(world.parts, world.account.id, {(day(world, 40), "shop.test"): BAD})
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get("/statistics")
    assert "1,030" in page.text
    assert "2.0%" in page.text
    assert "Good; the limit is 5.0%" in page.text
    longer = await viewer.get("/statistics?days=90")
    assert "1,430" not in longer.text
    assert "Should be at most 5.0%" in longer.text
    only = await viewer.get(f"/statistics?first={day(world, 41)}&last={day(world, 39)}")
    assert "25.0%" in only.text
    assert "1,030" not in only.text


@pytest.mark.parametrize(
    "query",
    [
        "first=2026-13-01",
        "first=2026-02-01&last=2026-01-01",
        "last=x",
        "first=1990-01-01&last=2026-01-01",
    ],
)
async def test_days_that_are_none_are_said_so(world, query):
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get(f"/statistics?{query}")
    assert page.status_code == 200
    assert "These days cannot be shown" in page.text


async def test_lines_of_other_kinds_have_their_names(world):
    account, today = world.account.id, day(world)
    evil = '"><script>alert(1)</script>'
    keys = {
        (Kind.DOMAIN, today, "shop.test"): GOOD,
        (Kind.SENDER, today, evil): GOOD,
        (Kind.PROVIDER, today, "gmail"): GOOD,
        (Kind.PROVIDER, today, ""): BAD,
        (Kind.TEMPLATE, today, "7"): GOOD,
        (Kind.TASK, today, "9"): GOOD,
    }
    await counted(world.parts, account, {}, keys)
    viewer = await world.signed_in(Role.VIEWER)
    assert "shop.test" in (await viewer.get("/statistics?by=domain")).text
    senders = await viewer.get("/statistics?by=sender")
    assert "<script>alert" not in senders.text
    assert "alert(1)" in senders.text
    providers = await viewer.get("/statistics?by=provider")
    assert "gmail" in providers.text
    assert "Others" in providers.text
    assert "Requested" not in providers.text
    for by in ("template", "task", "mailbox"):
        assert (await viewer.get(f"/statistics?by={by}")).status_code == 200


async def test_a_file_has_all_lines_and_runs_no_formula(world):
    today = day(world)
    keys = {(Kind.SENDER, today, f"s{number:02}@shop.test"): GOOD for number in range(30)}
    keys[Kind.SENDER, today, "=cmd()"] = BAD
    await counted(world.parts, world.account.id, {}, keys)
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get("/statistics?by=sender")
    assert "6 more lines are in the CSV file." in page.text
    file = await viewer.get("/statistics/report.csv?by=sender")
    assert file.headers["content-type"].startswith("text/csv")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("sender,requested,accepted,delivered")
    assert len(lines) == 32
    assert any(line.startswith("'=cmd()") for line in lines)


async def test_another_account_has_other_numbers(world):
    await counted(world.parts, world.account.id, {(day(world), "shop.test"): GOOD})
    stranger = await world.signed_in(Role.OWNER, account=await world.other_account())
    assert "1,030" not in (await stranger.get("/statistics")).text
    assert "1030" not in (await stranger.get("/statistics/report.csv")).text
