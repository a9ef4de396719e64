"""Reports and searches are answered by indexes: the plans of both databases, on many rows."""

from tests.store.test_queue import message, take

from tayori.bulk import outlook_store
from tayori.bulk import statements as bulk
from tayori.catalog import list_file_statements as list_files
from tayori.catalog import receiver_statements as lists
from tayori.config.tree import Policy
from tayori.events import store as events
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.queue import statements as queue
from tayori.queue import story_store
from tayori.runtime.clock import DAY, MINUTE, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.stats import response_store
from tayori.stats import statements as stats
from tayori.suppress import listed_store
from tayori.suppress import statements as suppress
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

NOW = 1_790_000_000_000
MESSAGES = 12_000
ACCOUNTS = 6
FILTERS = ("from_domain", "from_address", "mailbox_type", "to_address", "template_id")
OF_DAY = "ix_recipient_account_id_accepted_at_id"
OF_ADDRESS = "ix_recipient_account_id_address_accepted_at"
OF_MESSAGE = {"sqlite": "sqlite_autoindex_message_1", "postgresql": "uq_message_public_id"}
OF_VOLUME = {"sqlite": "sqlite_autoindex_daily_volume_1", "postgresql": "pk_daily_volume"}


class Explained:
    """A statement that tells its plan instead of running."""

    def __init__(self, statement):
        self._statement = statement

    def form(self, dialect):
        sql, names, constants = self._statement.form(dialect)
        return (
            {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}[dialect] + sql,
            names,
            constants,
        )


class Analyse:
    """What PostgreSQL does by itself after many changes, so that it knows how many rows there are."""

    def form(self, _dialect):
        return "ANALYZE", (), {}


async def filled(database):
    numbers, _ = await take(
        database,
        *(
            message(
                f"m{n}",
                f"u{n % 900}@x{n % 9}.test",
                accepted_at=NOW + n * 5 * MINUTE,
                account_id=n % ACCOUNTS,
            )
            for n in range(MESSAGES)
        ),
    )
    reactions = [
        Event(
            at=NOW + n * 5 * MINUTE,
            account_id=n % ACCOUNTS,
            kind=EventKind.SPAMREPORT if n % 100 == 0 else EventKind.OPEN,
            message_id=numbers[n],
            recipient_id=n + 1,
        )
        for n in range(0, MESSAGES, 5)
    ]
    volumes = [
        {
            "account_id": account,
            "day": f"2026-{month:02}-{day:02}",
            "domain": f"d{domain}.test",
            "mailbox_type": f"x{kind}.test",
        }
        | dict.fromkeys(stats.Volume._fields, 1)
        for account in range(ACCOUNTS)
        for month in range(1, 7)
        for day in range(1, 29)
        for domain in range(3)
        for kind in range(9)
    ]
    keyed = [
        {"account_id": account, "kind": kind, "day": f"2026-{month:02}-{day:02}", "key": str(key)}
        | dict.fromkeys(stats.Volume._fields, 1)
        for account in range(ACCOUNTS)
        for kind in ("task", "template", "sender", "provider")
        for month in range(1, 7)
        for day in range(1, 29)
        for key in range(8)
    ]
    skips = [
        {"task_id": n % 9, "run": 0, "receiver_id": n, "address": "a@x.test", "at": NOW}
        | {"reason": "duplicate", "detail": "The same address stands in the list before."}
        for n in range(5_000)
    ]
    async with database.write() as transaction:
        await record(transaction, reactions)
        await transaction.execute_many(stats.ADD, volumes)
        await transaction.execute_many(stats.ADD_KEYED, keyed)
        await transaction.execute_many(bulk.INSERT_SKIP, skips)
    if database.dialect == "postgresql":
        async with database.write() as transaction:
            await transaction.execute(Analyse())


async def plan(database, statement, **values):
    async with database.read() as transaction:
        rows = await transaction.fetch(Explained(statement), values)
    column = {"sqlite": "detail", "postgresql": "QUERY PLAN"}[database.dialect]
    return "\n".join(row[column] for row in rows)


def by_index(found, *indexes):
    """Tell whether a plan uses the indexes and reads no table from its beginning to its end."""
    lines = found.splitlines()
    whole = [line for line in lines if "Seq Scan" in line or line.startswith("SCAN ")]
    # What a list of parameters is read from is no table.
    whole = [line for line in whole if "json_each" not in line]
    return not whole and all(index in found for index in indexes)


