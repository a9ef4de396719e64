"""Every action with another account's ids: nothing of it is seen, and nothing of it changes."""

import json
from typing import Any

import pytest
from tests.support.api_world import World
from tests.support.contract import bodies, raw, rows_of

from tayori.edge.api.actions.registry import ROWS, Row
from tayori.edge.api.call import Kind

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRETS = ("mail.example.test", "Corner Shop", "friends", "Friends of the shop", "Cid", "ann@")
"""What the first account keeps and the second must never read."""


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
async def test_another_account_sees_and_changes_nothing(world: World, row: Row) -> None:
    mine = world.one.account.id
    before = await _of_account(world, mine)
    client = raw(world, world.two)
    body = json.dumps(bodies(world)[row.name])
    if row.name.startswith("Create"):
        # What it makes for itself must not look like what the first account has.
        body = body.replace("riends", "oes").replace("Corner", "Other").replace("Cid", "Dan")
    answer = await client.call(row.name, body.encode())
    client.close()
    if row.kind is Kind.READ:
        # Error messages may repeat what the caller gave; what is found may hold nothing.
        found = {key: value for key, value in answer.items() if key != "Error"}
        assert not [secret for secret in SECRETS if secret in json.dumps(found)]
    after = await _of_account(world, mine)
    assert [table for table, rows in before.items() if not _kept(table, rows, after)] == []


async def _of_account(world: World, account_id: int) -> dict[str, list[dict[str, Any]]]:
    """Return the account's rows, and all rows of tables that do not name an account."""
    found = await rows_of(world.database, without=("sequence", "quota", "api_access"))
    return {
        table: [row for row in rows if row.get("account_id", account_id) == account_id]
        for table, rows in found.items()
    }


def _kept(table: str, rows: list[dict[str, Any]], after: dict[str, list[dict[str, Any]]]) -> bool:
    """Tell whether rows are as they were; the other account may add where none is named."""
    if rows and "account_id" in rows[0]:
        return rows == after[table]
    return all(row in after[table] for row in rows)
