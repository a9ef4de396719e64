"""One mail as a customer sends it, in a browser."""

from tayori.app.parts import opened
from tayori.catalog.model import TemplateContent
from tayori.tenants.model import Permission
from tayori.tenants.users.model import Role

HTML = (
    "<h1>您的订单已发货</h1><p>{{name}}，您好！您订购的图书今天已经发出，预计 {{day}} 前送达。"
    "感谢您一直以来对港湾书店的支持，祝您阅读愉快。</p>"
)


async def test_a_mail_from_its_form_to_its_fate(console):
    shop = await console.account("Harbour Books")
    seat = await console.signed_in(Role.OWNER, shop, language="zh")
    page = seat.page
    await seat.goto("/send")
    await seat.look("send-no-sender")
    await console.verified(shop, "mail.harbour.test")
    async with opened(console.server.settings) as parts:
        await parts.senders.create(shop.id, "news@mail.harbour.test", "港湾书店")
        await parts.templates.create(shop.id, "发货通知", TemplateContent(html=HTML, text=""))
        await parts.accounts.grant(shop.id, Permission.API_SIMPLE)
        await parts.accounts.grant(shop.id, Permission.ATTACHMENTS)
    await seat.goto("/send")
    await page.get_by_label("收件人（To）").fill("li@reader.test, nobody")
    await page.get_by_label("主题", exact=True).fill("您的订单已发货")
    await page.get_by_text("7 / 78").wait_for()
    await page.locator("#template").select_option(label="发货通知")
    await page.get_by_label("name", exact=True).fill("王芳")
    await page.frame_locator("iframe[name=preview]").get_by_text("王芳，您好").wait_for()
    await page.get_by_label("附件", exact=True).set_input_files(
        {"name": "条款 2026.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4" * 400}
    )
    await page.get_by_text("1 个文件").wait_for()
    await seat.look("send-form")
    await page.get_by_role("button", name="发送", exact=True).click()
    await page.get_by_text("不是有效的邮箱地址：nobody").wait_for()
    seat.expect_status(422)
    await seat.look("send-refused")
    await page.get_by_label("收件人（To）").fill("li@reader.test")
    await page.get_by_role("button", name="发送", exact=True).click()
    await page.get_by_role("heading", name="邮件已受理").wait_for()
    await seat.look("send-done")
    await seat.goto("/send")
    await page.get_by_label("自定义内容").check()
    await page.get_by_label("HTML", exact=True).fill("<p>今天的报告</p>")
    await page.frame_locator("iframe[name=preview]").get_by_text("今天的报告").wait_for()
    await seat.look("send-own")
