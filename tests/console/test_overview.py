"""The first pages that a customer sees: overview, quick start and statistics, in a browser."""

from tests.support.volumes import counted

from tayori.app.parts import opened
from tayori.catalog.model import TemplateContent, TemplateStatus
from tayori.runtime.clock import DAY, day_of
from tayori.stats.model import Kind, Volume
from tayori.tenants.users.model import Role


async def _busy(console, account):
    """Give an account domains, a sender, a template, and a month of mail."""
    await console.verified(account, "mail.komorebi.test")
    async with opened(console.server.settings) as parts:
        await parts.identities.create(account.id, "new.komorebi.test")
        await parts.senders.create(account.id, "news@mail.komorebi.test", "Komorebi")
        content = TemplateContent(html="<p>Dear {{name}}</p>", text="Dear {{name}}")
        letter = await parts.templates.create(account.id, "Autumn letter", content)
        if letter.status is not TemplateStatus.APPROVED:
            await parts.templates.approve(letter.id)
        days, keys = {}, {}
        for back in range(30):
            day = day_of(parts.clock.now() - back * DAY, parts.zone)
            size = 400 + 37 * ((back * 7) % 11)
            days[day, "mail.komorebi.test"] = _volume(size)
            for name, share in (("gmail", 0.5), ("outlook", 0.3), ("", 0.2)):
                keys[Kind.PROVIDER, day, name] = _volume(int(size * share))
            keys[Kind.TEMPLATE, day, str(letter.id)] = _volume(size)
        await counted(parts, account.id, days, keys)


def _volume(size):
    return Volume(
        requested=size + 12,
        accepted=size,
        delivered=size * 93 // 100,
        bounced=size * 7 // 100,
        opened=size * 55 // 100,
        clicked=size * 9 // 100,
        unsubscribed=size // 150,
        complained=size // 400,
    )


async def test_a_new_account_begins_with_the_overview(console):
    shop = await console.account("Komorebi new")
    seat = await console.signed_in(Role.OWNER, shop, language="ja")
    await seat.goto("")
    await seat.look("overview-new")
    await seat.page.get_by_role("link", name="クイックスタート").last.click()
    await seat.page.wait_for_url("**/start")
    await seat.look("start-new")
    await seat.goto("/statistics")
    await seat.look("statistics-empty")
    assert await seat.page.get_by_text("この期間に送信したメールはありません").count() == 1


async def test_a_busy_account_sees_how_it_stands(console):
    shop = await console.account("Komorebi")
    await _busy(console, shop)
    seat = await console.signed_in(Role.OWNER, shop, language="en")
    page = seat.page
    await seat.goto("")
    await seat.look("overview")
    await page.get_by_role("link", name="Statistics").first.click()
    await page.get_by_role("heading", name="By day").wait_for()
    await seat.look("statistics-day")
    await page.get_by_role("link", name="By receiving provider").click()
    await page.get_by_role("heading", name="By receiving provider").wait_for()
    await seat.look("statistics-provider")
    await page.get_by_role("link", name="7 days").click()
    await page.wait_for_url("**days=7")
    await seat.goto("/start?with=node")
    await seat.look("start-node")
    assert await page.get_by_text("news@mail.komorebi.test").count() >= 1
    chinese = await console.signed_in(Role.VIEWER, shop, language="zh")
    for path, name in (("", "overview-zh"), ("/start?with=smtp", "start-smtp-zh")):
        await chinese.goto(path)
        await chinese.look(name)
