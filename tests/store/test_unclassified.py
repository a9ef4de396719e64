import asyncio
import random
from dataclasses import replace

from sqlalchemy import select
from tests.store.test_queue import LEASE_END, NOW, message, take

from tayori.db.statement import Statement
from tayori.db.tables.queue import attempt
from tayori.delivery.judge import judge
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import split_reply
from tayori.queue import unclassified_store
from tayori.queue.store import QueueStore
from tayori.queue.unclassified_store import UnclassifiedStore, unclassified


def refusal(text):
    reply = split_reply(text)
    kind = Kind.PERMANENT if reply.permanent else Kind.TEMPORARY
    return Outcome(kind=kind, scope=Scope.RECIPIENT, stage=Stage.RCPT, reply=reply)


async def refuse(database, *texts, provider="qq", now=NOW):
    """Take a message to as many recipients, and let the receiver refuse each."""
    name = f"m{now}{len(texts)}{texts[0][:20]}"
    await take(database, message(name, *(f"u{n}@x.test" for n in range(len(texts)))))
    queue = QueueStore(database)
    leased = await queue.lease("one", NOW, LEASE_END, 500)
    batch = [
        judge(recipient, refusal(text), now, random.Random(1), provider=provider)
        for recipient, text in zip(leased, texts, strict=True)
    ]
    assert all(await queue.settle("one", batch))
    return batch


async def test_texts_that_no_rule_understands_are_counted_once_normalised(database):
    await refuse(
        database,
        "550 Nein <u0@x.test>",
        "550 Nein <u1@x.test>",
        "550 5.1.1 User unknown",
        "550 Niemals",
    )
    await refuse(database, "550 Nein <u0@x.test> again", provider="", now=NOW + 1)
    await refuse(database, "550 Nein <zz@x.test>", now=NOW + 2)
    found = await UnclassifiedStore(database).most(10)
    counts = {(item.provider, item.text): item.count for item in found}
    assert counts == {
        ("qq", "nein ADDRESS"): 3,
        ("qq", "niemals"): 1,
        ("", "nein ADDRESS again"): 1,
    }
    first = found[0]
    assert (first.first_at, first.last_at) == (NOW, NOW + 2)
    assert first.example == "550 Nein <zz@x.test>"


async def test_the_rule_is_kept_with_the_attempt(database):
    await refuse(database, "550 Ip frequency limited", "550 Nein")
    async with database.read() as transaction:
        rows = await transaction.fetch(
            Statement(select(attempt.c.rule, attempt.c.bounce_class).order_by(attempt.c.id)), {}
        )
    assert [(row["rule"], row["bounce_class"]) for row in rows] == [
        ("qq-ip-frequency", "rate_limited"),
        ("nothing matched", "other"),
    ]


async def test_the_table_is_bounded_and_keeps_what_is_heard_still(database, monkeypatch):
    monkeypatch.setattr(unclassified_store, "MOST_ROWS", 40)
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}q" for n in range(100)]
    for turn in range(20):
        batch = [f"550 nein {word}" for word in words[turn * 5 : turn * 5 + 5]]
        await refuse(database, "550 nein immer", *batch, now=NOW + turn)
    found = await UnclassifiedStore(database).most(1000)
    assert 20 < len(found) <= 40
    assert found[0].text == "nein immer"
    assert found[0].count == 20


async def test_two_processes_count_the_same_texts_together(database):
    heard = unclassified(await refuse(database, "550 Nein", "550 Niemals"))
    heard = [replace(item, count=1) for item in heard]

    async def count():
        for _ in range(10):
            async with database.write() as transaction:
                await unclassified_store.count_unclassified(transaction, heard)

    await asyncio.gather(count(), count(), count())
    assert {item.count for item in await UnclassifiedStore(database).most(10)} == {31}


async def test_operators_see_and_forget_them(tayori, database):
    await refuse(database, "550 Nein", "550 Niemals")
    await refuse(database, "550 Nein", provider="gmail", now=NOW + 1)
    rows = await asyncio.to_thread(tayori.json, "replies", "unclassified")
    assert {(row["provider"], row["text"], row["count"]) for row in rows} == {
        ("qq", "nein", 1),
        ("qq", "niemals", 1),
        ("gmail", "nein", 1),
    }
    forgotten = await asyncio.to_thread(tayori.json, "replies", "forget", "--provider", "qq")
    assert forgotten == {"forgotten": 2}
    left = await asyncio.to_thread(tayori.json, "replies", "unclassified")
    assert [row["provider"] for row in left] == ["gmail"]
    await asyncio.to_thread(tayori.json, "replies", "forget")
    assert await asyncio.to_thread(tayori.table, "replies", "unclassified") == ["Nothing."]


def test_a_batch_brings_a_bounded_number_of_texts():
    from tests.unit.delivery.test_judge import leased

    batch = [
        judge(leased(), refusal(f"550 nein {chr(97 + n)}x"), NOW, random.Random(1))
        for n in range(26)
    ]
    assert len(unclassified(batch)) == unclassified_store.MOST_AT_ONCE