async def test_searches(database):
    await filled(database)
    values = {
        "of_account": 1,
        "before_at": story_store.NEWEST[0],
        "before_id": 2**62,
        "after_id": 0,
        "most": 26,
        "of_public_id": "m301",
        "to_address": "u301@x4.test",
    }
    for name, index in (
        ("all", OF_DAY),
        ("address", OF_ADDRESS),
        ("message", OF_MESSAGE[database.dialect]),
    ):
        found = await plan(database, story_store.STATEMENTS[name], **values)
        assert by_index(found, index), found
        # An account has many mails, so they are read in order; those of one address are few.
        assert name != "all" or ("Sort" not in found and "TEMP B-TREE" not in found), found


async def test_status(database):
    await filled(database)
    values = {
        "account": 1,
        "first": NOW + DAY,
        "end": NOW + 2 * DAY,
        "skip": 0,
        "most": 100,
        "public_id": "m301",
        "to_address": "u301@x4.test",
    }
    by_message = OF_MESSAGE[database.dialect]
    for statement, index in (
        (queue.STATUS_OF_DAY, OF_DAY),
        (queue.STATUS_OF_ADDRESS, OF_ADDRESS),
        (queue.STATUS_OF_MESSAGE, by_message),
        (queue.STATUS_OF_BOTH, by_message),
    ):
        found = await plan(database, statement, **values)
        assert by_index(found, index), found
    found = await plan(database, events.REACTIONS, recipients=list(range(1, 101)))
    assert by_index(found, "ix_event_reaction"), found


async def test_reports(database):
    await filled(database)
    days = [f"2026-02-{day:02}" for day in range(1, 29)]
    values = {"account": 1, "days": days, "of_domain": "d1.test", "of_type": "x1.test"}
    found = await plan(database, stats.REPORT, **values)
    assert by_index(found, OF_VOLUME[database.dialect]), found
    # One row for each day is looked up, by all four parts of the key.
    assert {
        "sqlite": "account_id=? AND day=? AND domain=? AND mailbox_type=?",
        "postgresql": "day = ANY",
    }[database.dialect] in found, found


async def test_reports_by_key(database):
    await filled(database)
    days = [f"2026-02-{day:02}" for day in range(1, 29)]
    values = {"account": 1, "of_kind": "task", "days": days, "of_key": "7"}
    index = {"sqlite": "sqlite_autoindex_keyed_volume_1", "postgresql": "pk_keyed_volume"}
    for statement in (stats.BY_KEY, stats.BY_KEY_OF_ONE, stats.BY_DAY_OF_ONE):
        found = await plan(database, statement, **values)
        assert by_index(found, index[database.dialect]), found
        assert {
            "sqlite": "account_id=? AND kind=? AND day=?",
            "postgresql": "day = ANY",
        }[database.dialect] in found, found


async def test_reports_by_receiving_domain(database):
    await filled(database)
    days = [f"2026-02-{day:02}" for day in range(1, 29)]
    found = await plan(database, stats.BY_MAILBOX_TYPE, account=1, days=days)
    assert by_index(found, OF_VOLUME[database.dialect]), found
    assert {
        "sqlite": "account_id=? AND day=? AND domain=?",
        "postgresql": "day = ANY",
    }[database.dialect] in found, found


async def test_complaints(database):
    await filled(database)
    values = {"account": 1, "first": NOW + DAY, "end": NOW + 20 * DAY, "skip": 0, "most": 1000}
    filters = dict.fromkeys(FILTERS, "x") | {"template_id": 1}
    for narrowed in ((), *((name,) for name in FILTERS), FILTERS):
        for statement in (stats.complaints, stats.count_complaints):
            found = await plan(database, statement(frozenset(narrowed)), **values, **filters)
            assert by_index(found, "ix_event_complaint"), (narrowed, found)


async def test_failures_of_a_task(database):
    await filled(database)
    values = {"of_id": 7, "after": 0, "after_run": 0, "most": 100}
    found = await plan(database, bulk.FAILED, **values)
    assert by_index(found, "ix_recipient_failed"), found
    skips = {"sqlite": "sqlite_autoindex_bulk_skip_1", "postgresql": "pk_bulk_skip"}
    found = await plan(database, bulk.SKIPS, **values)
    assert by_index(found, skips[database.dialect]), found


