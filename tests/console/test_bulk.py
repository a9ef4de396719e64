"""A bulk task from its form to the end of its mails, in a browser and in Japanese."""

from tests.support.console_browser import ConsoleServer

from tayori.app.parts import opened
from tayori.catalog.model import TemplateContent
from tayori.tenants.model import Account
from tayori.tenants.users.model import Role

TEXT = "Your parcel was handed to the courier today, as agreed with you. " * 4


async def prepared(console: ConsoleServer, shop: Account) -> None:
    """Give the account a sender, a filled list and an approved template."""
    async with opened(console.server.settings) as parts:
        await parts.senders.create(shop.id, "news@mail.tasks.test", "森の店")
        number = await parts.receivers.create(shop.id, "秋のお客様")
        datas = [(f"u{n}@r.test", '{"name": "花子"}') for n in range(40)]
        await parts.receivers.add_with_data(shop.id, number, [*datas, ("broken@", "{}")][:40])
        html = f"<p>{{{{name}}}} 様 {TEXT}</p>"
        template = await parts.templates.create(
            shop.id, "秋の案内", TemplateContent(html=html, text="")
        )
        await parts.templates.approve(template.id)
        now = parts.clock.now()
        await parts.suppressions.add_custom(shop.id, ["u7@r.test"], None, now)


async def test_a_task_from_its_form_to_its_end(console):
    shop = await console.account("Mori Tasks")
    await console.verified(shop, "mail.tasks.test")
    seat = await console.signed_in(Role.MEMBER, shop, language="ja")
    page = seat.page
    await seat.goto("/tasks")
    await seat.look("bulk-empty")
    await seat.goto("/tasks/new")
    await seat.look("bulk-missing")
    await prepared(console, shop)
    await seat.goto("/tasks/new")
    await page.get_by_label("件名", exact=True).fill("{{name}} 様へ秋のご案内")
    await seat.look("bulk-new")
    await page.get_by_role("button", name="確認へ進む").click()
    await page.get_by_role("heading", name="所要日数の予測").wait_for()
    await page.locator("[data-drawn]").wait_for()
    await seat.look("bulk-check")
    await page.get_by_role("button", name="タスクを作成").click()
    await page.get_by_text("タスクを作成しました。").wait_for()
    await page.get_by_text("完了済み").first.wait_for()
    await seat.look("bulk-task")
    await page.get_by_role("link", name="届かなかった宛先").click()
    await page.get_by_role("rowheader", name="u7@r.test").wait_for()
    await seat.look("bulk-failures")
    assert await page.get_by_text("ブラックリスト登録済み").count() == 1
    await seat.goto("/tasks")
    await page.get_by_role("progressbar").first.wait_for()
    await seat.look("bulk-list")
