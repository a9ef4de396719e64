"""Fills a queue with millions of recipients, as fast as the database can copy one mail."""

import time

from sqlalchemy import text

from tayori.db.database import Database
from tayori.db.sequence import Sequence
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.queue import message, recipient
from tayori.runtime.clock import DAY

AT_ONCE = 250_000
TASKS = 20
DEFERRED = 10
"""One recipient in so many was tried before and waits for tomorrow."""

_NUMBERS = """
WITH RECURSIVE numbers(n) AS (
    SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count )
"""


def _both(sql: str) -> Statement:
    """Return the statement for both databases; PostgreSQL has to be told the parameters' type."""
    typed = sql
    for name in ("count", "first", "first_message", "now", "tomorrow", "receivers"):
        typed = typed.replace(f":{name} ", f"CAST(:{name} AS BIGINT) ")
    return Statement(by_dialect(sqlite=text(sql), postgresql=text(typed)))


def _copied(table: str, columns: list[str], changed: dict[str, str], source: str) -> str:
    chosen = ", ".join(changed.get(name, f"{source}.{name}") for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    return (
        f"INSERT INTO {table} ({names}) {_NUMBERS} "  # noqa: S608 - names of our own tables
        f"SELECT {chosen} FROM numbers JOIN {table} AS {source} ON {source}.id = 1"
    )


_LATER = f"n % {DEFERRED} = 0"
_MESSAGES = _both(
    _copied(
        "message",
        [column.name for column in message.c],
        {
            "id": ":first + n",
            "public_id": "'backlog-' || (:first + n)",
            "trigger": 'one."trigger"',
        },
        "one",
    )
)
_CONTENTS = _both(
    f"INSERT INTO message_content (message_id, recipe) {_NUMBERS} "  # noqa: S608 - our own tables
    "SELECT :first + n, one.recipe FROM numbers JOIN message_content AS one ON one.message_id = 1"
)
_RECIPIENTS = _both(
    _copied(
        "recipient",
        [column.name for column in recipient.c],
        {
            "id": ":first + n",
            "message_id": ":first_message + n",
            "address": "'u' || n || '@r' || (n % :receivers ) || '.receiver.test'",
            "domain": "'r' || (n % :receivers ) || '.receiver.test'",
            "state": "0",
            "priority": "2",
            "rank": f"CASE WHEN {_LATER} THEN 5 ELSE 2 END",
            "flow": f"1 + n % {TASKS}",
            "due_at": f"CASE WHEN {_LATER} THEN :tomorrow + n ELSE :now - n END",
            "attempts": f"CASE WHEN {_LATER} THEN 1 ELSE 0 END",
            "lease_owner": "NULL",
            "accepted_at": ":now - n",
            "expires_at": ":tomorrow + n",
            "ended_at": "NULL",
        },
        "one",
    )
)


_ANALYZE = Statement(text("ANALYZE"))
"""What PostgreSQL does by itself after many changes."""


async def pile_up(database: Database, count: int, receivers: int) -> None:
    """Copy the mail with number 1 so often, to mailboxes of `receivers` domains."""
    messages, recipients = Sequence(database, "message"), Sequence(database, "recipient")
    now = int(time.time() * 1_000)
    for first in range(0, count, AT_ONCE):
        some = min(AT_ONCE, count - first)
        values = {
            "count": some,
            "first_message": (await messages.take(some)).start,
            "first": (await recipients.take(some)).start,
            "now": now - first,
            "tomorrow": now + DAY + first,
            "receivers": receivers,
        }
        async with database.write() as transaction:
            await transaction.execute(_MESSAGES, values | {"first": values["first_message"]})
            await transaction.execute(_CONTENTS, values | {"first": values["first_message"]})
            await transaction.execute(_RECIPIENTS, values)
    if database.dialect == "postgresql":
        async with database.write() as transaction:
            await transaction.execute(_ANALYZE)
