"""The service's own mails go through the door, on both databases."""

from dataclasses import replace

import pytest
from tests.store.test_door import door
from tests.support.people import people
from tests.unit.accept.test_checks import ACCOUNT, IDENTITY, SENDER, TEMPLATE

from tayori.catalog.model import TemplateStatus
from tayori.compose.model import decode_recipe
from tayori.notices.owners import OwnerNotices
from tayori.notices.sender import Notices, Told
from tayori.notices.texts import NoticeKind
from tayori.queue.store import QueueStore
from tayori.refusal.table import Language
from tayori.tenants.users.model import Role

FROM = SENDER.address.addr
RESET = {"link": "https://mail.example.com/console/new-password/x", "minutes": "60"}


@pytest.fixture
def world(database):
    return people(database)


def notices(world, *, sender=FROM, account=ACCOUNT, **policy):
    async def account_of(address):
        return account if address == FROM else None

    return Notices(
        accept=door(world.database, world.clock, **policy).accept,
        account_of=account_of,
        users=world.users,
        sender=sender,
        service="mail.example.com",
    )


async def queued(world):
    store = QueueStore(world.database)
    now = world.clock.now()
    leased = await store.lease("d", now, now + 1, 10)
    recipes = await store.recipes([item.message_id for item in leased])
    return {item.address: decode_recipe(recipes[item.message_id]) for item in leased}


async def test_a_user_is_written_to_in_the_own_language_with_content_of_our_own(world):
    await world.users.create("ann@example.com", name="安", language="zh")
    ann = await world.users.find("ann@example.com")
    assert await notices(world).send(ann, NoticeKind.RESET, RESET) is Told.ACCEPTED
    recipe = (await queued(world))["ann@example.com"]
    assert recipe.subject == "重置密码"
    assert RESET["link"] in recipe.text
    assert "安，您好" in recipe.text
    assert ("Auto-Submitted", "auto-generated") in recipe.headers


async def test_an_address_is_written_to_in_a_given_language(world):
    told = await notices(world).send("bob@example.com", NoticeKind.RESET, RESET, Language.JA)
    assert told is Told.ACCEPTED
    assert (await queued(world))["bob@example.com"].subject == "パスワードの再設定"


async def test_without_a_sender_nothing_is_sent(world):
    silent = notices(world, sender="")
    assert not silent.can_send
    assert await silent.send("bob@example.com", NoticeKind.RESET, RESET) is Told.NO_SENDER
    assert await queued(world) == {}


@pytest.mark.parametrize("trouble", ["nobody", "no address", "suspended"])
async def test_what_cannot_be_sent_is_told_and_stops_nobody(world, trouble):
    by = {
        "nobody": lambda: notices(world, sender="else@example.org"),
        "no address": lambda: notices(world, sender="else"),
        "suspended": lambda: notices(world, account=replace(ACCOUNT, suspended_at=1)),
    }
    assert await by[trouble]().send("bob@example.com", NoticeKind.RESET, RESET) is Told.REFUSED
    assert await queued(world) == {}


async def test_the_owners_of_an_account_are_told_and_nobody_else(world):
    acme, other = await world.account("acme"), await world.account("other")
    await world.user("owner@example.com", of=acme)
    gone = await world.user("gone@example.com", of=acme)
    await world.users.suspend(gone.id)
    await world.user("viewer@example.com", of=acme, role=Role.VIEWER)
    await world.user("other@example.com", of=other)
    data = {"account": "acme", "domain": "shop.example"}
    await notices(world).tell_owners(acme.id, NoticeKind.DOMAIN_BROKEN, data)
    assert set(await queued(world)) == {"owner@example.com"}


async def test_owners_hear_of_domains_callbacks_and_templates(world):
    acme = await world.account("acme")
    await world.user("owner@example.com", of=acme)
    owners = OwnerNotices(notices(world), world.accounts)
    await owners.domain_broken(replace(IDENTITY, account_id=acme.id))
    await owners.callback_off(acme.id, "https://hook.example", "HTTP status 500")
    refused = replace(
        TEMPLATE.template,
        account_id=acme.id,
        status=TemplateStatus.REFUSED,
        review_reason="No imprint.",
    )
    await owners.template_decided(refused)
    await owners.template_decided(replace(refused, status=TemplateStatus.APPROVED))
    await owners.account_suspended(acme.id, "Spam.")
    await owners.domain_broken(replace(IDENTITY, account_id=999))
    store, now = QueueStore(world.database), world.clock.now()
    leased = await store.lease("d", now, now + 1, 10)
    recipes = await store.recipes([item.message_id for item in leased])
    mails = [decode_recipe(recipe) for recipe in recipes.values()]
    assert sorted(mail.subject for mail in mails) == [
        "Callbacks of acme have stopped",
        f"DNS records of {IDENTITY.domain} are wrong",
        f"Template approved: {refused.name}",
        f"Template refused: {refused.name}",
        "acme is suspended",
    ]
    assert [mail for mail in mails if "No imprint." in mail.text]
    assert [mail for mail in mails if "https://hook.example" in mail.text]
