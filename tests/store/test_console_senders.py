"""The pages of senders, on both databases."""

import pytest
from tests.support.console_world import console_world

from tayori.config.tree import Service, SubmissionSettings
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
async def world(installed_url, tmp_path):
    changes = {
        "service": Service(hostname="mail.shop.example"),
        "submission": SubmissionSettings(listen="127.0.0.1:587"),
    }
    async with console_world(tmp_path, installed_url, **changes) as opened:
        await opened.verified("mail.shop.test")
        yield opened


async def test_an_account_without_senders_is_told_what_to_do(world):
    owner = await world.signed_in(Role.OWNER)
    page = await owner.get("/senders")
    assert "No senders yet" in page.text
    assert "/console/senders/new" in page.text
    viewer = await world.signed_in(Role.VIEWER)
    assert "/console/senders/new" not in (await viewer.get("/senders")).text


async def test_a_sender_is_made_named_given_a_password_and_deleted(world):
    owner = await world.signed_in(Role.OWNER)
    made = await owner.follow("/senders/new", {"address": "News@mail.shop.test", "name": "Shop"})
    assert "The sender news@mail.shop.test was made." in made.text
    path = "/senders/news%40mail.shop.test"
    named = await owner.follow(f"{path}/name", {"name": "森の店"})
    assert "森の店" in named.text
    protected = await owner.follow(f"{path}/password", {"password": "Blue12Kettle34"})
    assert "Password set" in protected.text
    assert "Blue12Kettle34" not in protected.text
    found = await world.services.senders.find(world.account.id, "news@mail.shop.test")
    assert found.display_name == "森の店"
    assert found.has_smtp_password
    gone = await owner.follow(f"{path}/delete")
    assert "was deleted" in gone.text
    assert (await owner.get(path)).status_code == 404
    actions = [(entry.action.value, entry.target) for entry in await world.audited()]
    assert actions == [
        ("sender_created", "news@mail.shop.test"),
        ("sender_changed", "news@mail.shop.test"),
        ("sender_password_changed", "news@mail.shop.test"),
        ("sender_removed", "news@mail.shop.test"),
    ]


async def test_the_unsubscribe_link_is_chosen_and_left_to_each_mail_again(world):
    await world.services.senders.create(world.account.id, "news@mail.shop.test")
    owner = await world.signed_in(Role.OWNER)
    path = "/senders/news%40mail.shop.test"
    store, account = world.services.unsubscribes, world.account.id
    for choice in ("7", "0"):
        shown = await owner.follow(f"{path}/unsubscribe", {"choice": choice})
        assert f'<option selected value="{choice}">' in shown.text
        found = await store.find(account, "news@mail.shop.test")
        assert (found.choice, found.enabled) == (choice, True)
    viewer = await world.signed_in(Role.VIEWER)
    assert "<p>No link</p>" in (await viewer.get(path)).text
    assert (await owner.post(f"{path}/unsubscribe", {"choice": "13"})).status_code == 422
    await owner.follow(f"{path}/unsubscribe", {"choice": ""})
    assert await store.find(account, "news@mail.shop.test") is None


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"address": "", "name": ""}, "This field is required."),
        ({"address": "nobody", "name": "Kept as it was"}, "Kept as it was"),
        ({"address": "a@unknown.test", "name": ""}, "unknown.test is not a verified domain"),
    ],
)
async def test_what_is_refused_keeps_what_was_entered(world, form, sentence):
    owner = await world.signed_in(Role.OWNER)
    page = await owner.post("/senders/new", form)
    assert page.status_code == 422
    assert sentence in page.text
    assert 'aria-invalid="true"' in page.text
    assert await world.services.senders.list(world.account.id) == []


async def test_a_list_is_found_sorted_and_paged_by_its_url(world):
    senders = world.services.senders
    for number in range(30):
        name = "Letters" if number % 2 else "Bills"
        await world.parts.senders.create(world.account.id, f"s{number:02}@mail.shop.test", name)
    if len(await senders.list(world.account.id)) == 10:
        # The usual limit of senders per domain; a second and third domain make room.
        for number, domain in ((10, "b.shop.test"), (20, "c.shop.test")):
            await world.verified(domain)
            for each in range(number, number + 10):
                name = "Letters" if each % 2 else "Bills"
                await senders.create(world.account.id, f"s{each:02}@{domain}", name)
    browser = await world.signed_in(Role.VIEWER)
    first = await browser.get("/senders?sort=address")
    assert first.text.index("s00@mail") < first.text.index("s09@mail")
    assert "s24@" in first.text
    assert "s25@" not in first.text
    assert "page=2" in first.text
    second = await browser.get("/senders?sort=address&page=2")
    assert "s25@" in second.text
    found = await browser.get("/senders?q=letters&sort=-address")
    assert "s29@" in found.text
    assert "s28@" not in found.text
    assert "Nothing matches" in (await browser.get("/senders?q=100%25")).text


async def test_each_role_may_what_it_may(world):
    await world.services.senders.create(world.account.id, "news@mail.shop.test")
    for role, status in ((Role.VIEWER, 403), (Role.MEMBER, 303), (Role.OPERATOR, 303)):
        browser = await world.signed_in(role)
        assert (await browser.get("/senders/news%40mail.shop.test")).status_code == 200
        done = await browser.post("/senders/news%40mail.shop.test/name", {"name": role.value})
        assert done.status_code == status


async def test_another_account_has_nothing_of_it(world):
    await world.services.senders.create(world.account.id, "news@mail.shop.test", "Shop")
    other = await world.other_account()
    browser = await world.signed_in(Role.OWNER, account=other)
    path = "/senders/news%40mail.shop.test"
    assert (await browser.get(path)).status_code == 404
    for action in ("name", "password", "unsubscribe", "delete"):
        sent = {"name": "Mine", "password": "Blue12Kettle34"}
        assert (await browser.post(f"{path}/{action}", sent)).status_code == 404
    found = await world.services.senders.find(world.account.id, "news@mail.shop.test")
    assert found.display_name == "Shop"


async def test_a_name_is_never_markup(world):
    await world.services.senders.create(world.account.id, "news@mail.shop.test", EVIL)
    browser = await world.signed_in(Role.OWNER)
    for path in ("/senders", "/senders/news%40mail.shop.test", f"/senders?q={EVIL}"):
        page = await browser.get(path)
        assert "<script>alert" not in page.text
        assert page.status_code == 200


async def test_settings_for_mail_programs_are_shown_with_a_password(world):
    senders = world.services.senders
    await senders.create(world.account.id, "news@mail.shop.test")
    browser = await world.signed_in(Role.OWNER)
    path = "/senders/news%40mail.shop.test"
    assert "Nodemailer" not in (await browser.get(path)).text
    await browser.post(f"{path}/password", {"password": "Blue12Kettle34"})
    page = await browser.get(path)
    assert "Blue12Kettle34" not in page.text
    assert "smtp.login(&#34;news@mail.shop.test&#34;" in page.text
    assert "mail.shop.example" in page.text
    assert "port 587" in page.text


@pytest.mark.parametrize(("language", "title"), [("ja", "送信元アドレス"), ("zh", "发信地址")])
async def test_every_language(world, language, title):
    browser = await world.signed_in(Role.OWNER, language=language)
    page = await browser.get("/senders")
    assert f"<h1>{title}</h1>" in page.text
    refused = await browser.post("/senders/new", {"address": "a@unknown.test"})
    assert refused.status_code == 422
    assert "a@unknown.test" in refused.text
