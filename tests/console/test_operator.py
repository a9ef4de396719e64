"""The pages of operators in a browser: from a new account to a healthy service."""

import msgspec
from tests.store.test_queue import message, settled, take

from tayori.app.parts import opened
from tayori.catalog.model import TemplateContent
from tayori.delivery.reactions.model import Effect, Scope
from tayori.delivery.reactions.store import ReactionStore
from tayori.mail.outcome import Kind, Outcome, Stage
from tayori.mail.outcome import Scope as Reach
from tayori.mail.reply import Reply
from tayori.queue.operator_store import Filter
from tayori.queue.overview_store import OverviewStore
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.queue.unclassified_store import Unclassified, count_unclassified
from tayori.runtime.clock import DAY, HOUR, MINUTE
from tayori.suppress.listing_store import Listed, ListingStore, ListName
from tayori.tenants.users.model import Role

HTML = (
    '<table width="100%" bgcolor="#eef6f4"><tr><td align="center"><h1>Summer sale</h1>'
    "<p>Everything in our shop is cheaper this week than it was in spring. Come and have a look "
    "at the new shoes, shirts and hats that arrived yesterday, and tell your friends about it.</p>"
    '<p><a href="https://www.kawa.test/hats">See the hats</a></p></td></tr></table>'
)


async def furnish(console, account):
    """Give the service something of everything that operators look at."""
    settings = console.server.settings
    manual = msgspec.structs.replace(settings.review, mode="manual")
    async with opened(msgspec.structs.replace(settings, review=manual)) as parts:
        now = parts.clock.now()
        database = parts.database
        content = TemplateContent(html=HTML, text="")
        await parts.templates.create(account.id, "Summer sale", content)
        scope = Scope(destination="qq", account_id=account.id)
        await ReactionStore(database).add(
            scope,
            Effect(mails_per_minute=20),
            reason="550 Ip frequency limited",
            by="rule qq-frequency",
            duration_ms=HOUR,
            now=now,
        )
        heard = Unclassified(
            provider="qq",
            code=550,
            text="too much for today",
            example="550 5.7.0 Too much for today, ask again on Monday",
            count=41,
            first_at=now - DAY,
            last_at=now - MINUTE,
        )
        async with database.write() as transaction:
            await count_unclassified(transaction, [heard])
        blocked = Listed(
            address="gone@reader.test",
            account_id=0,
            at=now,
            expires_at=now + 14 * DAY,
            reason="550 5.1.1 No such user",
        )
        await ListingStore(database, ListName.SHARED).add([blocked])
        await fill_queue(parts, account, now)


async def fill_queue(parts, account, now):
    """Have three recipients wait, each deferred by its receiver until tomorrow."""
    mails = [
        message(
            f"op-{account.id}-{n}",
            f"reader{n}@held{n}.test",
            # Due in a moment only, before which delivery of the same server takes none of them.
            accepted_at=now + MINUTE,
            account_id=account.id,
        )
        for n in range(1, 4)
    ]
    await take(parts.database, *mails)
    queue = QueueStore(parts.database)
    leased = await queue.lease("furniture", now + MINUTE, now + HOUR, 10)
    assert len(leased) == len(mails)
    reply = Reply(450, "4.2.2", ("The mailbox is busy, try again later",))
    busy = Outcome(kind=Kind.TEMPORARY, scope=Reach.SITE, stage=Stage.CONTENT, reply=reply)
    await queue.settle(
        "furniture", [settled(each, State.DEFERRED, now + DAY, busy) for each in leased]
    )


async def test_an_operator_runs_the_service(console):
    shop = await console.account("Kawa Books")
    await console.verified(shop, "mail.kawa.test")
    await furnish(console, shop)
    seat = await console.signed_in(Role.OPERATOR, None)
    page = seat.page
    for path, name in (
        ("/operator", "operator-overview"),
        ("/operator/accounts", "operator-accounts"),
        (f"/operator/accounts/{shop.id}", "operator-account"),
        ("/operator/accounts/new", "operator-account-new"),
        ("/operator/reviews", "operator-reviews"),
        ("/operator/queue", "operator-queue"),
        ("/operator/queue/hold?account=Kawa%20Books", "operator-queue-ask"),
        ("/operator/reactions", "operator-reactions"),
        ("/operator/replies", "operator-replies"),
        ("/operator/blacklist", "operator-blacklist"),
        ("/operator/blacklist/new", "operator-blacklist-new"),
        ("/operator/sources", "operator-sources"),
        ("/operator/scanners", "operator-scanners"),
        ("/operator/health", "operator-health"),
        ("/operator/configuration", "operator-configuration"),
    ):
        await seat.goto(path)
        await seat.look(name)
    await seat.goto("/operator/queue?account=Kawa%20Books")
    await page.get_by_role("link", name="Hold").click()
    await page.get_by_text("recipients are meant.").wait_for()
    await page.get_by_role("button", name="Hold").click()
    await page.get_by_text("recipients were changed.").wait_for()
    async with opened(console.server.settings) as parts:
        sight = await OverviewStore(parts.database).look(
            Filter(account_id=shop.id, state=State.HELD), 10
        )
    assert sight.entries


async def test_a_review_in_japanese(console):
    shop = await console.account("Yama Tea")
    await furnish(console, shop)
    seat = await console.signed_in(Role.OPERATOR, None, language="ja")
    page = seat.page
    await seat.goto("/operator/reviews?account=Yama%20Tea")
    await page.get_by_role("link", name="Summer sale").click()
    await page.frame_locator("iframe").get_by_text("Summer sale").wait_for()
    await seat.look("operator-review-ja")
    await page.get_by_label("却下の理由").fill("短縮 URL は使えません。")
    await page.get_by_role("button", name="却下する").click()
    await page.get_by_text("を却下しました").wait_for()
    async with opened(console.server.settings) as parts:
        (refused,) = (await parts.templates.list(shop.id, offset=0, limit=9)).templates
    assert refused.review_reason == "短縮 URL は使えません。"
    for path, name in (
        (f"/operator/accounts/{shop.id}", "operator-account-ja"),
        ("/operator/queue", "operator-queue-ja"),
        ("/operator/health", "operator-health-ja"),
    ):
        await seat.goto(path)
        await seat.look(name)


async def test_an_account_is_suspended_in_chinese(console):
    shop = await console.account("Shan Tea")
    seat = await console.signed_in(Role.OPERATOR, None, language="zh")
    page = seat.page
    await seat.goto(f"/operator/accounts/{shop.id}")
    await page.get_by_label("停用原因").fill("等待核实")
    await page.get_by_role("button", name="停用").click()
    await page.get_by_text("账户已停用。").wait_for()
    await seat.look("operator-account-zh")
    await page.get_by_role("button", name="解除停用").click()
    await page.get_by_text("账户已恢复").wait_for()
    async with opened(console.server.settings) as parts:
        assert not (await parts.accounts.get(shop.id)).suspended
