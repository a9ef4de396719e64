"""Coming in by the pages: password, second factor, redirects, sessions and guessers."""

import re
import time

import pyotp
import pytest
from tests.support.console_world import PASSWORD, console_world

from tayori.config.tree import Http
from tayori.db.statement import Statement
from tayori.db.tables.users import console_session
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.audit_store import AuditFilter
from tayori.tenants.users.model import Role

COOKIE = "tayori_session"


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


def token_of(browser):
    return browser.client.cookies.get(COOKIE)


async def tried(browser, email, password=PASSWORD, goal="/console"):
    await browser.get("/log-in")
    return await browser.post("/log-in", {"email": email, "password": password, "next": goal})


async def with_factor(world, user):
    """Switch the second factor of a user on, and return what draws codes, and recovery codes."""
    setup = await world.services.factor.propose(user)
    totp = pyotp.TOTP(setup.secret)
    codes = await world.services.factor.confirm(user, totp.at(int(time.time()) - 30))
    return totp, codes


async def actions(world):
    return [entry.action for entry in await world.services.audit.list(AuditFilter())][::-1]


async def test_the_password_leads_to_the_page_that_was_asked_for(world):
    user = await world.user(Role.OWNER)
    browser = world.browser()
    asked = await browser.get("/senders?q=x")
    assert asked.headers["location"] == "/console/log-in?next=%2Fconsole%2Fsenders%3Fq%3Dx"
    page = await browser.get("/log-in?next=%2Fconsole%2Fsenders%3Fq%3Dx")
    assert 'value="/console/senders?q=x"' in page.text
    done = await tried(browser, user.email.upper(), goal="/console/senders?q=x")
    assert (done.status_code, done.headers["location"]) == (303, "/console/senders?q=x")
    assert (await browser.get("/senders")).status_code == 200
    cookie = next(c for c in done.headers.get_list("set-cookie") if c.startswith(COOKIE))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie
    assert await actions(world) == [AuditAction.LOG_IN]


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.test/",
        "//evil.test/console",
        "/\\evil.test",
        "/console\\@evil.test",
        "/console.evil.test",
        "javascript:alert(1)",
        "/other",
        "/console/\r\nSet-Cookie: a=b",
    ],
)
async def test_no_log_in_leads_out_of_the_console(world, goal):
    user = await world.user(Role.OWNER)
    browser = world.browser()
    page = await browser.get("/log-in", params={"next": goal})
    assert 'name="next" type="hidden" value="/console"' in page.text
    done = await tried(browser, user.email, goal=goal)
    assert done.headers["location"] == "/console"
    again = await browser.get("/log-in", params={"next": goal})
    assert again.headers["location"] == "/console"


async def test_a_log_in_never_keeps_a_token_that_somebody_knew_before(world):
    user = await world.user(Role.OWNER)
    browser = world.browser()
    browser.client.cookies.set(
        COOKIE, "chosen-by-an-attacker", domain="console.test", path="/console"
    )
    await tried(browser, user.email)
    first = token_of(browser)
    assert first != "chosen-by-an-attacker"
    assert await world.services.sessions.find("chosen-by-an-attacker") is None
    await browser.get("/profile")
    await browser.post("/log-out")
    await tried(browser, user.email)
    assert token_of(browser) != first
    assert await world.services.sessions.find(first) is None


async def test_an_unknown_user_a_wrong_password_and_a_suspended_user_look_alike(world):
    user, gone = await world.user(Role.OWNER), await world.user(Role.OWNER)
    await world.services.users.suspend(gone.id)
    browser = world.browser()
    answers = set()
    for email, password in (
        ("nobody@people.test", PASSWORD),
        (user.email, "wrong"),
        (gone.email, PASSWORD),
    ):
        answer = await tried(browser, email, password)
        assert answer.status_code == 422
        assert token_of(browser) is None
        answers.add(re.sub('value="[^"]*"', "", answer.text))
    assert len(answers) == 1
    assert "is wrong, or the user is suspended" in answers.pop()
    assert await actions(world) == [AuditAction.LOG_IN_FAILED] * 3


async def test_a_guesser_has_to_wait_and_the_owner_of_another_address_has_not(world):
    user, other = await world.user(Role.OWNER), await world.user(Role.OWNER)
    browser = world.browser()
    for _ in range(5):
        assert "is wrong" in (await tried(browser, user.email, "wrong")).text
    waiting = await tried(browser, user.email)
    assert waiting.status_code == 422
    assert "Too many attempts. Try again in" in waiting.text
    assert (await tried(world.browser(), other.email)).status_code == 303
    # What was not judged is not in the log either.
    assert (await actions(world)).count(AuditAction.LOG_IN_FAILED) == 5


