"""Finds that count against an account, and what follows when there are too many."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy import select
from tests.store.test_door import OneAccount
from tests.support.api_world import BOX
from tests.unit.accept.test_checks import GOOD, simple

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.screening import DoorScreening
from tayori.accept.store import AcceptStore
from tayori.config.screening import ScreeningSettings
from tayori.config.tree import Policy
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.refusal.codes import Code
from tayori.refusal.telling import tell
from tayori.runtime.clock import DAY, HOUR, SettableClock
from tayori.runtime.ids import Ids
from tayori.screen.find_store import FindStore
from tayori.screen.finds import FindKind, Finds
from tayori.screen.mail import MailScreen
from tayori.screen.review import Reviewer
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

CLOCK_AT = 1_790_000_000_000


def world(database, **limits):
    clock = SettableClock(CLOCK_AT)
    accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=Policy())
    wanted = {FindKind(kind): most for kind, most in limits.items()}
    return clock, accounts, Finds(FindStore(database), accounts, clock, wanted)


async def suspended_events(database):
    query = Statement(select(event.c.data).where(event.c.kind == "suspended"))
    async with database.read() as transaction:
        return [row["data"] for row in await transaction.fetch(query)]


async def made(accounts):
    return (await accounts.create("shop")).account.id


async def test_different_mails_count_and_the_same_one_only_once(database):
    _, accounts, finds = world(database, spam=3)
    account = await made(accounts)
    for key in ("a", "a", "b", "a", "b"):
        await finds.note(account, FindKind.SPAM, key, "SPAM_WORDS")
    assert not (await accounts.get(account)).suspended
    await finds.note(account, FindKind.DECEIT, "c", "value_link")
    assert not (await accounts.get(account)).suspended
    await finds.note(account, FindKind.SPAM, "c", "SPAM_WORDS")
    stopped = await accounts.get(account)
    assert stopped.suspended
    assert "3 mails within a day were taken for spam" in stopped.suspended_reason.english
    (told,) = await suspended_events(database)
    assert "SPAM_WORDS" in told


async def test_only_the_finds_of_a_day_count(database):
    clock, accounts, finds = world(database, spam=3)
    account = await made(accounts)
    for key in "abcdef":
        await finds.note(account, FindKind.SPAM, key, "x")
        clock.advance(DAY // 2)
    assert not (await accounts.get(account)).suspended


async def test_after_an_operator_lifted_it_the_count_begins_anew(database):
    _, accounts, finds = world(database, deceit=2)
    account = await made(accounts)
    await finds.note(account, FindKind.DECEIT, "a", "x")
    await finds.note(account, FindKind.DECEIT, "b", "x")
    assert (await accounts.get(account)).suspended
    await accounts.resume(account)
    await finds.note(account, FindKind.DECEIT, "c", "x")
    assert not (await accounts.get(account)).suspended
    await finds.note(account, FindKind.DECEIT, "d", "x")
    assert (await accounts.get(account)).suspended


async def test_nothing_counts_where_the_settings_say_never(database):
    _, accounts, finds = world(database, spam=0)
    account = await made(accounts)
    for key in "abc":
        await finds.note(account, FindKind.SPAM, key, "x")
    assert not (await accounts.get(account)).suspended


async def test_refusals_of_the_door_count(database):
    clock, accounts, finds = world(database, deceit=2)
    account = await made(accounts)

    async def on_deceit(account_id, key, name):
        await finds.note(account_id, FindKind.DECEIT, key, name)

    screen = MailScreen(Reviewer(), ScreeningSettings(), clock)
    door = Door(
        directory=OneAccount(),
        limits=Limits(Policy(), ZoneInfo("UTC")),
        store=AcceptStore(database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZoneInfo("UTC"),
        lifetime_ms=72 * HOUR,
        screening=DoorScreening(screen, on_deceit=on_deceit),
    )

    async def send(**changes):
        mail = simple(**changes)
        return await door.accept(replace(mail, account=replace(mail.account, id=account)))

    form = await send(html="<form></form>")
    assert form.code is Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG
    casino = "<p>Our online casino is open.</p>"
    for _ in range(3):
        refused = await send(html=casino)
        assert tell(refused.saying, "ja") not in {"", refused.detail}
    assert not (await accounts.get(account)).suspended
    await send(html=f"{casino}<p>Come today.</p>")
    assert (await accounts.get(account)).suspended
    assert GOOD.account.id == account
