"""The quick start: programs with the account's own values, on both databases."""

import msgspec
import pytest
from tests.support.console_world import console_world

from tayori.catalog.model import TemplateContent, TemplateStatus
from tayori.config.tree import Http, Service, SubmissionSettings
from tayori.edge.console.pages.start.snippets import GUIDES, Values
from tayori.tenants.users.model import Role


@pytest.fixture
async def world(installed_url, tmp_path):
    changes = {
        "http": msgspec.structs.replace(Http(), public_url="http://api.mori.test"),
        "service": Service(hostname="mail.mori.test"),
        "submission": SubmissionSettings(listen="127.0.0.1:587"),
    }
    async with console_world(tmp_path, installed_url, **changes) as opened:
        yield opened


async def test_an_account_with_nothing_is_told_what_it_needs(world):
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get("/start")
    assert "This account has no sender yet" in page.text
    assert "This account has no approved template yet" in page.text
    assert "api.mori.test" in page.text


@pytest.mark.parametrize("way", list(GUIDES))
async def test_the_account_s_values_stand_in_every_program(world, way):
    await world.verified("mail.mori.test")
    await world.services.senders.create(world.account.id, "news@mail.mori.test", "Mori")
    content = TemplateContent(html="<p>Dear {{name}}</p>", text="Dear {{name}}")
    template = await world.services.templates.create(world.account.id, "Letter", content)
    if template.status is not TemplateStatus.APPROVED:
        await world.services.templates.approve(template.id)
    (credential,) = await world.services.accounts.credentials(world.account.id)
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get(f"/start?with={way}")
    for value in ("api.mori.test", "news@mail.mori.test", credential.secret_id, "Ann"):
        assert value in page.text
    assert credential.secret.decode() not in page.text
    assert "@KEY@" not in page.text
    assert "@ENDPOINT@" not in page.text


async def test_smtp_has_its_settings(world):
    await world.verified("mail.mori.test")
    await world.services.senders.create(world.account.id, "news@mail.mori.test", "Mori")
    viewer = await world.signed_in(Role.VIEWER, language="zh")
    page = await viewer.get("/start?with=smtp")
    assert "mail.mori.test" in page.text
    assert "587" in page.text
    assert "smtplib" in page.text


async def test_an_unknown_way_shows_the_usual_one(world):
    viewer = await world.signed_in(Role.VIEWER)
    assert "import os" in (await viewer.get("/start?with=%3Cscript%3E")).text


def test_a_value_that_means_something_in_a_program_is_left_out():
    values = Values(
        endpoint="api.test",
        secure=True,
        sender="a'$(reboot)\"@x.test",
        variables=("名前", "x'; reboot; '"),
    )
    for guide in GUIDES.values():
        program = values.filled(guide.program)
        assert "reboot" not in program
        assert "SENDER" in program
        assert "u540d" in program
