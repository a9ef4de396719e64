"""`tayori task` on the database that a server has open as well."""

import asyncio

import pytest

from tayori.bulk.model import Order, Reason, Skip, TaskKind
from tayori.bulk.store import TaskStore

NOW = 1_790_000_000_000


@pytest.fixture
async def task_id(database, tayori):
    made = await asyncio.to_thread(tayori.json, "account", "create", "shop")
    order = Order(
        kind=TaskKind.IMMEDIATE,
        list_id=7,
        sender="News <news@mail.example.test>",
        subject="For {{name}}",
        template_id=1,
    )
    return await TaskStore(database).add(made["account_id"], order, ("friends", 12), NOW)


async def test_tasks_are_listed_paused_resumed_and_cancelled(tayori, task_id):
    (row,) = await asyncio.to_thread(tayori.json, "task", "list", "--account", "shop")
    assert (row["task_id"], row["status"], row["requested"]) == (task_id, "waiting", 12)
    assert (row["kind"], row["list"]) == ("immediate", "friends")
    (row,) = await asyncio.to_thread(tayori.json, "task", "pause", str(task_id))
    assert (row["status"], row["error"]) == ("paused", "The task was paused.")
    assert (row["cause"], row["cached"], row["next"]) == ("operator", 12, "")
    assert await asyncio.to_thread(tayori.json, "task", "list", "--status", "sending") == []
    (row,) = await asyncio.to_thread(tayori.json, "task", "resume", str(task_id))
    assert (row["status"], row["error"], row["cached"]) == ("waiting", "", 0)
    cancel = ("task", "cancel", str(task_id), "--reason", "Wrong list.")
    (row,) = await asyncio.to_thread(tayori.json, *cancel)
    assert (row["status"], row["cause"], row["error"]) == ("failed", "cancelled", "Wrong list.")
    assert row["dropped"] == 0


async def test_failures_are_listed_and_written_as_csv(database, tayori, task_id):
    store = TaskStore(database)
    skip = Skip(receiver_id=4, address="=a@x.test", reason=Reason.BLACKLISTED, detail="said, no")
    async with database.write() as transaction:
        await store.skip(transaction, await store.get(task_id), [skip], NOW)
    (row,) = await asyncio.to_thread(tayori.json, "task", "failures", str(task_id))
    assert (row["address"], row["kind"], row["reason"]) == ("=a@x.test", "blacklisted", "said, no")
    done = await asyncio.to_thread(tayori.run, "task", "failures", str(task_id), "--csv")
    # What a spreadsheet would take for a formula is made harmless.
    assert [line.split(",")[0] for line in done.stdout.splitlines()] == ["address", "'=a@x.test"]
    assert '"said, no"' in done.stdout
    said = await asyncio.to_thread(tayori.complaint, "task", "resend", str(task_id))
    assert said == f"Task {task_id} has not ended yet."
    assert "999" in await asyncio.to_thread(tayori.complaint, "task", "failures", "999")


async def test_what_cannot_be_done_is_said(tayori, task_id):
    said = await asyncio.to_thread(tayori.complaint, "task", "resume", str(task_id))
    assert said == f"Task {task_id} is waiting: there is nothing to resume."
    said = await asyncio.to_thread(tayori.complaint, "task", "pause", "999")
    assert said == "There is no task 999."
    said = await asyncio.to_thread(tayori.complaint, "task", "list", "--account", "nobody")
    assert "nobody" in said
