"""What holds for every page and action there is: who gets in, and what a page costs.

An area's own tests say what its pages do; a new page is held to these without being named here.
"""

import re

import pytest
from tests.bench.reports import fill
from tests.support.console_pages import every_page, pages, path_of
from tests.support.console_world import console_world

from tayori.db.sqlite import SqliteTransaction
from tayori.db.sqlite_work import DirectTransaction
from tayori.edge.console.access import GRANTS, Right
from tayori.tenants.users.model import Role

DOMAIN = "mail.shop.test"
SENDER = f"news@{DOMAIN}"
HOLES = {"domain": DOMAIN, "address": SENDER}
NUMBERS = ("id", "number", "file", "version", "call", "receiver")
"""Holes for the numbers of rows."""
MAILS = 3_000
LARGE = re.compile(
    r"\bSCAN (message|recipient|event|attempt|callback_call|callback_attempt|api_access|audit_entry"
    r"|receiver|receiver_file_fault|bulk_skip|bulk_first|shared_blacklist|custom_blacklist"
    r"|unsubscription|engagement|visit|domain_contact|daily_volume|keyed_volume)\b"
)
"""Reading one of these from beginning to end; all of them grow with every mail or call."""
ANSWERED = {200, 303, 400, 404, 410, 422}
RIGHTS_IN_ACCOUNT = {Right.LOOK, Right.SEND, Right.MANAGE, Right.OWN}
A_SECOND_OF_ACTIONS = 8


@pytest.fixture
async def world(tmp_path):
    async with console_world(tmp_path) as opened:
        await opened.verified(DOMAIN)
        await opened.services.senders.create(opened.account.id, SENDER, "Shop")
        yield opened


@pytest.fixture
def plans(monkeypatch):
    """Watch what is asked of SQLite; the list has each statement's plan, once."""
    seen: dict[str, str] = {}

    def watch(kind, name):
        asked = getattr(kind, name)

        async def watched(self, statement, values=None):
            given = values if values is not None else {}
            sql, _, _ = statement.form("sqlite")
            if sql not in seen and sql.lstrip().upper().startswith(("SELECT", "WITH")):
                seen[sql] = ""
                rows = await asked_all(self, _Explained(statement), given)
                seen[sql] = "\n".join(row["detail"] for row in rows)
            return await asked(self, statement, given)

        asked_all = kind.fetch
        monkeypatch.setattr(kind, name, watched)

    for kind in (SqliteTransaction, DirectTransaction):
        original = kind.fetch
        watch(kind, "fetch_one")
        monkeypatch.setattr(kind, "fetch", original)
        watch(kind, "fetch")
    return seen


class _Explained:
    """A statement that tells its plan instead of running."""

    def __init__(self, statement):
        self._statement = statement

    def form(self, dialect):
        sql, names, constants = self._statement.form(dialect)
        return f"EXPLAIN QUERY PLAN {sql}", names, constants


async def test_nobody_gets_in_without_a_log_in(world):
    browser = world.browser()
    for page in every_page():
        if page.right is Right.ANYONE:
            continue
        ask = browser.get if page.method == "GET" else browser.post
        answer = await ask(path_of(page, HOLES))
        assert answer.status_code == 303, page.path
        assert answer.headers["location"].startswith("/console/log-in"), page.path


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER, Role.OWNER])
async def test_no_role_gets_more_than_its_rights(world, role):
    browser = await world.signed_in(role)
    refused = 0
    for page in every_page():
        if page.right in RIGHTS_IN_ACCOUNT - GRANTS[role] | {Right.OPERATE}:
            ask = browser.get if page.method == "GET" else browser.post
            answer = await ask(path_of(page, HOLES))
            assert answer.status_code == 403, (page.method, page.path)
            refused += 1
    assert refused or role is Role.OWNER


async def test_no_action_is_done_without_its_token(world):
    for number, page in enumerate(pages("POST")):
        if number % A_SECOND_OF_ACTIONS == 0:
            # A user may do only so much in a second.
            browser = await world.signed_in(Role.OPERATOR)
        for token in ("", "0" * 43):
            browser.csrf = token
            answer = await browser.post(path_of(page, HOLES))
            assert answer.status_code == 403, page.path
    assert await world.services.senders.find(world.account.id, SENDER) is not None


async def test_every_page_answers_and_reads_no_large_table_as_a_whole(world, plans):
    await fill(world.parts.database, MAILS)
    operator = await world.signed_in(Role.OPERATOR)
    for page in pages("GET"):
        answer = await operator.get(path_of(page, HOLES))
        assert answer.status_code in ANSWERED, (page.path, answer.status_code)
    assert len(plans) > 20
    whole = {sql: plan for sql, plan in plans.items() if LARGE.search(plan)}
    assert not whole, whole


@pytest.mark.parametrize("number", ["9" * 18, "9" * 19, "9" * 60])
async def test_a_number_that_no_row_can_have_names_nothing(installed_url, tmp_path, number):
    async with console_world(tmp_path, installed_url) as opened:
        operator = await opened.signed_in(Role.OPERATOR)
        holes = dict.fromkeys(NUMBERS, number)
        for page in pages("GET"):
            path = path_of(page, holes)
            for query in ("", f"?after={number}"):
                answer = await operator.get(path + query)
                assert answer.status_code in ANSWERED, (path, query)
            if number in path:
                assert (await operator.get(path)).status_code == 404, path


@pytest.mark.parametrize("language", ["ja", "zh"])
async def test_every_page_answers_in_every_language(world, language):
    owner = await world.signed_in(Role.OWNER, language=language)
    tag = {"ja": "ja", "zh": "zh-Hans"}[language]
    for page in pages("GET", *RIGHTS_IN_ACCOUNT, Right.SIGNED_IN):
        answer = await owner.get(path_of(page, HOLES))
        assert answer.status_code in ANSWERED, (page.path, answer.status_code)
        if answer.headers.get("content-type", "").startswith("text/html") and answer.text:
            assert answer.headers["content-language"] == tag, page.path
