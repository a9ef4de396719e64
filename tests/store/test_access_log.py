"""The log of API calls: who called what, from where, and how it was answered."""

import asyncio
from dataclasses import replace

import pytest
from tests.support.api_world import BOX, Client, api_world
from tests.support.http import serving
from tests.unit.cli.test_access import NOW, ZONE

from tayori.cli.instants import instant
from tayori.config.tree import Policy
from tayori.edge.api.access_log import AccessLog
from tayori.edge.api.actions.registry import build_actions
from tayori.edge.api.protocol import ApiApp
from tayori.runtime.clock import DAY, SettableClock
from tayori.runtime.ids import Ids
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.api_log import AccessRecord
from tayori.tenants.api_log_store import SWEPT_AT_ONCE, AccessStore, Entry, Filter
from tayori.tenants.model import Access

CALL = AccessRecord(
    at=NOW,
    account_id=1,
    secret_id="AKID",
    action="SendEmail",
    code="",
    source="192.0.2.1",
    request_id="r",
    duration_ms=1.0,
)


@pytest.fixture
async def store(database):
    """A log with calls of two accounts, two days, two actions."""
    made = AccessStore(database)
    await made.add(
        [
            replace(CALL, request_id="old", at=NOW - DAY),
            replace(CALL, request_id="mail"),
            replace(CALL, request_id="late", code="RequestLimitExceeded"),
            replace(CALL, request_id="list", action="ListReceivers", at=NOW - 1),
            replace(CALL, request_id="theirs", account_id=2),
            replace(CALL, request_id="nobody's", account_id=None),
        ]
    )
    return made


async def found(store, **wanted):
    return [entry.request_id for entry in await store.find(Filter(account_id=1, **wanted))]


async def test_calls_are_found_newest_first_by_every_filter(store):
    assert await found(store) == ["late", "mail", "list", "old"]
    assert await found(store, limit=2) == ["late", "mail"]
    assert await found(store, since=NOW - 1) == ["late", "mail", "list"]
    assert await found(store, action="ListReceivers") == ["list"]
    assert await found(store, code="OK", action="SendEmail") == ["mail", "old"]
    assert await found(store, code="RequestLimitExceeded") == ["late"]
    [theirs] = await store.find(Filter(account_id=2))
    assert theirs == Entry(
        at=NOW,
        action="SendEmail",
        secret_id="AKID",
        source="192.0.2.1",
        code="OK",
        request_id="theirs",
    )


async def test_the_log_is_read_in_parts_that_begin_behind_the_last(store):
    first = await store.page(Filter(account_id=1, limit=2))
    assert [entry.request_id for entry in first.entries] == ["late", "mail"]
    second = await store.page(Filter(account_id=1, limit=2, behind=first.next))
    assert [entry.request_id for entry in second.entries] == ["list", "old"]
    assert second.next is None
    of_day = await store.page(Filter(account_id=1, since=NOW - DAY, until=NOW - 1))
    assert [entry.request_id for entry in of_day.entries] == ["old"]
    mails = await store.page(Filter(account_id=1, action="SendEmail", code="OK"))
    assert [entry.request_id for entry in mails.entries] == ["mail", "old"]


async def test_a_rare_call_is_looked_for_a_piece_at_a_time(store):
    wanted = Filter(account_id=1, action="ListReceivers")
    nothing = await store.page(wanted, looked=2)
    assert nothing.entries == ()
    there = await store.page(replace(wanted, behind=nothing.next), looked=2)
    assert [entry.request_id for entry in there.entries] == ["list"]
    assert there.next is not None
    end = await store.page(replace(wanted, behind=there.next), looked=2)
    assert (end.entries, end.next) == ((), None)


async def test_old_calls_are_swept_a_piece_at_a_time(store):
    many = [replace(CALL, at=1, request_id=str(number)) for number in range(SWEPT_AT_ONCE + 5)]
    await store.add(many)
    assert await store.sweep(NOW - DAY) == len(many)
    assert await store.sweep(NOW - DAY) == 0
    assert await found(store) == ["late", "mail", "list", "old"]


async def test_authenticated_calls_are_logged_and_others_are_not(database):
    async with api_world(database) as world:
        calls = AccessLog(AccessStore(database))
        app = ApiApp(
            actions=build_actions(world.services),
            directory=world.accounts,
            clock=world.clock,
            ids=Ids(),
            observe=calls.note,
        )
        made = await world.accounts.create("three")
        assert isinstance(made, Access)
        async with serving(app) as address:
            client = Client(address, made)
            await client.call("ListEmailIdentities")
            code = await client.refused("GetEmailTemplate", TemplateID=77)
            key = replace(made.credential, secret=b"another")
            forger = Client(address, replace(made, credential=key))
            assert await forger.refused("ListEmailIdentities") == "AuthFailure.SignatureFailure"
        await calls.stop()
        entries = await AccessStore(database).find(Filter(account_id=made.account.id))
    assert [(entry.action, entry.code) for entry in entries] == [
        ("GetEmailTemplate", code),
        ("ListEmailIdentities", "OK"),
    ]
    for entry in entries:
        assert (entry.secret_id, entry.source) == (made.credential.secret_id, "127.0.0.1")
        assert len(entry.request_id) == len("01234567-0123-0123-0123-0123456789ab")


async def test_the_command_shows_them(tayori, database):
    clock = SettableClock(NOW)
    accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=Policy())
    made = await accounts.create("shop")
    assert isinstance(made, Access)
    own = replace(CALL, account_id=made.account.id)
    await AccessStore(database).add([own, replace(own, request_id="no", code="InternalError")])
    [row] = await asyncio.to_thread(
        tayori.json, "access", "list", "shop", "--code", "OK", "--since", "2020-01-01"
    )
    assert row == {
        "at": instant(NOW, ZONE),
        "action": "SendEmail",
        "code": "OK",
        "secret_id": "AKID",
        "source": "192.0.2.1",
        "request_id": "r",
    }
    table = await asyncio.to_thread(tayori.table, "access", "list", "shop", "--limit", "1")
    assert "InternalError" in table[1]
    assert len(table) == 2
    none = await asyncio.to_thread(
        tayori.table, "access", "list", "shop", "--action", "ListReceivers"
    )
    assert none == ["Nothing."]
    said = await asyncio.to_thread(tayori.complaint, "access", "list", "shop", "--since", "soon")
    assert "write a time such as" in said
