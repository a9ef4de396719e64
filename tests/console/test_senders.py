"""Senders as a customer keeps them, in a browser."""

from tayori.tenants.users.model import Role


async def test_a_sender_from_nothing_to_its_password(console):
    shop = await console.account("Mori Shop")
    await console.verified(shop, "mail.mori.test")
    seat = await console.signed_in(Role.OWNER, shop)
    page = seat.page
    await seat.goto("/senders")
    await seat.look("senders-empty")
    await page.get_by_role("link", name="New sender").first.click()
    await seat.look("senders-new")
    await page.get_by_label("E-mail address").fill("news@mail.mori.test")
    await page.get_by_label("Display name").fill("Mori Shop")
    await page.get_by_role("button", name="Make the sender").click()
    await page.get_by_text("The sender news@mail.mori.test was made.").wait_for()
    await seat.look("senders-show")
    await page.get_by_label("New SMTP password").fill("Blue12Kettle34")
    await page.get_by_role("button", name="Set the password").click()
    await page.get_by_text("The SMTP password was set.").wait_for()
    await seat.goto("/senders")
    await seat.look("senders-list")
    assert await page.get_by_text("Password set").count() == 1
