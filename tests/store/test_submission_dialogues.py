"""What clients say and hear, octet by octet, against the real stores."""

import asyncio
import base64
import datetime as dt
import ssl
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import func, select, text
from tests.support.submission import PASSWORD, USER, submission_world

from tayori.db.statement import Statement
from tayori.db.tables.queue import message
from tayori.runtime.clock import MINUTE, SettableClock
from tayori.smtp.tls import write_self_signed
from tayori.tenants.model import Permission

NOW = 1_790_000_000_000
MAIL = b"From: news@mail.example.org\r\nTo: a@x.test\r\nSubject: x\r\n\r\nhello\r\n"


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def world(database, tmp_path, clock):
    async with submission_world(database, tmp_path, clock) as made:
        yield made


class Client:
    """Octets over a connection, and the replies to them."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def reply(self):
        lines = []
        while True:
            line = await asyncio.wait_for(self.reader.readline(), 20)
            if not line:
                return ""
            lines.append(line.decode().rstrip("\r\n"))
            if line[3:4] != b"-":
                return "\n".join(lines)

    async def say(self, octets):
        self.writer.write(octets)
        return await self.reply()

    async def login(self, user=USER, password=PASSWORD):
        await self.say(b"EHLO me\r\n")
        plain = base64.b64encode(f"\0{user}\0{password}".encode())
        return await self.say(b"AUTH PLAIN " + plain + b"\r\n")

    async def send(self, content=MAIL, to=b"a@x.test"):
        await self.say(b"MAIL FROM:<news@mail.example.org>\r\n")
        await self.say(b"RCPT TO:<" + to + b">\r\n")
        await self.say(b"DATA\r\n")
        return await self.say(content + b".\r\n")


@asynccontextmanager
async def connected(port, context=None):
    name = "localhost" if context else None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name
    )
    try:
        yield Client(reader, writer)
    finally:
        writer.close()
        await asyncio.wait_for(asyncio.shield(writer.wait_closed()), 20)


@asynccontextmanager
async def client_of(world):
    async with connected(world.implicit, world.trust) as client:
        await client.reply()
        yield client


async def stored(database):
    async with database.read() as transaction:
        statement = Statement(select(func.count().label("n")).select_from(message))
        return (await transaction.fetch_one(statement))["n"]


async def test_no_password_before_tls_and_no_mail_before_a_password(world):
    async with connected(world.starttls) as client:
        await client.reply()
        offered = await client.say(b"EHLO me\r\n")
        assert "AUTH" not in offered
        for word in ("PIPELINING", "SIZE 6001717", "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN"):
            assert word in offered
        assert (await client.say(b"AUTH PLAIN AGEAYg==\r\n")).startswith("538 5.7.11")
        assert (await client.say(b"MAIL FROM:<a@x.test>\r\n")).startswith("530 5.7.0")
    async with client_of(world) as client:
        assert "AUTH PLAIN LOGIN" in await client.say(b"EHLO me\r\n")
        assert (await client.say(b"MAIL FROM:<a@x.test>\r\n")).startswith("530 5.7.0")


async def test_commands_behind_starttls_are_never_carried_out(world, database):
    async with connected(world.starttls) as client:
        await client.reply()
        await client.say(b"EHLO me\r\n")
        assert (await client.say(b"STARTTLS\r\nEHLO evil\r\n")).startswith("503 5.5.1")
        assert await client.reply() == ""


async def test_plain_is_for_loopback_when_it_is_allowed(database, tmp_path, clock):
    async with (
        submission_world(database, tmp_path, clock, plain=True) as world,
        connected(world.starttls) as client,
    ):
        await client.reply()
        assert (await client.login()).startswith("235 2.7.0")
        assert (await client.send()).startswith("250 2.0.0 Ok qcloudses-30-")


async def test_login_in_two_steps(world):
    async with client_of(world) as client:
        await client.say(b"EHLO me\r\n")
        assert await client.say(b"AUTH LOGIN\r\n") == "334 VXNlcm5hbWU6"
        user, password = (base64.b64encode(text.encode()) for text in (USER, PASSWORD))
        assert await client.say(user + b"\r\n") == "334 UGFzc3dvcmQ6"
        assert (await client.say(password + b"\r\n")).startswith("235 2.7.0")
        assert (await client.say(b"AUTH LOGIN\r\n")).startswith("503")


@pytest.mark.parametrize(
    ("user", "password"),
    [(USER, "wrong"), ("nobody@mail.example.org", PASSWORD), ("help@mail.example.org", PASSWORD)],
)
async def test_a_wrong_login_is_refused(world, user, password):
    async with client_of(world) as client:
        assert (await client.login(user, password)).startswith("535 5.7.8")


async def test_nobody_acts_for_somebody_else(world):
    async with client_of(world) as client:
        await client.say(b"EHLO me\r\n")
        plain = base64.b64encode(f"help@mail.example.org\0{USER}\0{PASSWORD}".encode())
        assert (await client.say(b"AUTH PLAIN " + plain + b"\r\n")).startswith("535 5.7.8")


async def test_guessing_is_slowed_down_and_the_remembered_password_is_not(world, clock):
    async with client_of(world) as client:
        assert (await client.login()).startswith("235")
    for number in range(5):
        async with client_of(world) as client:
            assert (await client.login(password=f"wrong{number}")).startswith("535")
    async with client_of(world) as client:
        assert (await client.login(password="another")).startswith("454 4.7.0")
        assert (await client.login()).startswith("235")
    clock.advance(2 * MINUTE)
    async with client_of(world) as client:
        assert (await client.login()).startswith("235")


async def test_a_new_password_ends_the_old_one_at_once(world):
    async with client_of(world) as client:
        assert (await client.login()).startswith("235")
    await world.senders.set_smtp_password(world.account_id, USER, "efGH34efgh")
    async with client_of(world) as client:
        assert (await client.login()).startswith("535")
        assert (await client.login(password="efGH34efgh")).startswith("235")


async def test_many_connections_with_one_password_cost_one_verification(world):
    async def one():
        async with client_of(world) as client:
            return await client.login()

    for _ in range(3):
        answers = await asyncio.gather(*(one() for _ in range(4)))
        assert [answer[:3] for answer in answers] == ["235"] * 4


async def test_one_address_has_a_bounded_number_of_connections(world):
    async with (
        client_of(world),
        client_of(world),
        client_of(world),
        client_of(world),
        connected(world.implicit, world.trust) as fifth,
    ):
        assert (await fifth.reply()).startswith("421 4.3.2")
        assert await fifth.reply() == ""
    async with client_of(world) as client:
        assert (await client.say(b"NOOP\r\n")).startswith("250")


SMUGGLED = {
    "bare LF": b"x\n.\r\nMAIL FROM:<evil@x.test>\r\n",
    "bare CR": b"x\r.\r\nMAIL FROM:<evil@x.test>\r\n",
    "LF dot LF": b"x\n.\nMAIL FROM:<evil@x.test>\r\n",
    "CR dot CR": b"x\r.\rMAIL FROM:<evil@x.test>\r\n",
    "CRLF dot LF": b"x\r\n.\nMAIL FROM:<evil@x.test>\r\n",
    "CRLF dot CR": b"x\r\n.\rMAIL FROM:<evil@x.test>\r\n",
    "NUL dot": b"x\r\n\0.\r\nMAIL FROM:<evil@x.test>\r\n",
    "NUL": b"x\0y\r\n",
    "long line": b"x" * 999 + b"\r\n",
}


@pytest.mark.parametrize("name", SMUGGLED)
async def test_smuggled_content_is_refused_whole(world, database, name):
    async with client_of(world) as client:
        await client.login()
        answer = await client.send(MAIL + SMUGGLED[name])
        assert answer.startswith("550 5.6.0")
        assert (await client.say(b"RCPT TO:<a@x.test>\r\n")).startswith("503 5.5.1")
        assert (await client.send()).startswith("250 2.0.0 Ok")
    assert await stored(database) == 1


async def test_pipelined_commands_are_answered_in_order(world, database):
    async with client_of(world) as client:
        await client.login()
        first = await client.say(
            b"MAIL FROM:<> SIZE=100 BODY=8BITMIME RET=HDRS ENVID=a\r\n"
            b"RCPT TO:<a@x.test> NOTIFY=NEVER ORCPT=rfc822;a@x.test\r\nRCPT TO:<b@x>\r\nDATA\r\n"
        )
        assert first.startswith("250 2.1.0")
        assert (await client.reply()).startswith("250 2.1.5")
        wrong = await client.reply()
        assert wrong.startswith("553 5.1.3 InvalidParameterValue.ReceiverEmailInvalid: ")
        assert (await client.reply()).startswith("354")
        assert (await client.say(MAIL + b".\r\nQUIT\r\n")).startswith("250 2.0.0 Ok")
        assert (await client.reply()).startswith("221")
    assert await stored(database) == 1


async def test_chunks_are_taken(world, database):
    async with client_of(world) as client:
        await client.login()
        await client.say(b"MAIL FROM:<news@mail.example.org>\r\n")
        await client.say(b"RCPT TO:<a@x.test>\r\n")
        assert (await client.say(b"BDAT 20\r\n" + MAIL[:20])).startswith("250")
        rest = MAIL[20:]
        last = b"BDAT %d LAST\r\n%b" % (len(rest), rest)
        assert (await client.say(last)).startswith("250 2.0.0 Ok")
    assert await stored(database) == 1


async def test_limits_are_told_in_their_own_codes(world, database):
    async with client_of(world) as client:
        await client.login()
        told = await client.say(b"MAIL FROM:<a@x.test> SIZE=9000000\r\n")
        assert told.startswith("552 5.3.4")
        await client.say(b"MAIL FROM:<a@x.test>\r\n")
        for number in range(50):
            assert (await client.say(b"RCPT TO:<u%d@x.test>\r\n" % number)).startswith("250")
        assert (await client.say(b"RCPT TO:<u50@x.test>\r\n")).startswith("452 4.5.3")
        assert (await client.say(b"DATA\r\n")).startswith("354")
        large = MAIL + (b"x" * 990 + b"\r\n") * 4_400 + b".\r\n"
        told = await client.say(large)
        assert told.startswith("552 5.3.4 FailedOperation.EmailContentToolarge: ")
        assert (await client.send(MAIL.replace(b"Subject: x\r\n", b""))).startswith(
            "550 5.6.0 InvalidParameterValue.SubjectLengthError: "
        )
        empty = await client.send(MAIL.replace(b"hello", b""))
        assert empty.startswith("550 5.6.0 FailedOperation.MissingEmailContent: ")
        header = MAIL.replace(b"Subject", b"X-Long: a\r\n" * 9_000 + b"Subject")
        assert (await client.send(header)).startswith("550 5.6.0 FailedOperation.ProtocolCheckErr")
    assert await stored(database) == 0


async def test_permissions_and_suspension_count_within_seconds(world, clock):
    async with client_of(world) as client:
        await client.login()
        assert (await client.send()).startswith("250 2.0.0 Ok")
        await world.accounts.revoke(world.account_id, Permission.SMTP_CONTENT)
        clock.advance(6_000)
        refused = await client.send()
        assert refused.startswith("550 5.7.1 FailedOperation.WithOutPermission: ")
        await world.accounts.suspend(world.account_id, "spam")
        clock.advance(6_000)
        refused = await client.send()
        assert refused.startswith("550 5.7.1 AuthFailure.UnauthorizedOperation: ")


async def test_too_many_are_told_to_come_again(database, tmp_path, clock):
    limits = {"requests_per_second": 2, "mailbox_per_hour": 3}
    async with (
        submission_world(database, tmp_path, clock, **limits) as world,
        client_of(world) as client,
    ):
        await client.login()
        answers = [await client.send() for _ in range(3)]
        assert [answer[:3] for answer in answers] == ["250", "250", "450"]
        assert answers[2].startswith("450 4.7.28 RequestLimitExceeded: ")
        clock.advance(1_000)
        assert (await client.send()).startswith("250")
        refused = await client.send()
        assert refused.startswith("452 4.7.28 FailedOperation.FrequencyLimit: ")


async def test_a_fault_of_ours_is_temporary_and_the_mail_is_not_taken(world, database):
    async with client_of(world) as client:
        await client.login()
        async with database.write() as transaction:
            await transaction.execute(Statement(text("DROP TABLE message_content")))
        assert (await client.send()).startswith("451 4.3.0")
    assert await stored(database) == 0


async def test_a_new_certificate_is_used_without_a_restart(world):
    old = world.trust
    async with connected(world.implicit, old) as client:
        await client.reply()
        assert not world.server.renew_certificate()
        folder = world.folder / "tls"
        (folder / "submission.key").write_text("no key")
        assert not world.server.renew_certificate()
        write_self_signed(
            "localhost",
            cert_file=folder / "submission.pem",
            key_file=folder / "submission.key",
            now=dt.datetime.fromtimestamp(NOW / 1000, dt.UTC),
        )
        assert world.server.renew_certificate()
        assert not world.server.renew_certificate()
        assert (await client.say(b"NOOP\r\n")).startswith("250")
    async with client_of(world) as client:
        assert (await client.say(b"NOOP\r\n")).startswith("250")
    with pytest.raises(ssl.SSLCertVerificationError):
        async with connected(world.implicit, old):
            pass


async def test_old_tls_is_refused(world):
    context = world.trust
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        async with connected(world.implicit, context):
            pass
