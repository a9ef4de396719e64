"""The commands look at and change the queue of a database that a server has open as well."""

import asyncio
from dataclasses import replace

import pytest
from tests.store.test_queue import NOW, message, settled, take

from tayori.cli.queue_choice import StateName
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.runtime.clock import DAY, MINUTE, process_clock

GREYLISTED = Outcome(
    kind=Kind.TEMPORARY,
    scope=Scope.RECIPIENT,
    stage=Stage.RCPT,
    reply=Reply(451, "4.7.1", ("Greylisted, [b]come back[/b]",)),
    peer_host="mx.x.test",
    peer_address="192.0.2.25",
    tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
    started_at=NOW - 1_500,
    ended_at=NOW,
    conversation=((NOW - 20, b"RCPT TO:<a@x.test>\r\n"), (NOW, Reply(451, "4.7.1", ("Wait",)))),
)


@pytest.fixture
async def deferred(database):
    """A message to two; the one at x.test was deferred until tomorrow."""
    await take(database, message("m", "a@x.test", "b@y.test"))
    queue = QueueStore(database)
    leased = {item.address: item for item in await queue.lease("one", NOW, NOW + MINUTE, 10)}
    tomorrow = process_clock().now() + DAY
    await queue.settle(
        "one",
        [
            settled(leased["a@x.test"], State.DEFERRED, tomorrow, GREYLISTED),
            settled(leased["b@y.test"], State.DELIVERED),
        ],
    )


async def test_the_queue_is_listed_held_released_retried_and_dropped(tayori, deferred):
    (row,) = await asyncio.to_thread(tayori.json, "queue", "list")
    assert (row["message_id"], row["address"], row["state"]) == ("m", "a@x.test", "deferred")
    number = str(row["recipient_id"])
    (held,) = await asyncio.to_thread(tayori.json, "queue", "hold", number)
    assert (held["changed"], held["state"]) == (True, "held")
    complaint = await asyncio.to_thread(tayori.complaint, "queue", "retry", number)
    assert "a@x.test was left as it is. It is held" in complaint
    (released,) = await asyncio.to_thread(tayori.json, "queue", "release")
    assert released["state"] == "deferred"
    retried = await asyncio.to_thread(tayori.json, "queue", "retry", "m")
    assert {r["address"]: r["changed"] for r in retried} == {"a@x.test": True, "b@y.test": False}
    wanted = ("--domain", "X.test", "--state", "deferred", "--reason", "too late")
    (dropped,) = await asyncio.to_thread(tayori.json, "queue", "drop", *wanted)
    assert dropped["state"] == "dropped"
    assert await asyncio.to_thread(tayori.table, "queue", "list") == ["Nothing."]
    gone = await asyncio.to_thread(tayori.json, "queue", "list", "--state", "dropped")
    assert gone[0]["reply"] == "too late"


async def test_a_life_is_told_in_sentences(tayori, deferred):
    await asyncio.to_thread(tayori.json, "queue", "hold", "m")
    rows = await asyncio.to_thread(tayori.json, "explain", "m", "A@x.test")
    assert [row["event"] for row in rows] == ["accepted", "attempt", "deferred", "held", "held"]
    assert {row["address"] for row in rows[1:]} == {"a@x.test"}
    attempt, deferral = rows[1:3]
    assert attempt["reply"] == "451 4.7.1 Greylisted, [b]come back[/b]"
    assert attempt["tls"].startswith("TLSv1.3")
    assert "Attempt 1 at mx.x.test [192.0.2.25], encrypted" in attempt["detail"]
    assert "failed for now at RCPT TO" in attempt["detail"]
    assert deferral["next_at"][:10] in deferral["detail"]
    said = [(line["by"], line["said"]) for line in attempt["conversation"]]
    assert said == [(">", "RCPT TO:<a@x.test>"), ("<", "451 4.7.1 Wait")]
    assert "until it is released or dropped" in rows[-1]["detail"]
    both = await asyncio.to_thread(tayori.table, "explain", "m")
    assert any("b@y.test" in line and "Delivered" in line for line in both)
    assert any("[b]come back[/b]" in line for line in both)
    assert any("> RCPT TO:<a@x.test>" in line for line in both)


async def test_a_wait_is_told_with_its_cause(tayori, database):
    await take(database, message("w", "a@x.test"))
    queue = QueueStore(database)
    (leased,) = await queue.lease("one", NOW, NOW + MINUTE, 10)
    waits = settled(leased, State.QUEUED, NOW + MINUTE, None)
    await queue.settle("one", [replace(waits, cause="The receiver is slow.")])
    rows = await asyncio.to_thread(tayori.json, "explain", "w")
    assert [row["event"] for row in rows] == ["accepted", "wait", "queued"]
    assert rows[1]["detail"] == "It waited unattempted: The receiver is slow."


async def test_the_queue_is_chosen_by_what_the_last_attempt_met(tayori, deferred):
    words = ("--older-than", "1 min", "--class", "greylisted", "--provider", "gmail")
    assert not await asyncio.to_thread(tayori.json, "queue", "list", *words)
    assert len(await asyncio.to_thread(tayori.json, "queue", "list", *words[:2])) == 1
    complaint = await asyncio.to_thread(tayori.complaint, "queue", "list", "--older-than", "soon")
    assert '"soon" is no time' in complaint


async def test_what_does_not_exist_is_said(tayori, deferred):
    for words, sentence in (
        (("explain", "x"), "No such message: x."),
        (("explain", "m", "c@z.test"), "has no recipient c@z.test"),
        (("queue", "drop"), "Say which"),
        (("queue", "hold", "m", "999"), "There is no such recipient or message: 999."),
        (("queue", "list", "--account", "nobody"), "no account nobody"),
    ):
        assert sentence in await asyncio.to_thread(tayori.complaint, *words)
    (row,) = await asyncio.to_thread(tayori.json, "queue", "list")
    assert row["state"] == "deferred"


def test_every_state_has_a_name_for_filters():
    assert {name.value for name in StateName} == {state.name.lower() for state in State}