async def test_the_second_factor_stands_between_password_and_session(world):
    user = await world.user(Role.OWNER)
    totp, _ = await with_factor(world, user)
    browser = world.browser()
    await browser.get("/log-in")
    await browser.post(
        "/log-in", {"email": user.email, "password": PASSWORD, "next": "/console/senders"}
    )
    half = token_of(browser)
    for path in ("/senders", "/profile", "/accounts"):
        assert (await browser.get(path)).headers["location"].startswith("/console/log-in")
    assert (await browser.post("/profile/password", {})).status_code == 303
    page = await browser.get("/log-in/code?next=%2Fconsole%2Fsenders")
    assert "Second step" in page.text
    wrong = await browser.post("/log-in/code", {"code": "000000", "next": "/console/senders"})
    assert wrong.status_code == 422
    assert "This code is wrong" in wrong.text
    code = totp.now()
    done = await browser.post("/log-in/code", {"code": code, "next": "/console/senders"})
    assert done.headers["location"] == "/console/senders"
    assert token_of(browser) != half
    assert await world.services.sessions.find(half) is None
    assert (await browser.get("/senders")).status_code == 200
    assert (await browser.get("/log-in/code")).headers["location"] == "/console"
    other = world.browser()
    await tried(other, user.email)
    await other.get("/log-in/code")
    assert (await other.post("/log-in/code", {"code": code})).status_code == 422


async def test_a_recovery_code_opens_once_and_is_written_down(world):
    user = await world.user(Role.OWNER)
    _, codes = await with_factor(world, user)
    for status in (303, 422):
        browser = world.browser()
        await tried(browser, user.email)
        await browser.get("/log-in/code")
        done = await browser.post("/log-in/code", {"code": codes[0].upper()})
        assert done.status_code == status
    assert AuditAction.RECOVERY_CODE_USED in await actions(world)


async def test_a_right_password_gives_no_free_guesses_at_the_code(world):
    user = await world.user(Role.OWNER)
    await with_factor(world, user)
    browser = world.browser()
    sentences = []
    for _ in range(4):
        answer = await tried(browser, user.email)
        if answer.status_code == 422:
            sentences.append(answer.text)
            break
        await browser.get("/log-in/code")
        sentences.append((await browser.post("/log-in/code", {"code": "000000"})).text)
    assert "Too many attempts" in sentences[-1]


async def test_who_asks_for_the_second_step_without_the_first_is_sent_back(world):
    browser = world.browser()
    assert (await browser.get("/log-in/code")).headers["location"] == "/console/log-in"
    await browser.get("/log-in")
    answer = await browser.post("/log-in/code", {"code": "123456"})
    assert answer.headers["location"] == "/console/log-in"


async def test_a_half_session_does_not_last(world):
    user = await world.user(Role.OWNER)
    await with_factor(world, user)
    browser = world.browser()
    await tried(browser, user.email)
    async with world.parts.database.write() as transaction:
        early = console_session.update().values(
            created_at=console_session.c.created_at - 11 * 60_000
        )
        await transaction.execute(Statement(early))
    assert (await browser.get("/log-in/code")).headers["location"] == "/console/log-in"


async def test_log_out_ends_the_session_and_needs_the_token(world):
    browser = await world.signed_in(Role.OWNER)
    token = token_of(browser)
    csrf, browser.csrf = browser.csrf, "forged"
    assert (await browser.post("/log-out")).status_code == 403
    browser.csrf = csrf
    assert (await browser.get("/log-out")).status_code == 405
    page = await browser.follow("/log-out")
    assert "You are logged out." in page.text
    assert await world.services.sessions.find(token) is None
    assert (await browser.get("/senders")).status_code == 303


async def test_a_log_in_from_another_site_is_refused(world):
    user = await world.user(Role.OWNER)
    browser = world.browser()
    await browser.get("/log-in")
    form = {"email": user.email, "password": PASSWORD}
    answer = await browser.post("/log-in", form, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    browser.csrf = "forged"
    assert (await browser.post("/log-in", form)).status_code == 403


async def test_https_sets_cookies_that_travel_by_https_alone(installed_url, tmp_path):
    http = Http(public_url="https://console.test")
    async with console_world(tmp_path, installed_url, http=http) as world:
        user = await world.user(Role.OWNER)
        browser = world.browser()
        browser.client.base_url = "https://console.test"
        done = await tried(browser, user.email)
        cookie = next(c for c in done.headers.get_list("set-cookie") if COOKIE in c)
        assert cookie.startswith(f"__Secure-{COOKIE}=")
        assert "; Secure" in cookie
