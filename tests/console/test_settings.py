"""Callbacks, credentials, billing, the log of calls and TLS, as the owner of an account keeps them."""

from dataclasses import replace

from tests.support.callback_receiver import CallbackReceiver

from tayori.app.parts import opened
from tayori.tenants.api_log import AccessRecord
from tayori.tenants.api_log_store import AccessStore
from tayori.tenants.billing.model import Usage
from tayori.tenants.billing.store import BillingStore, count_usage
from tayori.tenants.users.model import Role


async def used(console, account):
    """Let the account have called the API and sent mail."""
    async with opened(console.server.settings) as parts:
        now = parts.clock.now()
        record = AccessRecord(
            at=now,
            account_id=account.id,
            secret_id="AKIDexample",
            action="SendEmail",
            code="",
            source="198.51.100.7",
            request_id="5d4a0c4e-4f1f-4d4c-9d0a-7a8f6c2f9b11",
            duration_ms=12.0,
        )
        refused = replace(record, at=now - 5, code="FailedOperation.InsufficientBalance")
        await AccessStore(parts.database).add([record, refused])
        usage = {(account.id, "2026-11-02"): Usage(mails=1_800, free=1_000, amount=1_600_000)}
        async with parts.database.write() as transaction:
            await count_usage(transaction, usage)
        await BillingStore(parts.database).add_credit(account.id, 50_000_000, "Invoice 17", now)


async def test_an_owner_sets_an_account_up(console):
    shop = await console.account("Umi Foods")
    await console.verified(shop, "mail.umi.test")
    await used(console, shop)
    seat = await console.signed_in(Role.OWNER, shop)
    page = seat.page
    for path, name in (
        ("/callbacks", "callbacks-empty"),
        ("/callbacks/new", "callbacks-new"),
        ("/credentials", "credentials"),
        ("/credentials/new", "credentials-new"),
        ("/billing", "billing"),
        ("/billing?month=2026-11", "billing-month"),
        ("/access-log", "access-log"),
        ("/settings", "settings"),
    ):
        await seat.goto(path)
        await seat.look(name)
    async with CallbackReceiver() as receiver:
        await seat.goto("/callbacks/new")
        await page.get_by_label("URL").fill(receiver.url)
        await page.get_by_role("button", name="Set the callback").click()
        await page.get_by_text("The callback address was set.").wait_for()
        await page.get_by_role("button", name="Send a test call").click()
        await page.get_by_text("Your program took the test call").wait_for()
        assert receiver.taken
    await seat.look("callbacks-show")
    await seat.goto("/credentials/new")
    await page.get_by_label("Sending only").check()
    await page.get_by_role("button", name="Make the credential").click()
    await page.get_by_text("Copy the SecretKey now.").wait_for()
    await seat.look("credentials-made")
    await seat.goto("/settings")
    await page.get_by_role("button", name="Require verified TLS").first.click()
    await seat.check()
    await page.get_by_role("dialog").get_by_role("button", name="Require verified TLS").click()
    await page.get_by_text("now travels over verified TLS only.").wait_for()


async def test_settings_in_japanese_and_chinese(console):
    shop = await console.account("Sora Travel")
    await used(console, shop)
    for language in ("ja", "zh"):
        seat = await console.signed_in(Role.OWNER, shop, language=language)
        for path in ("callbacks", "credentials", "billing", "access-log", "settings"):
            shown = await seat.goto(f"/{path}")
            assert shown.status == 200
            await seat.look(f"{path}-{language}")
