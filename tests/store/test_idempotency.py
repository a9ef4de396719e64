"""A token makes a call repeatable: the same mail is taken once, whoever asks and how often."""

import asyncio
import json
from dataclasses import replace

import pytest
from tests.store.test_bulk import ask, listed
from tests.store.test_door import NOW, door, rows
from tests.support.api_world import api_world
from tests.support.http import ask as ask_http
from tests.support.signing import tc3_headers, v1_form
from tests.unit.accept.test_checks import GOOD, box

from tayori.accept import idempotency_store as store
from tayori.accept.idempotency import HEADER, Token
from tayori.accept.submission import Accepted
from tayori.db.open import open_database
from tayori.db.tables.bulk import bulk_task
from tayori.db.tables.idempotency import idempotency
from tayori.db.tables.queue import message
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import HOUR, SECOND, SettableClock

TOKEN = Token(account_id=1, action="SendEmail", key="order-7", fingerprint="a")
WRONG = "InvalidParameterValue"


@pytest.fixture
async def world(database):
    async with api_world(database, mailbox_per_hour=0) as made:
        yield made


def mail(template, **changes):
    return {
        "FromEmailAddress": "news@mail.example.test",
        "Destination": ["a@r.test"],
        "Subject": "Your order",
        "Template": {"TemplateID": template, "TemplateData": '{"name": "Ann"}'},
        **changes,
    }


async def claimed(database, token, answer="one", now=NOW):
    async with database.write() as transaction:
        found = await store.claim(transaction, token, now)
        if found is None:
            await store.remember(transaction, token, answer)
        return found


# What the store promises


async def test_a_claim_is_answered_with_the_first_answer_until_a_day_has_passed(database):
    assert await claimed(database, TOKEN) is None
    assert await claimed(database, TOKEN, "two") == "one"
    assert await claimed(database, TOKEN, "two", NOW + 24 * HOUR - 1) == "one"
    assert await claimed(database, TOKEN, "two", NOW + 24 * HOUR) is None
    assert await claimed(database, TOKEN, "three", NOW + 24 * HOUR) == "two"
    assert await rows(database, idempotency) == 1


@pytest.mark.parametrize("change", [{"account_id": 2}, {"action": "SMTP"}, {"key": "order-8"}])
async def test_accounts_actions_and_keys_are_apart(database, change):
    assert await claimed(database, TOKEN) is None
    assert await claimed(database, replace(TOKEN, **change, fingerprint="b")) is None


async def test_another_call_with_the_token_is_refused(database):
    assert await claimed(database, TOKEN) is None
    refused = await claimed(database, replace(TOKEN, fingerprint="b"))
    assert isinstance(refused, Refusal)
    assert refused.code is Code.INVALID_PARAMETER_VALUE
    assert refused.fields == {"parameter": HEADER}
    async with database.read() as transaction:
        assert await store.recall(transaction, TOKEN, NOW) == "one"
        assert await store.recall(transaction, replace(TOKEN, fingerprint="b"), NOW) == refused
        assert await store.recall(transaction, replace(TOKEN, key="new"), NOW) is None
        assert await store.recall(transaction, TOKEN, NOW + 24 * HOUR) is None


async def test_a_transaction_that_fails_leaves_no_claim(database):
    with pytest.raises(LookupError):
        async with database.write() as transaction:
            assert await store.claim(transaction, TOKEN, NOW) is None
            raise LookupError
    assert await claimed(database, TOKEN) is None


async def test_a_claim_waits_for_another_that_is_under_way(database, installed_url):
    other = open_database(installed_url, 2)
    holds, goes_on = asyncio.Event(), asyncio.Event()

    async def first():
        async with database.write() as transaction:
            assert await store.claim(transaction, TOKEN, NOW) is None
            holds.set()
            await goes_on.wait()
            await store.remember(transaction, TOKEN, "one")

    async with asyncio.TaskGroup() as group:
        group.create_task(first())
        await holds.wait()
        second = group.create_task(claimed(other, TOKEN, "two"))
        assert not second.done()
        goes_on.set()
        assert await second == "one"
    await other.close()


