"""Octets that try to become another mail, somebody else's mail, or another header."""

import asyncio
import base64
import random
import smtplib
import ssl
import warnings

import pytest
from sqlalchemy import select
from tests.support.submission import USER, submission_world

from tayori.config.tree import SubmissionSettings
from tayori.db.statement import Statement
from tayori.db.tables.queue import message
from tayori.edge.certificate import Certificate
from tayori.runtime.clock import SettableClock

NOW = 1_790_000_000_000
HEAD = b"To: a@x.test\r\nSubject: x\r\n"
OWN = b"From: news@mail.example.org\r\n"
SEED = 20_260_921
"""Of the random mails; the same in every run."""


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def world(database, tmp_path, clock):
    async with submission_world(database, tmp_path, clock) as made:
        yield made


async def stored(database):
    async with database.read() as transaction:
        statement = Statement(select(message.c.account_id, message.c.from_address))
        return [
            (row["account_id"], row["from_address"]) for row in await transaction.fetch(statement)
        ]


def sent(world, contents):
    """Send each content as it is over one connection; return the replies' codes and texts."""
    answers = []
    client = world.client()
    for content in contents:
        client.mail(USER)
        client.rcpt("a@x.test")
        answers.append(client.data(content))
        client.rset()
    client.quit()
    return [f"{code} {text.decode()}" for code, text in answers]


HEADERS = {
    "field name with a space": OWN + HEAD + b"X Bad: 1\r\n\r\nhello\r\n",
    "first line is folded": b" folded\r\n" + OWN + HEAD + b"\r\nhello\r\n",
    "two From": OWN + b"From: ceo@other.example.org\r\n" + HEAD + b"\r\nhello\r\n",
    "two From, one folded": OWN + b"From:\r\n ceo@other.example.org\r\n" + HEAD + b"\r\nhello\r\n",
    "two From, other case": OWN + b"fRoM: ceo@other.example.org\r\n" + HEAD + b"\r\nhello\r\n",
    "From with a space before the colon": b"From : a@other.example.org\r\n"
    + HEAD
    + b"\r\nhello\r\n",
    "two mailboxes in From": b"From: news@mail.example.org, a@b.test\r\n" + HEAD + b"\r\nhello\r\n",
    "a control character": OWN + HEAD + b"X-Bad: a\x08b\r\n\r\nhello\r\n",
    "no From": HEAD + b"\r\nhello\r\n",
    "other domain": b"From: ceo@other.example.org\r\n" + HEAD + b"\r\nhello\r\n",
    "other domain in a comment's place": (
        b"From: news@mail.example.org <ceo@other.example.org>\r\n" + HEAD + b"\r\nhello\r\n"
    ),
    "two Content-Type": OWN + HEAD + b"Content-Type: text/plain\r\n" * 2 + b"\r\nhello\r\n",
    "a boundary that is not closed": (
        OWN + HEAD + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=""\r\n\r\nx\r\n'
    ),
    "a file that is no base64": (
        OWN + HEAD + b"MIME-Version: 1.0\r\nContent-Type: application/pdf; name=a.pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n***\r\n"
    ),
}


@pytest.mark.parametrize("name", HEADERS)
async def test_a_header_with_a_trick_in_it_is_refused(world, database, name):
    (answer,) = await asyncio.to_thread(sent, world, [HEADERS[name]])
    assert answer[:1] == "5"
    assert await stored(database) == []


async def test_folded_and_encoded_headers_stay_one_field(world, database):
    word = base64.b64encode(b"x\r\nBcc: evil@x.test\r\n\r\nbody").decode()
    tricks = [
        OWN + b"To: a@x.test\r\nSubject: =?utf-8?b?" + word.encode() + b"?=\r\n\r\nhello\r\n",
        OWN + b"To: a@x.test\r\nSubject:\r\n x\r\n\t y\r\n\r\nhello\r\n",
    ]
    answers = await asyncio.to_thread(sent, world, tricks)
    assert answers[1].startswith("250 2.0.0 Ok")
    assert len(await stored(database)) == sum(answer.startswith("250") for answer in answers)


PIECES = (
    *(b"news@mail.example.org", b"help@mail.example.org", b"ceo@other.example.org", b"<", b">"),
    *(b" ", b"\r\n ", b",", b'"', b"(", b")", b"\\", b":", b";", b"=?utf-8?q?=40?=", b"x", b"@"),
    *(b"news@second.example.org", b"\r\nFrom: ", b"\xff", "é".encode(), b"%", b"\t", b"group:"),
)


async def test_no_mail_is_taken_for_somebody_else(world, database):
    chance = random.Random(SEED)
    mails = [OWN + HEAD + b"\r\nhello\r\n"]
    for _ in range(300):
        value = b"".join(chance.choices(PIECES, k=chance.randint(1, 6)))
        mails.append(b"From: " + value + b"\r\n" + HEAD + b"\r\nhello\r\n")

    def all_sent():
        # A connection is hung up after twenty refusals, so each carries a few.
        return [
            answer
            for start in range(0, len(mails), 15)
            for answer in sent(world, mails[start : start + 15])
        ]

    answers = await asyncio.to_thread(all_sent)
    taken = await stored(database)
    assert len(taken) == sum(answer.startswith("250") for answer in answers) > 1
    assert {account for account, _ in taken} == {world.account_id}
    assert {address for _, address in taken} <= {"news@mail.example.org", "help@mail.example.org"}
    assert {answer[:1] for answer in answers} == {"2", "5"}


@pytest.mark.parametrize(
    ("minimum", "newest", "taken"),
    [
        ("1.0", "TLSv1", True),
        ("1.2", "TLSv1_1", False),
        ("1.2", "TLSv1_2", True),
        ("1.3", "TLSv1_2", False),
    ],
)
def test_the_oldest_tls_version_is_a_setting(tmp_path, clock, minimum, newest, taken):
    settings = SubmissionSettings(minimum_tls=minimum)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        server = Certificate(settings, data_dir=tmp_path, host_name="localhost", clock=clock).load()
        client = ssl.create_default_context(cafile=str(tmp_path / "tls" / "submission.pem"))
        client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        client.maximum_version = ssl.TLSVersion[newest]
    client.set_ciphers("DEFAULT:@SECLEVEL=0")
    assert hold_hands(server, client) is taken


def hold_hands(server, client):
    """Tell whether a handshake succeeds, all in memory."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        server.wrap_bio(up, down, server_side=True),
        client.wrap_bio(down, up, server_hostname="localhost"),
    ]
    for _ in range(6):
        for side in sides:
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return sides[0].version() is not None and sides[0].version() == sides[1].version()


async def test_twenty_refusals_end_the_connection(world, database):
    def greedy():
        with pytest.raises((smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException)):
            sent(world, [HEADERS["two From"]] * 25)

    await asyncio.to_thread(greedy)
    assert await stored(database) == []
