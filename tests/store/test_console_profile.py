"""One's own profile and second factor by the pages, on both databases."""

import re
import time

import pyotp
import pytest
from tests.support.console_world import PASSWORD, console_world

from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'
NEW = "three green lamps"


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


async def user_of(world, browser):
    found = await world.services.sessions.find(browser.client.cookies.get("tayori_session"))
    return found.user


async def test_name_language_and_zone_are_changed_and_shown_at_once(world):
    browser = await world.signed_in(Role.VIEWER)
    await browser.get("/profile")
    page = await browser.follow(
        "/profile", {"name": EVIL, "language": "ja", "zone": "Europe/Berlin"}
    )
    assert "プロフィールを保存しました。" in page.text
    assert EVIL not in page.text
    user = await user_of(world, browser)
    assert (user.name, user.language, user.zone) == (EVIL, "ja", "Europe/Berlin")
    (entry,) = await world.audited()
    assert entry.action is AuditAction.PROFILE_CHANGED
    assert entry.before == "Aya viewer, en, Asia/Tokyo"


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"name": "a\nb"}, {"language": "xx"}, {"zone": "Mars/Olympus"}]
)
async def test_a_bad_profile_is_shown_again(world, change):
    browser = await world.signed_in(Role.VIEWER)
    form = {"name": "Kept", "language": "en", "zone": "UTC"} | change
    answer = await browser.post("/profile", form)
    assert answer.status_code == 422
    assert "is-invalid" in answer.text
    assert (await user_of(world, browser)).name == "Aya viewer"


async def test_a_new_password_takes_the_old_one_and_ends_other_sessions(world):
    browser = await world.signed_in(Role.OWNER)
    user = await user_of(world, browser)
    other, _ = await world.services.sessions.begin(user, address="192.0.2.9", agent="Phone")
    await browser.get("/profile")
    for present, new, sentence in (
        ("wrong", NEW, "This is not the present password."),
        (PASSWORD, "short", "at least 12 characters"),
        (PASSWORD, "password1234", "one of the first that are tried"),
    ):
        answer = await browser.post("/profile/password", {"present": present, "password": new})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert new not in answer.text
    before = browser.client.cookies.get("tayori_session")
    page = await browser.follow("/profile/password", {"present": PASSWORD, "password": NEW})
    assert "The password was changed" in page.text
    assert browser.client.cookies.get("tayori_session") != before
    assert await world.services.sessions.find(before) is None
    assert await world.services.sessions.find(other) is None
    assert await world.services.users.log_in(user.email, NEW) is not None


async def test_guessing_the_present_password_is_slowed_down(world):
    browser = await world.signed_in(Role.OWNER)
    await browser.get("/profile")
    for _ in range(5):
        await browser.post("/profile/password", {"present": "wrong", "password": NEW})
    answer = await browser.post("/profile/password", {"present": PASSWORD, "password": NEW})
    assert answer.status_code == 422
    assert "Too many attempts" in answer.text


async def test_sessions_are_listed_and_ended_and_only_the_own_ones(world):
    browser, stranger = await world.signed_in(Role.OWNER), await world.signed_in(Role.OWNER)
    user = await user_of(world, browser)
    token, phone = await world.services.sessions.begin(user, address="192.0.2.9", agent=EVIL)
    page = await browser.get("/profile")
    assert "192.0.2.9" in page.text
    assert EVIL not in page.text
    assert page.text.count("This one") == 1
    await stranger.get("/profile")
    assert (await stranger.post(f"/profile/sessions/{phone.id}/end")).status_code == 404
    assert (await stranger.post("/profile/sessions/x/end")).status_code == 404
    ended = await browser.follow(f"/profile/sessions/{phone.id}/end")
    assert "The session was ended." in ended.text
    assert await world.services.sessions.find(token) is None
    await world.services.sessions.begin(user, address="192.0.2.9", agent="Phone")
    await browser.follow("/profile/sessions/end-others")
    assert len(await world.services.sessions.list(user.id)) == 1


async def test_the_second_factor_is_set_up_used_and_switched_off(world):
    browser = await world.signed_in(Role.OWNER)
    assert (await browser.get("/profile/second-factor")).headers["location"] == "/console/profile"
    await browser.get("/profile")
    page = await browser.follow("/profile/second-factor/begin")
    secret = re.search(r"<code>([A-Z2-7]{32})</code>", page.text)[1]
    assert '<svg class="qr" role="img"' in page.text
    assert "style=" not in page.text
    wrong = await browser.post("/profile/second-factor", {"code": "000000"})
    assert wrong.status_code == 422
    assert secret in wrong.text
    code = pyotp.TOTP(secret).at(int(time.time()))
    before = browser.client.cookies.get("tayori_session")
    shown = await browser.post("/profile/second-factor", {"code": code})
    codes = re.findall(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b", shown.text)
    assert len(set(codes)) == 10
    assert shown.headers["cache-control"] == "no-store"
    assert browser.client.cookies.get("tayori_session") != before
    on = await browser.get("/profile/second-factor")
    assert "10 recovery codes are left." in on.text
    assert secret not in on.text
    refused = await browser.post("/profile/second-factor/codes", {"present": "wrong"})
    assert refused.status_code == 422
    fresh = await browser.post("/profile/second-factor/codes", {"present": PASSWORD})
    assert not any(old in fresh.text for old in codes)
    await browser.get("/profile/second-factor")
    assert (await browser.post("/profile/second-factor/off", {"present": ""})).status_code == 422
    off = await browser.follow("/profile/second-factor/off", {"present": PASSWORD})
    assert "The second factor is off." in off.text
    assert not (await user_of(world, browser)).second_factor
    assert [entry.action for entry in await world.audited()] == [
        AuditAction.SECOND_FACTOR_ON,
        AuditAction.RECOVERY_CODES_MADE,
        AuditAction.SECOND_FACTOR_OFF,
    ]


async def test_the_profile_needs_a_log_in_and_no_account(world):
    assert (await world.browser().get("/profile")).status_code == 303
    browser = await world.signed_in(Role.OPERATOR, enter=False)
    assert (await browser.get("/profile")).status_code == 200
    for path in ("", "/password", "/second-factor/begin", "/sessions/end-others"):
        browser.csrf = "forged"
        assert (await browser.post(f"/profile{path}")).status_code == 403
