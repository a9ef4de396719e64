"""What is decided about a template is an event of its account, in the same transaction."""

import pytest
from sqlalchemy import select
from tests.support.review import first_reviewer

from tayori.catalog.model import TemplateContent
from tayori.catalog.template_store import TemplateStore
from tayori.catalog.templates import Templates
from tayori.config.screening import Review
from tayori.config.tree import Policy
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.events.model import PUBLIC, EventKind
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.screen.decisions import record_decision
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

GOOD = TemplateContent(
    html="", text="The general meeting takes place on Thursday at seven in the evening in the hall."
)
BAD = TemplateContent(html="<script>1</script><form></form>", text=GOOD.text)


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
async def account_id(database, clock):
    box = SecretBox(b"k" * 32)
    made = Accounts(store=AccountStore(database, box), clock=clock, ids=Ids(), policy=Policy())
    return (await made.create("one")).account.id


def desk(database, clock, mode):
    return Templates(
        store=TemplateStore(database, record_decision),
        clock=clock,
        review=first_reviewer(Review(mode=mode), clock),
        policy=Policy(),
    )


async def events(database):
    async with database.read() as transaction:
        rows = await transaction.fetch(Statement(select(event).order_by(event.c.id)))
    return [(row["kind"], row["account_id"], row["at"], row["data"]) for row in rows]


async def test_the_rules_decide_when_a_template_is_made_and_edited(database, clock, account_id):
    templates = desk(database, clock, "auto")
    made = await templates.create(account_id, "meeting", GOOD)
    clock.advance(1_000)
    await templates.update(account_id, made.id, "meeting", BAD)
    approved, rejected = await events(database)
    assert approved[:3] == ("template_approved", account_id, made.created_at)
    assert rejected[:3] == ("template_rejected", account_id, clock.now())
    assert f'"template":{made.id},"name":"meeting","version":2' in rejected[3]
    assert '"rules":"text_too_short, script, form"' in rejected[3]


async def test_an_operator_decides(database, clock, account_id):
    templates = desk(database, clock, "manual")
    made = await templates.create(account_id, "meeting", GOOD)
    assert await events(database) == []
    clock.advance(1_000)
    await templates.reject(made.id, "Too vague.")
    await templates.approve(made.id)
    rejected, approved = await events(database)
    assert rejected[:3] == ("template_rejected", account_id, clock.now())
    assert '"reason":"Too vague."' in rejected[3]
    assert approved[0] == "template_approved"
    assert "reason" not in approved[3]


async def test_a_verdict_on_an_old_version_leaves_no_event(database, clock, account_id):
    templates = desk(database, clock, "manual")
    made = await templates.create(account_id, "meeting", GOOD)
    await templates.update(account_id, made.id, "meeting", GOOD)
    await templates.approve(made.id, version=1)
    assert await events(database) == []


def test_no_callback_reports_them():
    assert not {EventKind.TEMPLATE_APPROVED, EventKind.TEMPLATE_REJECTED} & PUBLIC
