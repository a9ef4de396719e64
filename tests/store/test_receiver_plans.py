"""A step of a task reads its own receivers and no more of a list, however long that is."""

import json

from tests.store.test_stats_plans import Analyse, by_index, plan

from tayori.catalog import receiver_statements as receivers

LISTS = 3
RECEIVERS = 8_000


async def filled(database):
    rows = [
        {
            "list_id": 1 + number % LISTS,
            "address": f"u{number}@x{number % 9}.test",
            "data": json.dumps({"name": f"U{number}"}),
            "valid": True,
            "reason": "",
            "created_at": 0,
        }
        for number in range(RECEIVERS)
    ]
    async with database.write() as transaction:
        await transaction.execute_many(receivers.INSERT_RECEIVER, rows)
    if database.dialect == "postgresql":
        async with database.write() as transaction:
            await transaction.execute(Analyse())


async def test_a_step_finds_its_receivers(database):
    await filled(database)
    values = {"of_list": 2, "cursor": 600, "last": RECEIVERS, "most": 200}
    found = await plan(database, receivers.AFTER, **values)
    assert by_index(found), found
    if database.dialect == "sqlite":
        assert "ix_receiver_list_id_id (list_id=? AND id>?" in found, found


async def test_a_step_finds_those_who_came_before(database):
    await filled(database)
    addresses = [f"u{number}@x{number % 9}.test" for number in range(1, 600, LISTS)]
    found = await plan(database, receivers.BY_ADDRESS, of_list=2, addresses=addresses)
    assert by_index(found, "ix_receiver_list_id_address"), found
    # By list alone it would be the whole list, for each step of a task.
    condition = {"sqlite": "list_id=? AND address=?", "postgresql": "(address = ANY"}
    assert condition[database.dialect] in found, found
