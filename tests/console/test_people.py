"""People in a browser: an invitation, a second factor, and the log-in with it."""

import pyotp
from tests.support.console_browser import PASSWORD

from tayori.runtime.clock import SECOND, process_clock
from tayori.tenants.users.model import Role


def code(secret, steps=0):
    return pyotp.TOTP(secret).at(process_clock().now() // SECOND + 30 * steps)


async def invited(console, shop, email):
    """Have an owner invite somebody by the page, and return owner's seat and the link."""
    owner = await console.signed_in(Role.OWNER, shop)
    page = owner.page
    await owner.goto("/users")
    await page.get_by_role("link", name="Invite a user").click()
    await page.get_by_label("E-mail address").fill(email)
    await owner.look("users-invite")
    await page.get_by_role("button", name="Invite").click()
    await page.get_by_role("heading", name="Hand this link over").wait_for()
    await owner.look("users-invited")
    return owner, await page.locator(".code-block code").inner_text()


async def test_from_an_invitation_to_a_log_in_with_a_code(console):
    shop = await console.account("Mori Shop")
    email = "mio@people.test"
    owner, link = await invited(console, shop, email)
    seat = await console.seat("en")
    page = seat.page
    await page.goto(link)
    await seat.look("links-join")
    await page.get_by_label("Your name").fill("Mio Sato")
    await page.get_by_label("Time zone").select_option("Asia/Tokyo")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Join").click()
    await page.get_by_label("You: Mio Sato").wait_for()
    await seat.goto("/profile")
    await seat.look("profile")
    await page.get_by_role("button", name="Set it up").click()
    await page.get_by_role("heading", name="Set up the second factor").wait_for()
    await seat.look("second-factor-setup")
    secret = await page.locator(".code-block code").inner_text()
    await page.get_by_label("Code of the app").fill(code(secret))
    await page.get_by_role("button", name="Switch it on").click()
    await page.get_by_role("heading", name="Your recovery codes").wait_for()
    await seat.look("second-factor-codes")
    codes = (await page.locator(".code-block code").inner_text()).split()
    assert len(codes) == 10
    await page.get_by_role("link", name="I have kept them").click()
    await page.get_by_text("10 recovery codes are left.").wait_for()
    await page.get_by_role("link", name="Codes and switching off").click()
    await seat.look("second-factor-on")
    await page.get_by_label("You: Mio Sato").click()
    await page.get_by_role("button", name="Log out").click()
    await page.get_by_text("You are logged out.").wait_for()
    await seat.look("log-in")
    await page.get_by_label("E-mail address").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("heading", name="Second step").wait_for()
    await seat.look("log-in-code")
    await page.get_by_label("Code").fill(code(secret, 1))
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_label("You: Mio Sato").wait_for()
    await owner.goto("/users")
    await owner.look("users-list")
    await owner.goto("/audit")
    await owner.look("audit")
    assert await owner.page.get_by_text("Switched the second factor on").count() == 1


async def test_who_forgot_the_password_and_who_has_a_dead_link_is_helped(console):
    seat = await console.seat("ja")
    page = seat.page
    await seat.goto("/log-in")
    await page.get_by_role("link", name="パスワードをお忘れですか？").click()
    await seat.look("links-forgot")
    await seat.goto("/new-password/nothing")
    seat.expect_status(410)
    await page.get_by_role("heading", name="このリンクは使えません").wait_for()
    for size in ("desktop", "phone"):
        await page.set_viewport_size({"width": 1280 if size == "desktop" else 360, "height": 740})
        await page.screenshot(path=f"build/screenshots/links-dead-{size}.png")
    await seat.check()


async def test_an_operator_sees_everybody(console):
    shop = await console.account("Hana Shop")
    await console.signed_in(Role.OWNER, shop, name="Hana Ito")
    seat = await console.signed_in(Role.OPERATOR, None, language="zh", name="Ren Abe")
    await seat.goto("/operator/users")
    await seat.look("operator-users")
    assert await seat.page.get_by_role("rowheader", name="Hana Ito").count() == 1
    await seat.page.get_by_role("link", name="邀请运维人员").click()
    await seat.look("operator-users-invite")
    await seat.goto("/operator/audit")
    await seat.look("operator-audit")
