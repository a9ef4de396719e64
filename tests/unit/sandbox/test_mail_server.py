import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.support.peers.sending import MAIL, envelope, opened

from tayori.mail.outcome import Kind, Outcome, Stage
from tayori.runtime.clock import SettableClock
from tayori.sandbox.behaviours import BEHAVIOURS, behaviour_of
from tayori.sandbox.mail_server import Greylist, MailServer
from tayori.sandbox.mailbox import Mailbox
from tayori.smtp.tls import ClientTls, TlsPolicy


@pytest.fixture
async def server() -> AsyncIterator[MailServer]:
    async with MailServer(Mailbox(), SettableClock(), slow_s=0) as running:
        yield running


async def send(server: MailServer, *recipients: str, content: bytes = MAIL) -> tuple[Outcome, ...]:
    session = await opened(server.port, SettableClock())
    result = await session.send(envelope(*recipients, content=content), content)
    session.abort()
    return result.outcomes


async def test_a_mail_is_kept_as_it_came(server: MailServer) -> None:
    session = await opened(
        server.port, SettableClock(), tls=TlsPolicy.OPPORTUNISTIC, client_tls=ClientTls()
    )
    result = await session.send(envelope("a@x.test", "b@x.test"), MAIL)
    assert [outcome.kind for outcome in result.outcomes] == [Kind.DELIVERED] * 2
    await session.quit()
    (mail,) = server.mailbox.mails
    assert mail.raw == MAIL
    assert mail.return_path == "bounce@sender.example"
    assert mail.recipients == ("a@x.test", "b@x.test")
    assert mail.tls.startswith("TLSv1.3 ")
    assert (mail.peer, mail.helo) == ("127.0.0.1", "mail.sender.example")
    assert mail.received_at == server.clock.now()


async def test_it_offers_what_a_modern_receiver_does(server: MailServer) -> None:
    session = await opened(server.port, SettableClock())
    offered = session.extensions
    assert offered.starttls
    assert offered.pipelining
    assert offered.eightbit
    assert offered.smtputf8
    assert offered.size
    await session.quit()


@pytest.mark.parametrize(
    ("address", "code", "enhanced", "stage"),
    [
        ("bounce@x.test", 550, "5.1.1", Stage.RCPT),
        ("Unknown-User+7@x.test", 550, "5.1.1", Stage.RCPT),
        ("full@x.test", 452, "4.2.2", Stage.RCPT),
        ("over-quota@x.test", 552, "5.2.2", Stage.RCPT),
        ("reject@x.test", 554, "5.7.1", Stage.CONTENT),
    ],
)
async def test_addresses_that_refuse(
    server: MailServer, address: str, code: int, enhanced: str, stage: Stage
) -> None:
    for _ in range(2):
        (outcome,) = await send(server, address)
        assert outcome.reply is not None
        assert (outcome.reply.code, outcome.reply.enhanced) == (code, enhanced)
        assert outcome.stage is stage
    assert not server.mailbox.mails


@pytest.mark.parametrize("address", ["defer@x.test", "greylist+1@x.test"])
async def test_addresses_that_take_at_the_second_attempt(server: MailServer, address: str) -> None:
    for _ in range(2):
        (first,) = await send(server, address)
        assert first.reply is not None
        assert (first.kind, first.reply.code) == (Kind.TEMPORARY, 451)
        (second,) = await send(server, address)
        assert second.kind is Kind.DELIVERED
    assert len(server.mailbox) == 2


async def test_an_address_that_hangs_up(server: MailServer) -> None:
    (outcome,) = await send(server, "drop@x.test")
    assert outcome.kind is Kind.UNKNOWN
    assert outcome.reply is None
    assert not server.mailbox.mails


async def test_slow_addresses_take_the_mail_late() -> None:
    server = MailServer(Mailbox(), SettableClock(), slow_s=3600)
    await server.start()
    sending = asyncio.create_task(send(server, "slow@x.test"))
    other = await send(server, "quick@x.test")
    assert other[0].kind is Kind.DELIVERED
    assert not sending.done()
    await server.stop()
    await asyncio.gather(sending, return_exceptions=True)


async def test_slow_addresses_take_the_mail(server: MailServer) -> None:
    (outcome,) = await send(server, "slow@x.test")
    assert outcome.kind is Kind.DELIVERED
    assert len(server.mailbox) == 1


async def test_refused_recipients_stay_out_of_the_envelope(server: MailServer) -> None:
    outcomes = await send(server, "a@x.test", "bounce@x.test", "b@x.test")
    assert [outcome.kind for outcome in outcomes] == [
        Kind.DELIVERED,
        Kind.PERMANENT,
        Kind.DELIVERED,
    ]
    assert server.mailbox.mails[0].recipients == ("a@x.test", "b@x.test")


def test_the_greylist_is_bounded() -> None:
    greylist = Greylist()
    for number in range(10_001):
        assert not greylist.comes_again(f"{number}@x.test")
    assert not greylist.comes_again("0@x.test")
    assert greylist.comes_again("10000@X.test")


def test_each_local_part_stands_once_in_the_table() -> None:
    names = [local for row in BEHAVIOURS for local in row.local_parts]
    assert len(names) == len(set(names))
    assert all(behaviour_of(f"{local}@x.test") for local in names)
    assert all(row.sentence.endswith(".") for row in BEHAVIOURS)
    assert behaviour_of("anyone@x.test") is None
    assert behaviour_of("postmaster") is None
    assert behaviour_of('"drop"@x.test') is not None
