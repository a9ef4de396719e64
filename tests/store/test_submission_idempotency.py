"""A mail by SMTP with an idempotency key: sent again by a client, taken once."""

import asyncio
import base64

import pytest
from sqlalchemy import select
from tests.store.test_door import rows
from tests.support.submission import submission_world

from tayori.compose.model import decode_recipe
from tayori.compose.raw import removed
from tayori.db.statement import Statement
from tayori.db.tables.queue import message, message_content
from tayori.runtime.clock import HOUR, SettableClock
from tayori.tenants.model import Permission

NOW = 1_790_000_000_000
TEXT = "Your order is on its way — thank you.\r\n".encode()
FIRST = (
    b"From: News <news@mail.example.org>\r\nTo: a@x.test, b@x.test\r\nSubject: Your order\r\n"
    b"Date: Mon, 21 Sep 2026 10:00:00 +0800\r\nMessage-ID: <1@shop.test>\r\n"
    b"X-Tayori-Idempotency-Key: order-7\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=one\r\n\r\n"
    b"--one\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(TEXT) + b"\r\n"
    b"--one\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="a.pdf"\r\n\r\nAAAA\r\n--one--\r\n'
)
# The same mail as another run of the client would write it.
AGAIN = (
    b"Received: from a by b; Mon, 21 Sep 2026 10:05:00 +0800\r\n"
    b"Message-ID: <2@shop.test>\r\nDate: Mon, 21 Sep 2026 10:05:00 +0800\r\n"
    b"subject: =?utf-8?b?WW91ciBvcmRlcg==?=\r\n"
    b"x-tayori-idempotency-key: order-7\r\nX-Mailer: two\r\n"
    b"To: b@x.test, a@x.test\r\nFrom: News <news@mail.example.org>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=two\r\n\r\n"
    b"--two\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Your order is on its way =E2=80=94 thank=\r\n you.\r\n"
    b"\r\n--two\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: attachment; filename="a.pdf"\r\n\r\nAAAA\r\n--two--\r\n'
)
EVERYBODY = ("a@x.test", "b@x.test")


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def world(database, tmp_path, clock):
    async with submission_world(database, tmp_path, clock) as made:
        for account in (made.account_id, made.other_id):
            await made.accounts.grant(account, Permission.ATTACHMENTS)
        yield made


async def send(world, content, to=EVERYBODY, **who):
    """Send one mail on a connection of its own; return the reply's code and text."""

    def work():
        with world.client(**who) as client:
            client.mail("bounces@shop.test")
            for address in to:
                client.rcpt(address)
            code, text = client.data(content)
            return code, text.decode()

    return await asyncio.to_thread(work)


async def test_the_same_mail_again_is_answered_with_the_same_yes(world, database):
    first = await send(world, FIRST)
    assert first[0] == 250, first
    assert await send(world, FIRST) == first
    assert await send(world, AGAIN, reversed(EVERYBODY)) == first
    assert await rows(database, message) == 1


async def test_mails_at_once_are_one(world, database):
    answers = await asyncio.gather(*(send(world, FIRST) for _ in range(4)))
    assert len(set(answers)) == 1
    assert await rows(database, message) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Your order", b"Subject: Another"),
        (b"From: News <news@", b"From: News <help@"),
        (b"AAAA", b"AAAB"),
        (b"a.pdf", b"b.pdf"),
        (b"application/pdf", b"application/x-pdf"),
        (b"X-Tayori-Idempotency", b"X-Tayori-Trigger-Type: 1\r\nX-Tayori-Idempotency"),
    ],
)
async def test_another_mail_with_the_key_is_refused_for_good(world, database, old, new):
    first = await send(world, FIRST)
    assert first[0] == 250, first
    code, text = await send(world, FIRST.replace(old, new))
    assert code == 501
    assert "X-Tayori-Idempotency-Key" in text
    assert "Nothing was done" in text
    assert await send(world, FIRST) == first
    assert await rows(database, message) == 1


async def test_another_recipient_is_another_mail(world):
    assert (await send(world, FIRST))[0] == 250
    assert (await send(world, FIRST, ("a@x.test",)))[0] == 501


async def test_keys_of_two_accounts_are_apart_and_a_day_long(world, database, clock):
    first = await send(world, FIRST)
    theirs = FIRST.replace(b"mail.example.org", b"other.example.org")
    assert (await send(world, theirs, user="news@other.example.org"))[0] == 250
    clock.advance(24 * HOUR)
    later = await send(world, FIRST)
    assert later[0] == 250
    assert later != first
    assert await rows(database, message) == 3


@pytest.mark.parametrize("key", [b"two words", b"x" * 65, b"", "ключ".encode()])
async def test_a_key_that_is_none_refuses_the_mail(world, database, key):
    code, text = await send(world, FIRST.replace(b"Key: order-7", b"Key: " + key))
    assert code == 501
    assert "X-Tayori-Idempotency-Key" in text
    assert await rows(database, message) == 0


async def test_a_template_mail_has_a_key_as_well(world, database):
    mail = (
        b"From: news@mail.example.org\r\nTo: a@x.test\r\nSubject: x\r\n"
        b'X-Tayori-Template-Id: 1\r\nX-Tayori-Template-Data: {"name": "Ann"}\r\n'
        b"X-Tayori-Idempotency-Key: k\r\n\r\n\r\n"
    )
    first = await send(world, mail)
    assert first[0] == 250, first
    assert await send(world, mail) == first
    assert (await send(world, mail.replace(b"Ann", b"Bob")))[0] == 501
    assert await rows(database, message) == 1


async def test_the_key_is_not_sent_on(world, database):
    await send(world, FIRST)
    async with database.read() as transaction:
        row = await transaction.fetch_one(Statement(select(message_content.c.recipe)))
    recipe = decode_recipe(row["recipe"])
    assert b"X-Tayori-Idempotency-Key" in recipe.raw
    assert removed(b"x-tayori-idempotency-key")
