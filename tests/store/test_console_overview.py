"""The first page of the console, on both databases."""

import pytest
from tests.support.console_world import console_world
from tests.support.mail_history import History
from tests.support.volumes import counted

from tayori.catalog.model import TemplateContent, TemplateStatus
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import day_of
from tayori.stats.model import Volume
from tayori.tenants.users.model import Role

BAD = Volume(requested=400, accepted=400, delivered=300, opened=30, bounced=100, complained=9)


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


async def test_a_new_account_sees_its_first_steps(world):
    owner = await world.signed_in(Role.OWNER)
    page = await owner.get("")
    assert page.status_code == 200, page.headers["location"]
    assert "First steps" in page.text
    assert "/console/domains/new" in page.text
    assert "No domain yet" in page.text
    viewer = await world.signed_in(Role.VIEWER)
    seen = await viewer.get("")
    assert "First steps" in seen.text
    assert "/console/domains/new" not in seen.text


async def test_the_first_steps_disappear_when_they_are_done(world):
    owner = await world.signed_in(Role.OWNER)
    await world.verified("mail.mori.test")
    await world.services.senders.create(world.account.id, "news@mail.mori.test", "Mori")
    half = await owner.get("")
    assert half.text.count("first-step-done") == 2
    made = await world.services.templates.create(
        world.account.id,
        "Letter",
        TemplateContent(html="<p>Dear {{name}}</p>", text="Dear {{name}}"),
    )
    assert not isinstance(made, Refusal)
    if made.status is not TemplateStatus.APPROVED:
        assert not isinstance(await world.services.templates.approve(made.id), Refusal)
    await History(world.parts, world.account).taken("m", "a@x.test", at=world.parts.clock.now())
    assert "First steps" not in (await owner.get("")).text


async def test_domains_show_level_quota_and_what_is_missing(world):
    await world.verified("mail.mori.test")
    made = await world.parts.identities.create(world.account.id, "new.mori.test")
    assert not isinstance(made, Refusal)
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get("")
    assert "/console/domains/mail.mori.test/level" in page.text
    assert "Mails sent today: 0 of" in page.text
    assert "new.mori.test is not verified" in page.text
    assert "/console/domains/new.mori.test" in page.text


async def test_bad_rates_are_warned_of_with_what_to_do(world):
    today = day_of(world.parts.clock.now(), world.parts.zone)
    await counted(world.parts, world.account.id, {(today, "shop.test"): BAD})
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get("")
    assert "25.0% of your mails bounced" in page.text
    assert "Only 10.0% of your mails were opened" in page.text
    assert "Too many complaints: 3.0%" in page.text
    stranger = await world.signed_in(Role.OWNER, account=await world.other_account())
    assert "bounced, " not in (await stranger.get("")).text
    assert "of your mails" not in (await stranger.get("")).text


async def test_what_was_refused_or_switched_off_is_warned_of(world):
    evil = "<script>alert(1)</script>"
    made = await world.services.templates.create(
        world.account.id, evil, TemplateContent(html="<p>Hello</p>", text="Hello")
    )
    assert not isinstance(made, Refusal)
    if made.status is not TemplateStatus.REFUSED:
        assert not isinstance(await world.services.templates.reject(made.id, "no"), Refusal)
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get("")
    assert "was refused" in page.text
    assert "<script>alert" not in page.text
    assert "No scanner is connected" not in page.text
    operator = await world.signed_in(Role.OPERATOR)
    assert "No scanner is connected" in (await operator.get("")).text


async def test_running_tasks_are_a_part_that_is_asked_again(world):
    viewer = await world.signed_in(Role.VIEWER)
    part = await viewer.get("", headers={"HX-Request": "true"})
    assert part.text.lstrip().startswith('<div id="running"')
    assert "<html" not in part.text


async def test_without_an_account_the_first_page_leads_on(world):
    operator = await world.signed_in(Role.OPERATOR, enter=False)
    assert (await operator.get("")).headers["location"] == "/console/operator"
    member = await world.signed_in(Role.MEMBER, enter=False)
    assert (await member.get("")).headers["location"] == "/console/accounts"
