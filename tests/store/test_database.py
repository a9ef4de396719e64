import asyncio

import pytest
from sqlalchemy import bindparam, create_engine, func, insert, select, update

from tayori.db import migrate
from tayori.db.database import IntegrityError
from tayori.db.group import GroupCommit
from tayori.db.open import open_database
from tayori.db.sequence import Sequence
from tayori.db.statement import Statement, among
from tayori.db.tables.reputation import quota

PUT = Statement(
    insert(quota).values(scope="s", key=bindparam("k"), window_ends_at=bindparam("w"), used=0)
)
COUNT = Statement(select(func.count().label("n")).select_from(quota))
FIND = Statement(select(quota.c.key).where(among(quota.c.key, "keys")).order_by(quota.c.key))
AMONG_NUMBERS = Statement(select(quota.c.key).where(among(quota.c.window_ends_at, "ends")))
ADD = Statement(
    update(quota).where(quota.c.key == bindparam("k")).values(used=quota.c.used + bindparam("n"))
)
USED = Statement(select(quota.c.used))


async def count(database):
    async with database.read() as transaction:
        row = await transaction.fetch_one(COUNT)
        return row["n"]


async def test_a_block_that_ends_commits_and_one_that_raises_leaves_nothing(database):
    async with database.write() as transaction:
        await transaction.execute_many(PUT, [{"k": str(n), "w": n} for n in range(300)])
    with pytest.raises(RuntimeError):
        async with database.write() as transaction:
            await transaction.execute(PUT, {"k": "lost", "w": 1})
            raise RuntimeError
    assert await count(database) == 300


async def test_lists_of_any_length_are_parameters(database):
    async with database.write() as transaction:
        await transaction.execute_many(PUT, [{"k": str(n), "w": n} for n in range(5)])
    async with database.read() as transaction:
        assert [r["key"] for r in await transaction.fetch(FIND, {"keys": ["1", "3", "9"]})] == [
            "1",
            "3",
        ]
        assert await transaction.fetch(FIND, {"keys": []}) == []
        assert len(await transaction.fetch(AMONG_NUMBERS, {"ends": list(range(2, 5000))})) == 3


async def test_a_double_key_is_an_integrity_error_and_the_connection_lives_on(database):
    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "a", "w": 1})
    with pytest.raises(IntegrityError):
        async with database.write() as transaction:
            await transaction.execute(PUT, {"k": "b", "w": 1})
            await transaction.execute(PUT, {"k": "a", "w": 1})
    assert await count(database) == 1


@pytest.mark.parametrize("asks", [True, False])
async def test_a_double_key_among_many_rows_undoes_the_whole_block(database, asks):
    rows = [{"k": key, "w": 1} for key in ("a", "b", "a")]
    with pytest.raises(IntegrityError):
        async with database.write() as transaction:
            await transaction.execute(PUT, {"k": "before", "w": 1})
            await transaction.execute_many(PUT, rows)
            if asks:
                await transaction.fetch(COUNT)
    assert await count(database) == 0
    async with database.write() as transaction:
        await transaction.execute_many(PUT, rows[:2])
        assert (await transaction.fetch_one(COUNT))["n"] == 2
    assert await count(database) == 2


async def test_a_block_in_which_nothing_is_asked_keeps_nobody_out(installed_url, database):
    other = open_database(installed_url, 2)
    async with database.write(), other.write() as transaction:
        await transaction.execute(PUT, {"k": "a", "w": 1})
    await other.close()
    assert await count(database) == 1


async def test_changes_tell_how_many_rows_they_touched(database):
    async with database.write() as transaction:
        await transaction.execute_many(PUT, [{"k": "a", "w": 1}, {"k": "b", "w": 1}])
        assert await transaction.execute(ADD, {"k": "a", "n": 4}) == 1
        assert await transaction.execute(ADD, {"k": "z", "n": 4}) == 0


async def test_writers_of_two_openings_never_lose_an_update(installed_url, database):
    other = open_database(installed_url, 4)
    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "a", "w": 1})

    async def add(where):
        for _ in range(20):
            async with where.write() as transaction:
                await transaction.execute(ADD, {"k": "a", "n": 1})

    await asyncio.gather(add(database), add(other), add(database), add(other))
    async with other.read() as transaction:
        assert [row["used"] for row in await transaction.fetch(USED)] == [80]
    await other.close()


async def test_a_cancelled_writer_leaves_no_open_transaction(database):
    entered = asyncio.Event()

    async def write():
        async with database.write() as transaction:
            await transaction.execute(PUT, {"k": "a", "w": 1})
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(write())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "b", "w": 1})
    assert await count(database) == 1


async def test_sequences_of_two_openings_never_give_a_number_twice(installed_url, database):
    other = open_database(installed_url, 2)
    numbers = []
    for size in (1, 999, 5, 2500, 3):
        for opened in (Sequence(database, "recipient"), Sequence(other, "recipient")):
            numbers += await opened.take(size)
    assert len(set(numbers)) == len(numbers)
    await other.close()


