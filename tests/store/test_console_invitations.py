"""Invitations, the first operator's link and forgotten passwords by the pages."""

import re

import pytest
from tests.support.console_world import PASSWORD, console_world

from tayori.compose.model import decode_recipe
from tayori.config.console import NoticeSettings
from tayori.queue.store import QueueStore
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.audit_store import AuditFilter
from tayori.tenants.users.model import Role

FORM = {"name": "Mio", "language": "ja", "zone": "Asia/Tokyo", "password": PASSWORD}
SENDER = "service@mail.shop.test"


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


@pytest.fixture
async def mailing(installed_url, tmp_path):
    """An installation whose service can write to its users."""
    async with console_world(
        tmp_path, installed_url, notices=NoticeSettings(sender=SENDER)
    ) as opened:
        await opened.verified("mail.shop.test")
        made = await opened.parts.senders.create(opened.account.id, SENDER, "Service")
        assert made.address.addr == SENDER
        yield opened


async def mails(world):
    store = QueueStore(world.parts.database)
    now = world.parts.clock.now()
    leased = await store.lease("d", now, now + 1, 20)
    recipes = await store.recipes([item.message_id for item in leased])
    return {item.address: decode_recipe(recipes[item.message_id]) for item in leased}


async def invited(world, email="mio@people.test", role=Role.MEMBER, **options):
    account = None if options.get("operator") else world.account.id
    token, _ = await world.services.links.invite(
        email, account_id=account, role=role, invited_by="owner@people.test", **options
    )
    return f"/invitation/{token}"


async def test_who_is_invited_joins_and_is_logged_in(world):
    path = await invited(world)
    browser = world.browser()
    page = await browser.get(path)
    assert "Join Shop" in page.text
    assert "You are invited to this account as: Member." in page.text
    weak = await browser.post(path, FORM | {"password": "short"})
    assert weak.status_code == 422
    assert 'value="Mio"' in weak.text
    done = await browser.post(path, FORM)
    assert (done.status_code, done.headers["location"]) == (303, "/console")
    user = await world.services.users.find("mio@people.test")
    assert await world.services.users.memberships(user.id) == {world.account.id: Role.MEMBER}
    again = await world.browser().get(path)
    assert again.status_code == 410
    assert "This link works no more" in again.text


async def test_a_link_that_never_was_is_answered_like_one_that_was_used(world):
    browser = world.browser()
    for path in ("/invitation/x", "/first-operator/x", "/new-password/x"):
        assert (await browser.get(path)).status_code == 410
        assert (await browser.post(path, FORM)).status_code in {410, 422}
        assert (await browser.post(path, FORM)).status_code == 410


async def test_a_user_who_exists_joins_by_a_button_and_logs_in_as_always(world):
    other = await world.other_account()
    user = await world.user(Role.OWNER, account=other)
    path = await invited(world, user.email, Role.VIEWER)
    browser = world.browser()
    page = await browser.get(path)
    assert "You have a user here already." in page.text
    assert 'type="password"' not in page.text
    done = await browser.post(path, {"password": "another long password"})
    assert done.headers["location"] == "/console/log-in"
    assert browser.client.cookies.get("tayori_session") is None
    assert await world.services.users.log_in(user.email, PASSWORD) is not None
    assert (await world.services.users.memberships(user.id))[world.account.id] is Role.VIEWER


async def test_an_invitation_ends_the_session_of_whoever_used_the_browser_before(world):
    browser = await world.signed_in(Role.OWNER)
    before = browser.client.cookies.get("tayori_session")
    path = await invited(world)
    await browser.get(path)
    assert (await browser.post(path, FORM)).status_code == 303
    assert await world.services.sessions.find(before) is None


