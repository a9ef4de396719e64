"""Operators see, cancel and add reactions beside a running server."""

import asyncio

from tests.store.test_tenants_accounts import room

from tayori.bulk.model import Order, TaskKind, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.delivery.reactions.model import Effect, Scope
from tayori.delivery.reactions.store import ReactionStore
from tayori.runtime.clock import HOUR, process_clock


async def test_reactions_are_added_listed_and_cancelled(tayori, database):
    await room(database, process_clock()).create("shop")
    wish = ("--account", "shop", "--provider", "qq", "--reason", "[b]ticket 7[/b]", "--for", "2 h")
    (added,) = await asyncio.to_thread(tayori.json, "reaction", "add", *wish)
    assert (added["account_id"], added["provider"]) == (1, "qq")
    assert (added["effect"], added["step"]) == ("paused", "full")
    await ReactionStore(database).add(
        Scope(source="", destination="gmail"),
        Effect(mails_per_minute=10),
        reason="421 4.7.28",
        by="rule gmail-unusual-rate",
        duration_ms=HOUR,
        now=process_clock().now(),
    )
    rows = await asyncio.to_thread(tayori.json, "reaction", "list")
    assert [row["effect"] for row in rows] == ["paused", "10 mails a minute"]
    assert rows[0]["by"].startswith("operator ")
    table = await asyncio.to_thread(tayori.table, "reaction", "list")
    assert "[b]ticket 7[/b]" in "\n".join(table)
    (gone,) = await asyncio.to_thread(tayori.json, "reaction", "cancel", str(added["id"]))
    assert (gone["id"], gone["woken"]) == (added["id"], 0)
    assert len(await asyncio.to_thread(tayori.json, "reaction", "list")) == 1
    both = await asyncio.to_thread(tayori.json, "reaction", "list", "--all")
    assert both[1]["ended"].startswith("cancelled by operator")
    assert both[1]["step"] == "over"


async def test_a_task_is_stopped_by_hand(tayori, database):
    owner = await room(database, process_clock()).create("shop")
    order = Order(kind=TaskKind.IMMEDIATE, list_id=1, sender="a@b", subject="s", template_id=1)
    now = process_clock().now()
    number = await TaskStore(database).add(owner.account.id, order, ("l", 1), now)
    wish = ("--task", str(number), "--stop-task", "--reason", "wrong link")
    (added,) = await asyncio.to_thread(tayori.json, "reaction", "add", *wish)
    assert (added["task_id"], added["effect"]) == (number, "task stopped")
    task = await TaskStore(database).get(number)
    assert task.status is TaskStatus.FAILED
    assert "wrong link" in task.error.english


async def test_what_makes_no_sense_is_said(tayori, database):
    await room(database, process_clock()).create("shop")
    wrong = {
        ("cancel", "7"): "no reaction 7",
        ("add", "--reason", "r"): "Say which",
        ("add", "--reason", "r", "--task", "9"): "no task 9",
        ("add", "--reason", "r", "--provider", "qq", "--for", "soon"): "soon",
        ("add", "--reason", "r", "--account", "shop", "--connections", "1"): "paused only",
        ("add", "--reason", "r", "--provider", "qq", "--connections", "0"): "at least 1",
        ("add", "--reason", "r", "--provider", "qq", "--stop-task"): "needs --task",
    }
    for words, sentence in wrong.items():
        assert sentence in await asyncio.to_thread(tayori.complaint, "reaction", *words)
    assert await asyncio.to_thread(tayori.table, "reaction", "list") == ["Nothing."]


async def test_the_rules_in_force_are_shown_and_a_mistake_is_said(tayori, tmp_path):
    rows = await asyncio.to_thread(tayori.json, "reaction", "rules")
    found = {row["name"]: row for row in rows}
    assert found["yahoo-ts02"]["effect"] == "1 mails a minute"
    assert found["yahoo-ts02"]["threshold"] == "3 in 1 h"
    own = tmp_path / "rules" / "reactions.toml"
    own.parent.mkdir()
    own.write_text("[yahoo-ts02]\nthreshold = 'often'\n")
    complaint = await asyncio.to_thread(tayori.complaint, "reaction", "rules")
    assert "yahoo-ts02" in complaint
    assert "often" in complaint
