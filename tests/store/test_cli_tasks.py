"""`tayori task` on the database that a server has open as well."""

import asyncio

import pytest

from tayori.bulk.model import Order, TaskKind
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


async def test_tasks_are_listed_stopped_and_resumed(tayori, task_id):
    (row,) = await asyncio.to_thread(tayori.json, "task", "list", "--account", "shop")
    assert (row["task_id"], row["status"], row["requested"]) == (task_id, "waiting", 12)
    assert (row["kind"], row["list"]) == ("immediate", "friends")
    (row,) = await asyncio.to_thread(tayori.json, "task", "stop", str(task_id))
    assert (row["status"], row["error"]) == ("failed", "The task was stopped.")
    assert await asyncio.to_thread(tayori.json, "task", "list", "--status", "sending") == []
    (row,) = await asyncio.to_thread(tayori.json, "task", "resume", str(task_id))
    assert (row["status"], row["error"]) == ("sending", "")


async def test_what_cannot_be_done_is_said(tayori, task_id):
    said = await asyncio.to_thread(tayori.complaint, "task", "resume", str(task_id))
    assert said == f"Task {task_id} is waiting: there is nothing to resume."
    said = await asyncio.to_thread(tayori.complaint, "task", "stop", "999")
    assert said == "There is no task 999."
    said = await asyncio.to_thread(tayori.complaint, "task", "list", "--account", "nobody")
    assert "nobody" in said
