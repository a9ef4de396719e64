"""Why a mail did not arrive, as a customer finds out in a browser."""

from tests.support.mail_history import History

from tayori.app.parts import opened
from tayori.delivery import hosts
from tayori.events.model import EventKind
from tayori.mail.reply import Reply
from tayori.refusal.saying import say
from tayori.runtime.clock import HOUR, MINUTE, SECOND
from tayori.tenants.users.model import Role


async def _lived(console, account, name):
    # An hour ahead of the clock, so that the running service leaves these mails alone.
    async with opened(console.server.settings) as parts:
        history, begin = History(parts, account), parts.clock.now() + HOUR
        await history.taken(
            f"{name}-17", "ann@receiver.test", at=begin, subject="Order 17 is packed"
        )
        await history.waited("ann@receiver.test", begin, hosts.DOWN, until=begin + 12 * SECOND)
        later = Reply(451, "4.7.1", ("Greylisted, please come back in five minutes",))
        await history.attempted(
            "ann@receiver.test",
            begin + 12 * SECOND,
            later,
            bounce_class="greylisted",
            again=begin + 6 * MINUTE,
        )
        refused = Reply(550, "5.1.1", ("<ann@receiver.test>: user unknown in virtual mailbox",))
        await history.attempted(
            "ann@receiver.test", begin + 6 * MINUTE, refused, bounce_class="unknown_user"
        )
        left = say(
            "{address} has unsubscribed from mail of {domain}.",
            address="cho@receiver.test",
            domain="mori.test",
        )
        await history.taken(
            f"{name}-3",
            "ben@receiver.test",
            "cho@receiver.test",
            at=begin + HOUR,
            subject="The autumn letter",
            dropped={"cho@receiver.test": left},
        )
        taken = Reply(250, "2.0.0", ("Ok: queued as 4F1",))
        await history.attempted("ben@receiver.test", begin + HOUR + 2 * SECOND, taken)
        await history.reacted("ben@receiver.test", EventKind.OPEN, begin + HOUR + MINUTE)
        await history.reacted("ben@receiver.test", EventKind.CLICK, begin + HOUR + 2 * MINUTE)


async def test_a_mail_that_did_not_arrive_is_explained(console):
    shop = await console.account("Mori letters")
    seat = await console.signed_in(Role.VIEWER, shop, language="ja")
    page = seat.page
    await seat.goto("/search")
    await seat.look("search-empty")
    await _lived(console, shop, "mori")
    await seat.goto("/search")
    await seat.look("search-list")
    await page.get_by_role("searchbox").fill("ann@receiver.test")
    await page.wait_for_url("**/search?q=ann%40receiver.test")
    await page.get_by_role("link", name="ann@receiver.test").click()
    await page.get_by_role("heading", name="Order 17 is packed").wait_for()
    await page.locator("summary", has_text="SMTP のやり取り").last.click()
    assert await page.get_by_text("RCPT TO:<ann@receiver.test>").last.is_visible()
    await seat.look("search-bounced")
    await seat.goto("/search/mori-3")
    await seat.look("search-two")
    await page.get_by_role("link", name="cho@receiver.test").click()
    await page.get_by_text("配信停止しています").first.wait_for()


async def test_the_history_reads_well_in_english_and_chinese(console):
    shop = await console.account("Hayashi letters")
    await _lived(console, shop, "hayashi")
    for language in ("en", "zh"):
        seat = await console.signed_in(Role.VIEWER, shop, language=language)
        await seat.goto("/search/hayashi-17")
        await seat.look(f"search-bounced-{language}")
        assert await seat.page.locator(".history-entry").count() == 6