async def test_callers_share_a_commit_and_one_bad_row_harms_nobody_else(database):
    sizes = []

    async def apply(batch):
        sizes.append(len(batch))
        async with database.write() as transaction:
            await transaction.execute_many(PUT, [{"k": key, "w": 1} for key in batch])
        return [key.upper() for key in batch]

    group = GroupCommit(apply, largest=50)
    keys = [f"k{n}" for n in range(40)] + ["k7"]
    results = await asyncio.gather(*(group.put(key) for key in keys), return_exceptions=True)
    failed = [r for r in results if isinstance(r, Exception)]
    assert len(failed) == 1
    assert isinstance(failed[0], IntegrityError)
    assert max(sizes) > 20
    assert await count(database) == 40
    assert await group.put("later") == "LATER"
    await group.drain()


async def test_the_schema_is_made_once_and_its_state_is_known(empty_url):
    assert (await migrate.status(empty_url)).current == ""
    await asyncio.gather(migrate.prepare(empty_url), migrate.prepare(empty_url))
    found = await migrate.status(empty_url)
    assert found.up_to_date
    assert (await migrate.upgrade(empty_url)) == found


async def test_the_migrations_lead_to_exactly_the_tables(tmp_path):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from tayori.db.open import database_url
    from tayori.db.tables import metadata

    url = database_url("", tmp_path)
    await migrate.prepare(url)
    engine = create_engine(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_applied_work_answers_after_its_commit_and_leaves_nothing_when_it_raises(database):
    async def put(transaction):
        await transaction.execute_many(PUT, [{"k": str(n), "w": n} for n in range(3)])
        answers = await transaction.fetch_each([(COUNT, {}), (FIND, {"keys": ["1", "9"]})])
        return [dict(rows[0]) for rows in answers], await transaction.execute(
            ADD, {"k": "2", "n": 7}
        )

    async def fail(transaction):
        await transaction.execute(PUT, {"k": "lost", "w": 1})
        raise LookupError("lost")

    assert await database.apply(put) == ([{"n": 3}, {"key": "1"}], 1)
    with pytest.raises(LookupError, match="lost"):
        await database.apply(fail)
    with pytest.raises(IntegrityError):
        await database.apply(put)
    assert await count(database) == 3


async def test_a_look_sees_one_committed_state_and_changes_nothing(installed_url, database):
    other = open_database(installed_url, 4)
    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "a", "w": 1})

    async def ask(transaction):
        (first,), (found,) = await transaction.fetch_each([(COUNT, {}), (FIND, {"keys": ["a"]})])
        return first["n"], found["key"], (await transaction.fetch_one(COUNT))["n"]

    async def fail(transaction):
        await transaction.fetch(COUNT)
        raise LookupError("lost")

    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "b", "w": 1})
        # More than there are connections: each waits for its turn, none for the writer.
        assert set(await asyncio.gather(*(other.look(ask) for _ in range(20)))) == {(1, "a", 1)}
    with pytest.raises(LookupError, match="lost"):
        await other.look(fail)
    assert await other.look(ask) == (2, "a", 2)
    await other.close()


async def test_applied_work_of_two_openings_never_loses_an_update(installed_url, database):
    other = open_database(installed_url, 4)

    async def add(transaction):
        used = (await transaction.fetch_one(USED))["used"]
        return used, await transaction.execute(ADD, {"k": "a", "n": 1})

    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "a", "w": 1})
    answers = await asyncio.gather(*(w.apply(add) for w in (database, other) for _ in range(20)))
    async with other.read() as transaction:
        assert [row["used"] for row in await transaction.fetch(USED)] == [40]
    assert [touched for _, touched in answers] == [1] * 40
    await other.close()


async def test_applied_work_in_which_nothing_is_asked_keeps_nobody_out(installed_url, database):
    other = open_database(installed_url, 2)

    async def nothing(transaction):
        await transaction.execute_many(PUT, [])

    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "a", "w": 1})
        await other.apply(nothing)
    await other.close()
    assert await count(database) == 1


async def test_a_cancelled_caller_of_applied_work_leaves_no_open_transaction(database):
    async def put(transaction):
        await transaction.execute_many(PUT, [{"k": str(n), "w": n} for n in range(500)])

    task = asyncio.create_task(database.apply(put))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write() as transaction:
        await transaction.execute(PUT, {"k": "after", "w": 1})
    assert await count(database) in {1, 501}


async def test_work_on_the_embedded_database_that_waits_for_something_else_is_undone(database):
    if database.dialect != "sqlite":
        # There work runs on the event loop and may wait; nothing is to be refused.
        return

    async def wait(transaction):
        await transaction.execute(PUT, {"k": "a", "w": 1})
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="waited for something else"):
        await database.apply(wait)
    assert await count(database) == 0
