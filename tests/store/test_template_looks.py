"""Looking through templates: one account's alone, by name and status, and versions; by indexes."""

import pytest
from tests.store.test_catalog import templates_with
from tests.store.test_stats_plans import Analyse, by_index, plan

from tayori.catalog import template_look_store as looks
from tayori.catalog.model import TemplateContent, TemplateStatus
from tayori.config.tree import Policy
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

PLAIN = TemplateContent(html="<p>Hello {{name}}</p>", text="Hello")
BLOCKS = TemplateContent(html="<p>森</p>", text="", blocks='{"blocks":[]}')


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def templates(database, clock):
    return templates_with(database, clock)


@pytest.fixture
async def accounts(database, clock):
    store = AccountStore(database, SecretBox(b"k" * 32))
    made = Accounts(store=store, clock=clock, ids=Ids(), policy=Policy())
    return [(await made.create(name)).account.id for name in ("one", "two")]


async def test_a_page_has_what_was_asked_for(database, templates, accounts, clock):
    store = looks.TemplateLookStore(database)
    mine, other = accounts
    for name, content in (("Bills", PLAIN), ("Äpfel 100%", PLAIN), ("letters", PLAIN)):
        made = await templates.create(mine, name, content)
        if "100%" in name:
            await templates.reject(made.id, "Say who you are.")
        clock.advance(1_000)
    await templates.create(other, "Bills of others", PLAIN)

    async def names(order, page=(0, 10), **wanted):
        found, total = await store.page(mine, order, page, **wanted)
        return [each.name for each in found], total

    assert await names("changed") == (["Bills", "Äpfel 100%", "letters"], 3)
    assert await names("-changed", (1, 1)) == (["Äpfel 100%"], 3)
    assert (await names("name"))[0].index("Bills") < (await names("name"))[0].index("letters")
    assert await names("name", text="100%") == (["Äpfel 100%"], 1)
    assert await names("name", text="BILL") == (["Bills"], 1)
    assert await names("name", status=TemplateStatus.REFUSED) == (["Äpfel 100%"], 1)


async def test_versions_keep_their_content_and_blocks(database, templates, accounts):
    store = looks.TemplateLookStore(database)
    mine, other = accounts
    made = await templates.create(mine, "Bills", PLAIN)
    await templates.update(mine, made.id, "Bills", BLOCKS)
    await templates.update(mine, made.id, "Bills", PLAIN)
    found = await store.versions(mine, made.id, 10)
    assert [(one.number, one.has_blocks) for one in found] == [(3, False), (2, True), (1, False)]
    assert found[1].size == len(BLOCKS.html.encode())
    assert [one.number for one in await store.versions(mine, made.id, 1, before=3)] == [2]
    assert await store.version(mine, made.id, 2) == BLOCKS
    assert await store.version(mine, made.id, 4) is None
    assert await store.version(other, made.id, 2) is None
    assert await store.versions(other, made.id, 10) == []
    await templates.delete(mine, made.id)
    assert await store.version(mine, made.id, 2) is None


async def test_the_plans_use_indexes(database, templates, accounts):
    mine, other = accounts
    for number in range(60):
        await templates.create((mine, other)[number % 2], f"T{number}", PLAIN)
    if database.dialect == "postgresql":
        async with database.write() as transaction:
            await transaction.execute(Analyse())
    values = {
        "of_account": mine,
        "pattern": "%%",
        "of_status": -1,
        "skip": 0,
        "most": 26,
        "of_template": 3,
        "before": 9,
        "of_version": 1,
    }
    for name, statement in looks.STATEMENTS.items():
        found = await plan(database, statement, **values)
        if database.dialect == "sqlite":
            assert by_index(found), (name, found)
            assert "SCAN" not in found, (name, found)
