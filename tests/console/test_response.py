"""Delivery response in a browser and in Chinese."""

from tests.support.console_browser import ConsoleServer

from tayori.app.parts import opened
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.queue.intake import Intake
from tayori.queue.model import NewMessage, NewRecipient
from tayori.queue.model import Role as Place
from tayori.runtime.clock import DAY
from tayori.suppress.model import Blocked
from tayori.suppress.store import block
from tayori.tenants.model import Account
from tayori.tenants.users.model import Role

REPLY = "550 5.1.1 <u1@r.test>: Recipient address rejected: User unknown in virtual mailbox table"
ANSWERS = (
    ("u1@r.test", EventKind.BOUNCE, "unknown_user", REPLY),
    ("u2@r.test", EventKind.BOUNCE, "mailbox_full", "452 4.2.2 The email account is over quota"),
    ("u3@r.test", EventKind.SPAMREPORT, "", ""),
)


async def answered(console: ConsoleServer, shop: Account) -> None:
    """Let mails of the account have bounced, been complained about, and blocked an address."""
    async with opened(console.server.settings) as parts:
        now = parts.clock.now()
        mails = [
            NewMessage(
                public_id=f"response-{shop.id}-{address}",
                account_id=shop.id,
                identity_id=1,
                source="api",
                from_address="news@mail.response.test",
                subject="秋季优惠",
                rfc_message_id=f"<{address}>",
                recipe=b"",
                recipients=(NewRecipient(address=address, domain="r.test", role=Place.TO),),
                accepted_at=now,
                # Nobody is to try them: they were answered already.
                expires_at=now + DAY,
            )
            for address, *_ in ANSWERS
        ]
        intake = Intake(parts.database)
        numbers = await intake.number(mails)
        async with parts.database.write() as transaction:
            await intake.take(transaction, mails, numbers)
            events = [
                Event(
                    at=now,
                    account_id=shop.id,
                    kind=kind,
                    message_id=mail,
                    recipient_id=recipient,
                    data={"class": about, "reason": reply},
                )
                for (_, kind, about, reply), mail, recipient in zip(ANSWERS, *numbers, strict=True)
            ]
            await record(transaction, events)
            blocked = Blocked(
                address="u1@r.test",
                account_id=shop.id,
                at=now,
                expires_at=now + 14 * DAY,
                reason=REPLY,
            )
            await block(transaction, [blocked])


async def test_what_came_back_and_who_is_blocked(console):
    shop = await console.account("Mori Response")
    await console.verified(shop, "mail.response.test")
    seat = await console.signed_in(Role.MEMBER, shop, language="zh")
    page = seat.page
    await seat.goto("/response")
    await seat.look("response-empty")
    await answered(console, shop)
    counted = page.get_by_role("rowheader", name="邮箱不存在")
    while not await counted.count():
        await seat.goto("/response")
    await seat.look("response-bounces")
    await page.get_by_role("link", name="投诉").click()
    await page.get_by_role("rowheader", name="u3@r.test").wait_for()
    await seat.look("response-complaints")
    await page.get_by_role("link", name="自定义黑名单").click()
    await page.get_by_role("link", name="拉黑地址").first.click()
    await page.get_by_label("邮箱地址").fill("zhang@r.test\nli@r.test")
    await seat.look("response-block")
    await page.get_by_role("button", name="拉黑").click()
    await page.get_by_text("已添加 2 个地址。").wait_for()
    await seat.look("response-blacklist")
    await seat.goto("/response/unsubscribes/new")
    await page.get_by_label("邮箱地址").fill("wang@r.test")
    await page.get_by_role("button", name="添加").click()
    await page.get_by_role("rowheader", name="wang@r.test").wait_for()
    await seat.look("response-unsubscribes")
    await page.get_by_role("link", name="共享黑名单").click()
    await seat.look("response-shared")
    await page.get_by_role("button", name="移除").click()
    await page.get_by_role("dialog").get_by_role("button", name="移除").click()
    await page.get_by_text("可以再次向 u1@r.test 发信。").wait_for()
    assert not await page.get_by_role("rowheader", name="u1@r.test").count()