async def test_many_claims_at_once_and_what_is_given_back(database):
    async with database.write() as transaction:
        wishes = [(replace(TOKEN, key=f"k{n}"), f"m{n}") for n in range(5)]
        assert await store.claim_all(transaction, wishes, NOW) == [None] * 5
        await store.forget(transaction, [wishes[4][0]])
    async with database.write() as transaction:
        again = [(token, f"again {answer}") for token, answer in wishes]
        again[1] = (replace(again[1][0], fingerprint="b"), "other")
        found = await store.claim_all(transaction, again, NOW)
    assert [found[0], *found[2:]] == ["m0", "m2", "m3", None]
    assert isinstance(found[1], Refusal)


async def test_old_tokens_are_swept(database):
    async with database.write() as transaction:
        wishes = [(replace(TOKEN, key=f"k{n}"), f"m{n}") for n in range(store.SWEPT_AT_ONCE + 1)]
        await store.claim_all(transaction, wishes, NOW)
    assert await claimed(database, TOKEN, now=NOW + 1) is None
    for more in (True, False):
        async with database.write() as transaction:
            assert await store.sweep(transaction, NOW + 24 * HOUR) is more
    assert await rows(database, idempotency) == 1


# What the door makes of it


async def test_the_same_submission_is_taken_once_however_often_it_comes(database, installed_url):
    clock = SettableClock(NOW)
    other = open_database(installed_url, 4)
    doors = [door(database, clock), door(database, clock), door(other, clock)]
    submission = replace(GOOD, token=TOKEN)
    answers = await asyncio.gather(*(one.accept(submission) for one in doors * 7))
    assert len({answer.message_id for answer in answers}) == 1
    assert sum(not answer.repeated for answer in answers) == 1
    assert await rows(database, message) == 1
    await other.close()


async def test_two_mails_at_once_with_one_token(database):
    clock = SettableClock(NOW)
    one = door(database, clock)
    two = [replace(GOOD, token=replace(TOKEN, fingerprint=text)) for text in ("a", "b")]
    answers = await asyncio.gather(*(one.accept(submission) for submission in two))
    assert {type(answer) for answer in answers} == {Accepted, Refusal}
    assert await rows(database, message) == 1


async def test_a_mail_that_was_refused_is_not_remembered(database):
    clock = SettableClock(NOW)
    one = door(database, clock, mailbox_per_hour=1)
    assert isinstance(await one.accept(GOOD), Accepted)
    submission = replace(GOOD, token=TOKEN)
    both = await asyncio.gather(one.accept(submission), one.accept(submission))
    assert [no.code for no in both] == [Code.FAILED_OPERATION__FREQUENCY_LIMIT] * 2
    assert await rows(database, idempotency) == 0
    clock.advance(2 * HOUR)
    other = replace(GOOD, token=replace(TOKEN, fingerprint="b"))
    assert isinstance(await one.accept(other), Accepted)


async def test_a_repeated_mail_uses_no_quota_and_passes_no_check_again(database):
    clock = SettableClock(NOW)
    one = door(database, clock, mailbox_per_hour=2)
    submission = replace(GOOD, token=TOKEN)
    first = await one.accept(submission)
    for _ in range(3):
        assert await one.accept(submission) == replace(first, repeated=True)
    nobody = replace(submission, sender=box("nobody@mail.example.org"))
    assert await one.accept(nobody) == replace(first, repeated=True)
    assert isinstance(await one.accept(GOOD), Accepted)
    assert isinstance(await one.accept(GOOD), Refusal)


async def test_after_a_day_the_mail_is_a_new_one(database):
    clock = SettableClock(NOW)
    one = door(database, clock)
    first = await one.accept(replace(GOOD, token=TOKEN))
    clock.advance(24 * HOUR)
    second = await one.accept(replace(GOOD, token=TOKEN))
    assert first.message_id != second.message_id
    assert not second.repeated


# What a client sees


async def test_send_email_by_the_sdk(world):
    template = await world.ready(world.one)
    wanted = mail(template)
    first = await world.one.call("SendEmail", idempotency_key="k", **wanted)
    assert await world.one.call("SendEmail", idempotency_key="k", **wanted) == first
    other = wanted | {"Subject": "Another"}
    assert await world.one.refused("SendEmail", idempotency_key="k", **other) == WRONG
    assert await world.one.call("SendEmail", idempotency_key="k2", **other) != first
    assert await world.one.call("SendEmail", **wanted) != first
    await world.one.call("DeleteEmailTemplate", TemplateID=template)
    assert await world.one.call("SendEmail", idempotency_key="k", **wanted) == first
    assert await rows(world.database, message) == 3


