"""A reader with a real browser: opens, clicks, unsubscribes; the sender sees all of it.

The mails are read in the sandbox's inbox page. Screenshots of the unsubscribe pages, as a phone
shows them, are left in build/screens/.
"""

import json
import re
import socket
from email import message_from_bytes, policy

import httpx
import pytest
from playwright.async_api import Browser, Page
from tests.support.browser import READER, browser
from tests.support.callback_receiver import CallbackReceiver
from tests.support.node import ROOT
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import encoded, new_tenant, today

from tayori.edge.public.pages import words
from tayori.sandbox.world import Sandbox

PHONE = {"width": 390, "height": 844}
LONGEST_S = 90
TEXT = "Thank you for your order. It is on its way and arrives on Monday between nine and twelve."


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
async def shop(tmp_path):
    """A sandbox, a server whose links lead to itself, a customer, and the customer's own server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with Sandbox(images=(url,)) as world, CallbackReceiver() as customer:
        settings = {
            "http": {"listen": f"127.0.0.1:{port}", "public_url": url},
            "dns": {"servers": [f"127.0.0.1:{world.dns_server_address[1]}"]},
            "delivery": {"port": world.smtp_port},
            "callbacks": {"allow_private_networks": True},
        }
        server = TayoriProcess(tmp_path, settings)
        try:
            await server.start()
            tenant = await new_tenant(server, world.dns, "mail.shop.test")
            sdk = tenant.sdk(server)
            await server.command("callback", "set", "shop", f"http://127.0.0.1:{customer.port}/cb")
            landing = f"http://www.shop.test:{customer.port}/landing?x=1&y=%E3%81%82#part"
            html = f'<p>{TEXT}</p><p><a href="{landing.replace("&", "&amp;")}">Your order</a></p>'
            made = await sdk.call(
                "CreateEmailTemplate",
                TemplateName="page",
                TemplateContent={"Html": encoded(html), "Text": ""},
            )
            shown = await server.command("template", "show", str(made.TemplateID))
            assert shown["status"] == "approved", shown
            yield Shop(world, customer, server, tenant, sdk, made.TemplateID, landing)
        finally:
            await server.close()


class Shop:
    def __init__(self, *parts) -> None:
        self.world, self.customer, self.server, self.tenant, self.sdk = parts[:5]
        self.template_id, self.landing = parts[5:]

    def mail(self, to, **changes):
        template = {"TemplateID": self.template_id, "TemplateData": "{}"}
        return self.tenant.mail(to, Template=template, **changes)

    async def send(self, to, **changes):
        sent = await self.sdk.call("SendEmail", **self.mail(to, **changes))
        return sent.MessageId

    async def received(self, to):
        """Return the mail's number in the inbox, and the mail."""
        found = []

        def there():
            found[:] = [mail for mail in self.world.mailbox.mails if to in mail.recipients]
            return bool(found)

        await self.server.until(there)
        return found[0].id, message_from_bytes(found[0].raw, policy=policy.default)

    async def flags(self, message_id):
        answer = await self.sdk.call(
            "GetSendEmailStatus", RequestDate=today(), Offset=0, Limit=10, MessageId=message_id
        )
        (row,) = answer.EmailStatusList
        return row.DeliverStatus, row.UserOpened, row.UserClicked, row.UserUnsubscribed

    async def until_flags(self, message_id, *expected):
        async def hold():
            return (await self.flags(message_id))[1:] == expected

        await self.server.until(hold, LONGEST_S)

    def told(self, message_id):
        """Return the events that the customer heard of about one mail."""
        calls = [json.loads(taken.body) for taken in self.customer.taken if taken.path == "/cb"]
        return [call for call in calls if call["bulkId"] == message_id]

    async def until_told(self, message_id, *kinds):
        def hold():
            return set(kinds) <= {call["event"] for call in self.told(message_id)}

        await self.server.until(hold, LONGEST_S)


async def reading(chromium: Browser, shop: Shop, number: int, **options) -> Page:
    """Return the inbox page with a mail open in it."""
    context = await chromium.new_context(**options)
    page = await context.new_page()
    await page.goto(shop.world.inbox_url)
    await page.locator(f'a[href="/inbox/{number}"]').first.click()
    await page.frame_locator("iframe").get_by_text("Thank you for your order").wait_for()
    return page


async def follow(page: Page, number: int) -> Page:
    """Open a link of the mail as a reader does, in a page of its own."""
    async with page.context.expect_page() as opened:
        await page.frame_locator("iframe").locator("a").nth(number).click(modifiers=["Control"])
    followed = await opened.value
    await followed.wait_for_load_state()
    return followed


async def shot(page: Page, name: str) -> None:
    folder = ROOT / "build" / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=folder / f"{name}.png")


