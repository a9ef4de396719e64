import asyncio
import email
import email.policy
import smtplib
from email.message import EmailMessage

import aiosmtplib
import dkim
import pytest
from aiosmtpd.smtp import SMTP
from sqlalchemy import select
from tests.support.peers.sending import opened
from tests.support.submission import PASSWORD, USER, submission_world

from tayori.compose.build import Capabilities, build
from tayori.compose.content import compile_template, own_content
from tayori.compose.model import decode_recipe
from tayori.db.statement import Statement
from tayori.db.tables.queue import message, message_content
from tayori.mail.dkim import RsaSigner, generate_rsa
from tayori.mail.outcome import Kind
from tayori.queue.store import QueueStore
from tayori.runtime.clock import SettableClock
from tayori.smtp.envelope import Envelope

NOW = 1_790_000_000_000
PAIR = generate_rsa(2048)
SIGNER = RsaSigner(pem=PAIR[0], domain="mail.example.org", selector="t2048")
NOTHING = own_content("", "")


class Inbox:
    """An independent receiving server's handler."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos[0], envelope.content))
        return "250 2.0.0 taken"


def lookup(name, timeout=5):
    return b"v=DKIM1; k=rsa; p=" + PAIR[1].encode()


@pytest.fixture
async def inbox():
    handler = Inbox()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="mx.x.test", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    handler.port = server.sockets[0].getsockname()[1]
    yield handler
    server.close()


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def world(database, tmp_path, clock):
    async with submission_world(database, tmp_path, clock) as made:
        yield made


async def delivered(database, clock, inbox):
    """Deliver what is due by our own client; return what arrived, by recipient."""
    queue = QueueStore(database)
    due = await queue.lease("test", clock.now(), clock.now() + 60_000, 50)
    recipes = await queue.recipes(item.message_id for item in due)
    session = await opened(inbox.port, clock)
    offered = session.extensions
    for item in due:
        recipe = decode_recipe(recipes[item.message_id])
        mail = build(
            recipe,
            compile_template("<p>Hello {{name}}</p>", "") if recipe.template else NOTHING,
            recipient_id=item.id,
            signers=[SIGNER],
            token_key=b"k" * 32,
            capabilities=Capabilities(eight_bit=offered.eightbit, smtputf8=offered.smtputf8),
        )
        body = "8BITMIME" if mail.eight_bit else "7BIT"
        envelope = Envelope(
            return_path=mail.return_path,
            recipients=(item.address,),
            size=len(mail.content),
            body=body,
            smtputf8=mail.smtputf8,
        )
        result = await session.send(envelope, mail.content)
        assert result.outcomes[0].kind is Kind.DELIVERED
    await session.quit()
    for sender, _, content in inbox.mails:
        assert sender.endswith("@mail.example.org")
        assert dkim.verify(content, dnsfunc=lookup)
    return {
        to: email.message_from_bytes(content, policy=email.policy.default)
        for _, to, content in inbox.mails
    }


def rich():
    mail = EmailMessage()
    mail["From"] = "便り <news@mail.example.org>"
    mail["To"] = "Ann <a@x.test>"
    mail["Bcc"] = "secret@x.test"
    mail["Subject"] = "便り: a subject that is long enough to be folded, 報告書について"
    mail["Reply-To"] = "help@x.test"
    mail["List-ID"] = "<list.example.org>"
    mail["X-Tencentcloudses-Cb-Kind"] = "receipt"
    mail["Received"] = "from inside by relay; Mon, 21 Sep 2026 10:00:00 +0800"
    mail.set_content("Grüße\n.dots\n..stay\n")
    mail.add_alternative('<p>Grüße <img src="cid:one"></p>\n', subtype="html")
    mail.get_payload()[1].add_related(
        b"\x89PNG" * 40, "image", "png", cid="<one>", filename="logo.png"
    )
    mail.add_attachment(b"%PDF" * 99, maintype="application", subtype="pdf", filename="報告.pdf")
    return mail


def unified(content):
    return content.replace("\r\n", "\n") if isinstance(content, str) else content


def parts(mail):
    return [
        (part.get_content_type(), part.get_filename(), unified(part.get_content()))
        for part in mail.walk()
        if not part.is_multipart()
    ]


async def test_what_arrives_is_what_was_sent(world, database, clock, inbox):
    def send():
        with world.client() as client:
            return client.send_message(rich(), to_addrs=["a@x.test", "secret@x.test"])

    assert await asyncio.to_thread(send) == {}
    arrived = await delivered(database, clock, inbox)
    assert set(arrived) == {"a@x.test", "secret@x.test"}
    for mail in arrived.values():
        assert parts(mail) == parts(rich())
        for name in ("From", "To", "Subject", "Reply-To", "List-ID", "X-Tencentcloudses-Cb-Kind"):
            assert mail[name] == rich()[name]
        assert mail["Bcc"] is None
        assert mail["Received"] is None
        assert mail["Message-ID"].endswith("@mail.example.org>")
        assert mail["Date"] == "Mon, 21 Sep 2026 14:13:20 +0000"
    async with database.read() as transaction:
        row = await transaction.fetch_one(Statement(select(message)))
    assert row["callback_headers"] == '{"X-Tencentcloudses-Cb-Kind":"receipt"}'
    assert (row["source"], row["from_address"]) == ("smtp", USER)


@pytest.mark.parametrize("implicit", [True, False])
async def test_an_asynchronous_client_gets_the_message_id_after_the_commit(
    world, database, implicit
):
    client = aiosmtplib.SMTP(
        hostname="localhost",
        port=world.implicit if implicit else world.starttls,
        username="NEWS@mail.example.org",
        password=PASSWORD,
        use_tls=implicit,
        start_tls=not implicit,
        tls_context=world.trust,
    )
    async with client:
        answers = [await client.send_message(rich(), recipients=["a@x.test"]) for _ in range(3)]
    ids = {text.removeprefix("2.0.0 Ok ") for _, text in answers}
    async with database.read() as transaction:
        rows = await transaction.fetch(Statement(select(message.c.public_id)))
    assert {row["public_id"] for row in rows} == ids
    assert len(ids) == 3


async def test_content_is_stored_as_it_came(world, database):
    raw = (
        b"From: news@mail.example.org\r\nSubject: x\r\nTo: <a@x.test>\r\nBcc: b@x.test\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n.\xc3\xa4 \r\n\r\n"
    )

    def send():
        with world.client() as client:
            client.ehlo()
            return client.sendmail("bounce@x.test", ["a@x.test"], raw, ["BODY=8BITMIME"])

    await asyncio.to_thread(send)
    async with database.read() as transaction:
        row = await transaction.fetch_one(Statement(select(message_content)))
    assert decode_recipe(row["recipe"]).raw == raw


async def test_options_choose_a_template_and_never_travel(world, database, clock, inbox):
    page = await world.templates.list(world.account_id, limit=1, offset=0)
    mail = EmailMessage()
    mail["From"] = "news@mail.example.org"
    mail["To"] = "Ann <a@x.test>"
    mail["Subject"] = "For {{name}}"
    mail["X-Tayori-Template-Id"] = str(page.templates[0].id)
    mail["X-Tayori-Template-Data"] = '{"name": "Än <b>"}'
    mail["X-Tayori-Trigger-Type"] = "1"
    mail["X-Tayori-Task-Tag"] = "welcome"
    mail["X-Own"] = "kept"
    mail.set_content("not used")

    def send():
        with world.client() as client:
            client.send_message(mail, to_addrs=["a@x.test", "b@x.test"])

    await asyncio.to_thread(send)
    arrived = await delivered(database, clock, inbox)
    assert set(arrived) == {"a@x.test", "b@x.test"}
    for made in arrived.values():
        assert made["To"] == "Ann <a@x.test>"
        assert made["Subject"] == "For Än <b>"
        assert made["X-Own"] == "kept"
        assert made["Feedback-ID"].startswith("welcome:trigger:")
        assert not [name for name in made if name.lower().startswith("x-tayori")]


async def test_a_tag_and_a_language_are_taken_with_own_content(world, database, clock, inbox):
    mail = rich()
    mail["X-Tayori-Task-Tag"] = "letters"
    mail["X-Tayori-Unsubscribe"] = "2"

    def send():
        with world.client() as client:
            client.send_message(mail, to_addrs=["a@x.test"])

    await asyncio.to_thread(send)
    arrived = (await delivered(database, clock, inbox))["a@x.test"]
    assert arrived["Feedback-ID"].startswith("letters:normal:")
    assert "X-Tayori-Task-Tag" not in arrived


async def test_another_sender_of_the_domain_may_stand_in_from(world, database):
    def send(address):
        mail = rich()
        mail.replace_header("From", address)
        with world.client() as client:
            try:
                client.send_message(mail, to_addrs=["a@x.test"])
            except smtplib.SMTPDataError as error:
                return error.smtp_code, error.smtp_error.decode()
        return 250, ""

    assert await asyncio.to_thread(send, "Help<help@mail.example.org>") == (250, "")
    for address, word in (
        ("nobody@mail.example.org", "FailedOperation.IncorrectSender"),
        ("news@second.example.org", "FailedOperation.NotAuthenticatedSender"),
        ("news@other.example.org", "FailedOperation.NotAuthenticatedSender"),
    ):
        code, text = await asyncio.to_thread(send, address)
        assert 550 <= code < 560
        assert word in text
