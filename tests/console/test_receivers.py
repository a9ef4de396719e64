"""Receiver lists as a customer fills them, in a browser and in Japanese."""

from tayori.tenants.users.model import Role

FILE = (
    "メール,氏名,割引\nhanako@r.test,花子,10%\nbroken,太郎,5%\nhanako@r.test,花子,1%\n"
    + "".join(f"u{n}@r.test,受取{n},{n}%\n" for n in range(40))
)


async def test_a_list_from_nothing_to_its_report(console):
    shop = await console.account("Mori Lists")
    seat = await console.signed_in(Role.MEMBER, shop, language="ja")
    page = seat.page
    await seat.goto("/lists")
    await seat.look("receivers-empty")
    await page.get_by_role("link", name="リストを作成").first.click()
    await page.get_by_label("名前").fill("秋のお客様")
    await page.get_by_label("説明").fill("先月ご購入いただいた方")
    await seat.look("receivers-new")
    await page.get_by_role("button", name="リストを作成する").click()
    await page.get_by_text("続けてファイルを取り込んでください").wait_for()
    await seat.look("receivers-upload")
    file = {"name": "名簿.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp932")}
    await page.get_by_label("CSV ファイル").set_input_files(file)
    await page.get_by_role("button", name="アップロードして次へ").click()
    await page.get_by_text("名簿.csv の列の割り当て").first.wait_for()
    assert await page.get_by_label("文字コード").input_value() == "cp932"
    await seat.look("receivers-columns")
    await page.get_by_role("button", name="宛先を追加").click()
    await page.get_by_text("送信できます").wait_for()
    await page.get_by_text("アドレスに @ がありません。").wait_for()
    await seat.look("receivers-file")
    await page.get_by_role("link", name="リストへ").click()
    hanako = page.get_by_role("rowheader", name="hanako@r.test")
    await hanako.wait_for()
    await seat.look("receivers-show")
    search = page.get_by_label("アドレス（一部でも可）")
    await search.fill("u39@")
    await hanako.wait_for(state="detached")
    assert await page.get_by_role("rowheader", name="u39@r.test").count() == 1
    await page.get_by_role("button", name="削除する").click()
    await page.get_by_role("dialog").get_by_role("button", name="削除する").click()
    await page.get_by_text("u39@r.test をリストから外しました。").wait_for()
    await seat.goto("/lists")
    await seat.look("receivers-list")