async def test_a_reader_opens_clicks_and_unsubscribes(shop, tmp_path):
    read = await shop.send("reader@x.test", Unsubscribe="7")
    clicked_once = await shop.send("oneclick@x.test", Unsubscribe="2")
    number, _ = await shop.received("reader@x.test")
    async with browser(tmp_path) as chromium:
        page = await reading(chromium, shop, number, locale="ja-JP", viewport=PHONE)
        await shop.until_flags(read, True, False, False)
        landed = await follow(page, 0)
        assert landed.url == shop.landing
        await shop.until_flags(read, True, True, False)
        asked = await follow(page, 1)
        # The browser tells its emulated language from the second request on.
        await asked.reload()
        assert await asked.locator("h1").inner_text() == words()["ja"]["title"]
        await shot(asked, "unsubscribe-ja-ask")
        assert (await shop.flags(read))[3] is False
        await asked.get_by_role("button").click()
        assert await asked.locator("h1").inner_text() == words()["ja"]["done"]
        await shot(asked, "unsubscribe-ja-done")
        # Looks in other languages change nothing.
        for language in ("en", "zh-CN", "ar"):
            other = await chromium.new_context(locale=language, viewport=PHONE)
            again = await other.new_page()
            await again.goto(asked.url)
            assert await again.locator("html").get_attribute("lang") == language
            await shot(again, f"unsubscribe-{language}-again")
        scriptless = await chromium.new_context(java_script_enabled=False, viewport=PHONE)
        plain = await scriptless.new_page()
        await plain.goto(asked.url)
        await plain.get_by_role("button").click()
        assert await plain.locator("h1").inner_text() == words()["en"]["undone"]
        await plain.goto(asked.url)
        await plain.get_by_role("button").click()
        assert await plain.locator("h1").inner_text() == words()["en"]["done"]
    _, mail = await shop.received("oneclick@x.test")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (address,) = re.findall(r"<(http[^>]+)>", mail["List-Unsubscribe"])
    async with httpx.AsyncClient() as program:
        answer = await program.post(address, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    for message_id in (read, clicked_once):
        await shop.until_told(message_id, "delivered", "unsubscribe")
    await shop.until_flags(clicked_once, False, False, True)
    await shop.until_told(read, "open", "click")
    (click,) = [call for call in shop.told(read) if call["event"] == "click"]
    assert (click["link"], click["useragent"]) == (shop.landing, READER)
    for to in ("reader@x.test", "oneclick@x.test"):
        refused = await shop.sdk.refusal("SendEmail", **shop.mail(to))
        assert refused == "FailedOperation.ReceiverHasUnsubscribed"
    await statistics(shop, opened=1, clicked=1, unsubscribed=2)


async def statistics(shop, *, opened, clicked, unsubscribed):
    async def hold():
        report = await shop.sdk.call(
            "GetStatisticsReport", StartDate=today(), EndDate=today(), Domain=shop.tenant.domain
        )
        sums = report.OverallVolume
        found = (sums.OpenedCount, sums.ClickedCount, sums.UnsubscribeCount)
        return found == (opened, clicked, unsubscribed) and sums.DeliveredCount == 2

    await shop.server.until(hold, LONGEST_S)


async def test_simulated_mailboxes_answer_as_they_are_called(shop):
    domain = "simulator.tayori.invalid"
    expected = {
        "success": (1, {"delivered"}),
        "bounce": (3, {"bounce"}),
        "softbounce+1": (3, {"bounce"}),
        "complaint": (1, {"delivered", "spamreport"}),
        "unsubscribe": (1, {"delivered", "unsubscribe"}),
        "Click+label": (1, {"delivered", "open", "click"}),
        "nosuch": (3, {"bounce"}),
    }
    sent = {name: await shop.send(f"{name}@{domain}") for name in expected}
    refused = await shop.sdk.refusal("SendEmail", **shop.mail(f"blacklisted@{domain}"))
    assert refused == "FailedOperation.EmailAddrInBlacklist"
    for name, (status, kinds) in expected.items():
        await shop.until_told(sent[name], *kinds)
        assert {call["event"] for call in shop.told(sent[name])} == kinds
        assert (await shop.flags(sent[name]))[0] == status
    types = [shop.told(sent[name])[0]["bounceType"] for name in ("bounce", "softbounce+1")]
    assert types == ["hard_bounce", "soft_bounce"]
    # Nothing of it counts: they may be written to again, and no figure knows of them.
    for name in ("bounce", "unsubscribe", "complaint"):
        await shop.send(f"{name}@{domain}")
    real = await shop.send("reader@x.test")
    await shop.until_told(real, "delivered")

    async def counted():
        report = await shop.sdk.call("GetStatisticsReport", StartDate=today(), EndDate=today())
        sums = report.OverallVolume
        return (sums.AcceptedCount, sums.DeliveredCount, sums.BounceCount) == (1, 1, 0)

    await shop.server.until(counted, LONGEST_S)
    assert all(
        domain not in recipient
        for mail in shop.world.mailbox.mails
        for recipient in mail.recipients
    )
