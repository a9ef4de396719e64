"""Templates as a customer writes them, in a browser."""

from tayori.tenants.users.model import Role

HTML = (
    "<h1>ご注文の品を発送しました</h1><p>{{name}} 様、ご注文いただいた本を本日発送いたしました。"
    "{{day}} までにお届けの予定です。届くまで今しばらくお待ちください。"
    "いつも港町のみなと書店をご利用いただき、誠にありがとうございます。</p>"
)


async def test_a_template_is_written_as_html_refused_and_mended(console):
    shop = await console.account("Mori Shop")
    seat = await console.signed_in(Role.OWNER, shop, language="ja")
    page = seat.page
    await seat.goto("/templates")
    await seat.look("templates-empty")
    await page.get_by_role("link", name="テンプレートを作成").first.click()
    await page.get_by_role("link", name="HTML とテキスト").click()
    await page.get_by_label("名前").fill("発送のお知らせ")
    await page.get_by_label("HTML", exact=True).fill(HTML + "<form><input></form>")
    await page.get_by_text("このままでは審査で却下されます").wait_for()
    frame = page.frame_locator("iframe[name=preview]")
    await frame.get_by_text("山田 花子 様").wait_for()
    await seat.look("template-editor-html")
    await page.get_by_role("button", name="保存して審査に出す").click()
    await page.get_by_text("審査で却下されました", exact=True).wait_for()
    await seat.look("templates-refused")
    await page.get_by_role("link", name="編集").click()
    await page.get_by_label("HTML", exact=True).fill(HTML)
    await page.get_by_text("審査のルールに触れる点はありません。").wait_for()
    await page.get_by_role("button", name="保存して審査に出す").click()
    await page.get_by_text("すぐに使えます").wait_for()
    await page.get_by_label("name").fill("森 葵")
    await frame.get_by_text("森 葵 様").wait_for()
    await page.get_by_label("スマートフォン").check()
    width = await page.locator("iframe[name=preview]").evaluate("frame => frame.clientWidth")
    assert 0 < width <= 375
    await seat.look("templates-show")
    await page.get_by_role("link", name="バージョン 1").click()
    await seat.look("templates-version")
    await seat.goto("/templates")
    await seat.look("templates-list")


async def test_blocks_are_added_moved_by_keyboard_and_by_mouse_and_opened_again(console):
    shop = await console.account("Harbour Books")
    seat = await console.signed_in(Role.OWNER, shop)
    page = seat.page
    await seat.goto("/templates/new")
    await page.get_by_label("Name", exact=True).fill("News of the week")
    frame = page.frame_locator("iframe[name=preview]")
    await frame.get_by_role("heading", name="Hello Alex Morgan").wait_for()
    await page.get_by_role("button", name="Two columns").click()
    await page.get_by_label("Left column").fill("**Tea** in the reading room, every day.")
    await page.get_by_label("Right column").fill("Read more [in our journal](https://a.test/).")
    await frame.get_by_text("in our journal").wait_for()
    up = page.get_by_role("button", name="Move up: Two columns, number 5")
    await up.focus()
    await page.keyboard.press("Enter")
    moved = page.get_by_role("button", name="Move up: Two columns, number 4")
    await moved.wait_for()
    assert await moved.evaluate("button => button === document.activeElement")
    grips = page.locator(".block-grip")
    await grips.nth(0).drag_to(grips.nth(1), target_position={"x": 5, "y": 20})
    await page.locator("#up-b2:disabled").wait_for()
    await seat.look("template-editor-blocks")
    await page.get_by_role("button", name="Save and submit for review").click()
    await page.get_by_role("heading", name="News of the week").wait_for()
    await page.get_by_role("link", name="Edit").click()
    assert await page.locator(".block-title").all_inner_texts() == [
        *("Text", "Heading", "Button", "Two columns", "Footer")
    ]