async def test_two_accounts_may_use_the_same_token(world):
    answers = []
    for client, domain in ((world.one, "mail.one.test"), (world.two, "mail.two.test")):
        template = await world.ready(client, domain)
        wanted = mail(template, FromEmailAddress=f"news@{domain}")
        answers.append(await client.call("SendEmail", idempotency_key="k", **wanted))
    assert answers[0] != answers[1]
    assert await rows(world.database, message) == 2


@pytest.mark.parametrize("key", [b"", b"two words", b"x" * 65, b"caf\xc3\xa9"])
async def test_a_key_that_is_none_is_refused(world, key):
    template = await world.ready(world.one)
    answer = await raw(world, "SendEmail", mail(template), key)
    assert answer.code == WRONG
    assert HEADER in answer.message
    assert "visible ASCII" in answer.message
    assert (await raw(world, "ListEmailIdentities", {}, key)).code == ""
    assert await rows(world.database, message) == 0


async def test_the_order_of_parameters_and_the_way_of_the_call_make_no_difference(world):
    template = await world.ready(world.one)
    wanted = mail(template)
    first = await raw(world, "SendEmail", wanted, b"~!k")
    backwards = dict(reversed(list(wanted.items()))) | {"Bcc": None}
    again = await raw(world, "SendEmail", backwards, b"~!k")
    assert again.response["MessageId"] == first.response["MessageId"]
    assert again.response["RequestId"] != first.response["RequestId"]
    form = v1_form(
        "SendEmail",
        {
            "FromEmailAddress": wanted["FromEmailAddress"],
            "Destination.0": "a@r.test",
            "Subject": "Your order",
            "Template.TemplateID": str(template),
            "Template.TemplateData": wanted["Template"]["TemplateData"],
        },
        secret_id=world.one.credential.secret_id,
        secret=world.one.credential.secret,
        timestamp=world.clock.now() // SECOND,
        host=world.address,
    )
    kind = (b"Content-Type", b"application/x-www-form-urlencoded")
    headers = [(b"Host", world.address.encode()), kind, (HEADER.encode(), b"~!k")]
    by_form = await ask_http(world.address, "POST", b"/", headers, form)
    assert by_form.response["MessageId"] == first.response["MessageId"]
    assert await rows(world.database, message) == 1


async def test_batch_send_email_by_the_sdk(world):
    template = await world.ready(world.one)
    wanted = ask(await listed(world, 3), template)
    first = await world.one.call("BatchSendEmail", idempotency_key="k", **wanted)
    calls = (world.one.call("BatchSendEmail", idempotency_key="k", **wanted) for _ in range(4))
    assert await asyncio.gather(*calls) == [first] * 4
    other = wanted | {"Subject": "Another"}
    assert await world.one.refused("BatchSendEmail", idempotency_key="k", **other) == WRONG
    # The keys of two actions are apart.
    await world.one.call("SendEmail", idempotency_key="k", **mail(template))
    await world.one.call("DeleteReceiver", ReceiverId=wanted["ReceiverId"])
    assert await world.one.call("BatchSendEmail", idempotency_key="k", **wanted) == first
    assert await rows(world.database, bulk_task) == 1


async def test_a_task_that_was_refused_is_not_remembered(world):
    template = await world.ready(world.one)
    wanted = ask(77, template)
    code = await world.one.refused("BatchSendEmail", idempotency_key="k", **wanted)
    assert code == "OperationDenied.ReceiverNotExist"
    wanted["ReceiverId"] = await listed(world, 2)
    await world.one.call("BatchSendEmail", idempotency_key="k", **wanted)
    assert await rows(world.database, bulk_task) == 1


async def test_tasks_at_once_with_one_token_are_one(world, installed_url):
    template = await world.ready(world.one)
    wanted = ask(await listed(world, 2), template)
    calls = (world.one.call("BatchSendEmail", idempotency_key="k", **wanted) for _ in range(6))
    answers = await asyncio.gather(*calls)
    assert len({answer["TaskId"] for answer in answers}) == 1
    assert await rows(world.database, bulk_task) == 1


async def raw(world, action, parameters, key):
    body = json.dumps(parameters).encode()
    headers = tc3_headers(
        action,
        secret_id=world.one.credential.secret_id,
        secret=world.one.credential.secret,
        timestamp=world.clock.now() // SECOND,
        host=world.address,
        body=body,
    )
    headers.append((HEADER.encode(), key))
    return await ask_http(world.address, "POST", b"/", headers, body)