async def test_the_first_operator_comes_in_once(world):
    token, _ = await world.services.links.first_operator()
    path = f"/first-operator/{token}"
    browser = world.browser()
    assert "You are the first operator" in (await browser.get(path)).text
    assert (await browser.post(path, FORM | {"email": "nobody"})).status_code == 422
    done = await browser.post(path, FORM | {"email": "root@people.test"})
    assert done.status_code == 303
    user = await world.services.users.find("root@people.test")
    assert user.operator
    assert (await browser.get("/operator/audit")).status_code == 200
    assert (await world.browser().get(path)).status_code == 410


async def test_links_need_the_token_of_the_form(world):
    path = await invited(world)
    browser = world.browser()
    await browser.get(path)
    browser.csrf = "forged"
    assert (await browser.post(path, FORM)).status_code == 403
    browser.csrf = "forged"
    assert (await browser.post("/forgot", {"email": "a@people.test"})).status_code == 403


async def test_a_forgotten_password_is_replaced_by_a_link_in_the_users_language(mailing):
    user = await mailing.user(Role.OWNER, language="zh")
    signed_in, _ = await mailing.services.sessions.begin(user, address="192.0.2.9", agent="")
    browser = mailing.browser()
    await browser.get("/forgot")
    asked = await browser.post("/forgot", {"email": user.email.upper()})
    assert "If a user has this address" in asked.text
    mail = (await mails(mailing))[user.email]
    assert mail.subject == "重置密码"
    link = re.search(r"http://127\.0\.0\.1:8025/console(/new-password/\S+)", mail.text)[1]
    await browser.get(link)
    assert (await browser.post(link, {"password": "short"})).status_code == 422
    page = await browser.follow(link, {"password": "three green lamps"})
    assert "The new password is set." in page.text
    assert await mailing.services.sessions.find(signed_in) is None
    assert await mailing.services.users.log_in(user.email, "three green lamps") is not None
    assert (await browser.get(link)).status_code == 410
    done = [e.action for e in await mailing.services.audit.list(AuditFilter(user_id=user.id))]
    assert done == [AuditAction.PASSWORD_RESET, AuditAction.PASSWORD_RESET_ASKED]
    assert "您的密码已更改" in [mail.subject for mail in (await mails(mailing)).values()]


async def test_nobody_learns_whether_an_address_has_a_user(mailing):
    user, gone = await mailing.user(Role.OWNER), await mailing.user(Role.OWNER)
    await mailing.services.users.suspend(gone.id)
    browser = mailing.browser()
    answers = set()
    for email in (user.email, gone.email, "nobody@people.test", "no address"):
        await browser.get("/forgot")
        answer = await browser.post("/forgot", {"email": email})
        answers.add((answer.status_code, re.sub('value="[^"]*"', "", answer.text)))
    assert len(answers) == 1
    assert set(await mails(mailing)) == {user.email}


async def test_links_are_not_sent_without_end(mailing):
    user = await mailing.user(Role.OWNER)
    browser = mailing.browser()
    await browser.get("/forgot")
    for _ in range(3):
        assert (await browser.post("/forgot", {"email": user.email})).status_code == 200
    answer = await browser.post("/forgot", {"email": user.email})
    assert answer.status_code == 422
    assert "Too many attempts" in answer.text


async def test_a_link_in_a_mail_never_follows_the_clients_host(mailing):
    user = await mailing.user(Role.OWNER)
    browser = mailing.browser()
    await browser.get("/forgot")
    headers = {"Host": "evil.test", "X-Forwarded-Host": "evil.test"}
    await browser.post("/forgot", {"email": user.email}, headers=headers)
    assert "evil.test" not in (await mails(mailing))[user.email].text


async def test_without_mail_the_page_says_whom_to_ask(world):
    user = await world.user(Role.OWNER)
    browser = world.browser()
    page = await browser.get("/forgot")
    assert "tayori user reset EMAIL" in page.text
    for email in (user.email, "nobody@people.test"):
        answer = await browser.post("/forgot", {"email": email})
        assert "tayori user reset EMAIL" in answer.text
    assert await mails(world) == {}