async def test_lists_that_are_looked_through(database):
    await filled(database)
    accounts = Accounts(
        store=AccountStore(database, SecretBox(bytes(32))),
        clock=SettableClock(NOW),
        ids=Ids(),
        policy=Policy(),
    )
    made = [(await accounts.create(f"account {n}")).account.id for n in range(ACCOUNTS)]
    lists = [
        {"account_id": made[n % ACCOUNTS], "address": f"a{n}@x.test", "created_at": NOW + n}
        | {"expires_at": None, "at": NOW + n, "domain": "d.test", "reason": "550", "cause": None}
        | {"message_id": None}
        for n in range(6_000)
    ]
    async with database.write() as transaction:
        await transaction.execute_many(suppress.INSERT_CUSTOM, lists)
        await transaction.execute_many(suppress.UNSUBSCRIBE, lists)
        await transaction.execute_many(
            suppress.BLOCK, [one | {"expires_at": NOW + 40 * DAY} for one in lists]
        )
        if database.dialect == "postgresql":
            await transaction.execute(Analyse())
    values = {
        "account": 1,
        "first": NOW,
        "end": NOW + 90 * DAY,
        "now": NOW,
        "ever": 2**62,
        "part": "%a1%",
        "of_domain": "%@x.test",
        "of_sender": "%",
        "of_class": "%",
        "least_end": 0,
        "largest_end": 2**62,
        "least_sender": "",
        "largest_sender": "~",
        "after_at": 2**62,
        "after_id": 2**62,
        "after_address": "",
        "after_domain": "",
        "most": 51,
        "looked": 500,
        "last": 499,
        **{f"least_{name}": 0 for name in ("status", "kind", "list")},
        **{f"largest_{name}": 2**31 - 1 for name in ("status", "kind", "list")},
    }
    for found, index in (
        (listed_store.STATEMENTS["shared"], "ix_shared_blacklist_account_id_at"),
        (listed_store.STATEMENTS["custom"], "ix_custom_blacklist_account_id_id"),
        (listed_store.STATEMENTS["gone"], "ix_unsubscription_account_id_at"),
        (response_store.BOUNCES, "ix_event_bounce"),
        (response_store.COMPLAINTS, "ix_event_complaint"),
    ):
        for statement in (found.page, found.edge):
            told = await plan(database, statement, **values)
            lines = [line for line in told.splitlines() if "is_hit" not in line]
            # What was looked through is a table of its own, and no longer than the window.
            lines = [line for line in lines if line not in {"SCAN anon_1", "SCAN anon_2"}]
            assert by_index("\n".join(lines), index), told


async def test_lists_of_receivers_and_who_would_be_passed_over(database):
    await filled(database)
    made = await account(database)
    one = {"name": "", "valid": True, "reason": "", "data": "", "created_at": NOW}
    rows = [one | {"list_id": n % 9, "address": f"a{n}@x.test"} for n in range(9_000)]
    gone = [
        {"address": f"a{n}@x.test", "domain": "d.test", "account_id": 1, "at": NOW}
        for n in range(3_000)
    ]
    async with database.write() as transaction:
        await transaction.execute_many(lists.INSERT_RECEIVER, rows)
        await transaction.execute_many(suppress.UNSUBSCRIBE, gone)
        await transaction.execute_many(
            suppress.BLOCK,
            [each | {"expires_at": NOW + DAY, "reason": "", "message_id": None} for each in gone],
        )
        await transaction.execute_many(
            suppress.INSERT_CUSTOM,
            [
                {
                    "account_id": made,
                    "address": each["address"],
                    "created_at": NOW,
                    "expires_at": None,
                }
                for each in gone
            ],
        )
        if database.dialect == "postgresql":
            await transaction.execute(Analyse())
    values = {
        "of_list": 3,
        "pattern": "%a1%",
        "kinds": [True],
        "after_id": 0,
        "most": 51,
        "looked": 200,
        "last": 199,
        "account": made,
        "part": "%",
        "addresses": ["a3@x.test"],
        "of_domain": "d.test",
        "now": NOW,
        "of_receiver": 3,
        "of_id": 3,
        "after": 0,
    }
    for statement in (
        lists.LOOK.page,
        lists.LOOK.edge,
        lists.AT_ADDRESS,
        list_files.KNOWN,
        list_files.LAST_RECEIVER,
        outlook_store.OUTLOOK,
    ):
        told = await plan(database, statement, **values)
        assert "SCAN receiver" not in told, told
        assert "Seq Scan on receiver" not in told, told
        assert "ix_receiver_list_id" in told, told
    for table in ("unsubscription", "custom_blacklist", "shared_blacklist"):
        assert f"Seq Scan on {table}" not in told, told
        assert f"SCAN {table}" not in told, told


async def account(database):
    accounts = Accounts(
        store=AccountStore(database, SecretBox(bytes(32))),
        clock=SettableClock(NOW),
        ids=Ids(),
        policy=Policy(),
    )
    return (await accounts.create("lists")).account.id


async def test_counting(database):
    await filled(database)
    for statement, values, index in (
        (stats.FACTS, {"after": 5_000, "until": 90_000, "most": 1_000}, ""),
        (stats.TAKEN, {"messages": list(range(1, 500))}, "ix_recipient_message_id"),
        (stats.FIRSTS, {"recipients": list(range(1, 50))}, "ix_event_reaction"),
        (stats.DELIVERED, {"messages": list(range(1, 50))}, "ix_event_message_id_id"),
    ):
        found = await plan(database, statement, **values)
        assert by_index(found, index), found
