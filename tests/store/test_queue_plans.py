"""Leasing and settling cost the same however much waits: the plans of both databases."""

import time

import pytest
from tests.bench.backlog_filling import TASKS, pile_up
from tests.store.test_queue import message, take
from tests.store.test_stats_plans import by_index, plan

from tayori.queue import leasing_store as leasing
from tayori.queue import statements as queue
from tayori.queue.model import Priority
from tayori.queue.states import State
from tayori.runtime.clock import MINUTE

ROWS = 30_000
SOME = list(range(100, 350))
BY_KEY = {
    "message_content": {
        "sqlite": "message_content USING INTEGER PRIMARY KEY",
        "postgresql": "pk_message_content",
    },
    "recipient": {
        "sqlite": "recipient USING INTEGER PRIMARY KEY",
        "postgresql": "pk_recipient",
    },
}
NEXT_FLOW = {
    "sqlite": ("(rank=? AND account_id=? AND flow>?)", "(rank=? AND account_id>?)"),
    "postgresql": (
        "(account_id = found_1.account_id) AND (flow > found_1.flow)",
        "(account_id > found_1.account_id)",
    ),
}
"""What the index is asked for; less of it would read all mails of an account."""


@pytest.fixture
async def backlog(database):
    """A database in which many recipients of many tasks wait, most of them due."""
    await take(database, message("m1", "u1@x1.test"))
    await pile_up(database, ROWS, receivers=9)
    return database


def now():
    return int(time.time() * 1_000)


async def test_what_is_due_is_found_by_its_rank_and_time(backlog):
    values = {"of_rank": int(Priority.BULK), "now": now(), "most": 250}
    for statement in (queue.SELECT_DUE, queue.COUNT_DUE, queue.NEXT_DUE):
        found = await plan(backlog, statement, **values)
        assert found.count("ix_recipient_rank") == (6 if statement is queue.COUNT_DUE else 1), found
        assert "SCAN recipient" not in found, found
        assert "Seq Scan" not in found, found
        # An order of its own would read all that is due for the first few.
        assert "TEMP B-TREE" not in found, found
        assert "Sort" not in found, found


async def test_flows_and_their_parts_are_found_by_the_index_of_flows(backlog):
    after = {"after_account": -1, "after_flow": -1}
    found = await plan(
        backlog, leasing.FLOWS, **after, of_rank=int(Priority.BULK), most=leasing.MOST_FLOWS
    )
    assert found.count("ix_recipient_flow") == 2, found
    for parts in NEXT_FLOW[backlog.dialect]:
        assert parts in found, found
    assert "TEMP B-TREE" not in found, found
    wanted = {
        "flows": [(1, flow) for flow in range(1, TASKS)],
        "accounts": [1] * (TASKS - 1),
        "tasks": list(range(1, TASKS)),
    }
    found = await plan(
        backlog, leasing.DUE_OF_FLOWS, **wanted, of_rank=int(Priority.BULK), now=now(), share=12
    )
    assert "ix_recipient_flow" in found, found
    assert "Seq Scan" not in found, found
    assert "SCAN r" not in found, found


@pytest.mark.parametrize("name", ["LEASE", "EXTEND", "LOCK_OPEN", "SETTLE"])
async def test_recipients_of_a_batch_are_found_by_their_numbers(backlog, name):
    settled = dict.fromkeys(
        (
            "attempts",
            "ended_at",
            "source",
            "avoids",
            "rank",
            "wait_cause",
            "wait_since",
            "delay_told",
        ),
        None,
    )
    values = {
        "ids": SOME,
        "of_id": 100,
        "sending": int(State.SENDING),
        "owner": "one",
        "until": now(),
        "to_state": int(State.DELIVERED),
        "to_due_at": None,
        "to_send_status": 0,
        "to_reply": "",
    } | {f"to_{key}": value for key, value in settled.items()}
    found = await plan(backlog, getattr(queue, name), **values)
    assert by_index(found, BY_KEY["recipient"][backlog.dialect]), found


async def test_content_is_found_and_erased_by_its_numbers(backlog):
    for statement in (queue.SELECT_SMALL_RECIPES, queue.LOCK_CONTENT, queue.ERASE_CONTENT):
        found = await plan(backlog, statement, messages=SOME, largest=65_536)
        assert by_index(found, BY_KEY["message_content"][backlog.dialect]), found
    found = await plan(backlog, queue.ERASE_CONTENT, messages=SOME)
    assert "ix_recipient_message_id" in found, found


async def test_leases_that_were_lost_are_found_among_those_that_end_soon(backlog):
    found = await plan(
        backlog,
        queue.EXPIRE_UNHELD,
        owner="one",
        held=SOME,
        now=now(),
        latest=now() + 2 * MINUTE,
    )
    assert by_index(found, "ix_recipient_rank"), found
