import asyncio
import random

import pytest
from tests.support.peers.receiving import Certificates, Receivers, Recorder
from tests.support.peers.sending import MAIL, envelope, opened

from tayori.mail.outcome import Kind, Scope, Stage
from tayori.runtime.clock import SettableClock
from tayori.smtp.client import connect
from tayori.smtp.envelope import Envelope
from tayori.smtp.handler import ServerSettings
from tayori.smtp.tls import ClientTls, TlsPolicy, server_context

BIG = b"".join(random.Random(1).randbytes(57).hex().encode() + b"\r\n.\r\n" for _ in range(40_000))


@pytest.mark.parametrize("policy", [one for one in TlsPolicy if one is not TlsPolicy.DANE])
@pytest.mark.parametrize("content", [MAIL, b"", b".\r\n", BIG], ids=["mail", "empty", "dot", "big"])
async def test_a_mail_arrives_as_it_was(
    policy: TlsPolicy,
    content: bytes,
    receivers: Receivers,
    clock: SettableClock,
    certificates: Certificates,
) -> None:
    recorder = Recorder()
    tls = server_context(certificates.both, certificates.both)
    port = await receivers.start(recorder, ServerSettings(host_name="mx.example", tls=tls))
    roots = ClientTls(trust_roots=certificates.roots)
    session = await opened(port, clock, tls=policy, client_tls=roots)
    result = await session.send(envelope(content=content), content)
    (outcome,) = result.outcomes
    assert outcome.kind is Kind.DELIVERED
    assert outcome.reply == result.reply
    assert str(result.reply) == "250 2.0.0 taken as 1"
    assert (result.usable, result.started) == (True, True)
    assert bool(outcome.tls) == bool(session.tls) == (policy is not TlsPolicy.NONE)
    assert (outcome.peer_host, outcome.peer_address) == ("mx.receiver.example", "127.0.0.1")
    ((received, taken),) = recorder.messages
    assert taken == content
    assert received.mail.return_path == "bounce@sender.example"
    assert received.mail.size == len(content)
    assert [rcpt.address for rcpt in received.recipients] == ["b@receiver.example"]
    await session.quit()
    assert session.closed


async def test_each_recipient_gets_its_own_outcome(
    receivers: Receivers, clock: SettableClock
) -> None:
    recorder = Recorder()
    session = await opened(await receivers.start(recorder), clock)
    result = await session.send(
        envelope("a@x.example", "unknown@x.example", "later@x.example"), MAIL
    )
    assert [outcome.kind for outcome in result.outcomes] == [
        Kind.DELIVERED,
        Kind.PERMANENT,
        Kind.TEMPORARY,
    ]
    assert [outcome.stage for outcome in result.outcomes[1:]] == [Stage.RCPT, Stage.RCPT]
    assert result.outcomes[1].scope is Scope.RECIPIENT
    assert str(result.outcomes[1].reply) == "550 5.1.1 No such user"
    assert len(recorder.messages) == 1


async def test_a_session_goes_on_after_a_failed_mail(
    receivers: Receivers, clock: SettableClock
) -> None:
    recorder = Recorder()
    session = await opened(await receivers.start(recorder), clock)
    for recipient, kind in (
        ("unknown@x.example", Kind.PERMANENT),
        ("a@x.example", Kind.DELIVERED),
        ("broken@x.example", Kind.TEMPORARY),
        ("later@x.example", Kind.TEMPORARY),
        ("b@x.example", Kind.DELIVERED),
    ):
        result = await session.send(envelope(recipient), MAIL)
        assert (result.outcomes[0].kind, result.usable) == (kind, True)
    assert session.mail_count == 5
    assert len(recorder.messages) == 2
    assert await session.reset()


async def test_a_handler_that_raises_is_reported(
    receivers: Receivers, clock: SettableClock
) -> None:
    reports: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: reports.append(context["exception"])
    )
    session = await opened(await receivers.start(Recorder()), clock)
    result = await session.send(envelope("broken@x.example"), MAIL)
    assert str(result.outcomes[0].reply) == "451 4.3.0 Local error, try again later"
    assert [str(report) for report in reports] == ["a fault in the handler"]


@pytest.mark.parametrize("chain", [False, True])
@pytest.mark.parametrize("policy", [TlsPolicy.NONE, TlsPolicy.OPPORTUNISTIC])
async def test_many_mails_given_at_once_go_in_order(
    chain: bool,
    policy: TlsPolicy,
    receivers: Receivers,
    clock: SettableClock,
    certificates: Certificates,
) -> None:
    recorder = Recorder()
    tls = server_context(certificates.both, certificates.both)
    port = await receivers.start(recorder, ServerSettings(host_name="mx.example", tls=tls))
    session = await opened(port, clock, tls=policy)
    mails = [b"Subject: %d\r\n\r\n" % number + BIG[: number * 9_999] for number in range(60)]
    results = await asyncio.gather(
        *(
            session.send(
                envelope("unknown@x.example" if index % 7 == 3 else "a@x.example"),
                mail if mail.endswith(b"\r\n") else mail + b"\r\n",
                chain=chain,
            )
            for index, mail in enumerate(mails)
        )
    )
    for index, result in enumerate(results):
        expected = Kind.PERMANENT if index % 7 == 3 else Kind.DELIVERED
        assert result.outcomes[0].kind is expected, (index, result)
    subjects = [content.split(b"\r\n")[0] for _, content in recorder.messages]
    assert subjects == [b"Subject: %d" % index for index in range(60) if index % 7 != 3]
    assert not session.busy
    await session.quit()


async def test_a_mail_larger_than_the_server_takes_is_not_sent(
    receivers: Receivers, clock: SettableClock
) -> None:
    recorder = Recorder()
    settings = ServerSettings(host_name="mx.example", max_message_size=1000)
    session = await opened(await receivers.start(recorder, settings), clock)
    content = b"x" * 999 + b"\r\n"
    result = await session.send(envelope("a@x.example", "b@x.example", content=content), content)
    for outcome in result.outcomes:
        assert (outcome.kind, outcome.scope) == (Kind.PERMANENT, Scope.MESSAGE)
        assert outcome.stage is Stage.ENGINE
        assert outcome.reply is not None
        assert outcome.reply.enhanced == "5.3.4"
    assert len(result.outcomes) == 2
    assert result.usable
    assert (await session.send(envelope(content=MAIL), MAIL)).outcomes[0].kind is Kind.DELIVERED


async def test_internationalised_mail(receivers: Receivers, clock: SettableClock) -> None:
    recorder = Recorder()
    able = await opened(await receivers.start(recorder), clock)
    unable = await opened(
        await receivers.start(recorder, ServerSettings(host_name="mx.example", smtputf8=False)),
        clock,
    )
    address = "用户@例子.example"
    result = await able.send(envelope(address), MAIL)
    assert result.outcomes[0].kind is Kind.DELIVERED
    assert recorder.messages[0][0].recipients[0].address == address
    assert recorder.messages[0][0].mail.smtputf8
    for mail in (
        envelope(address),
        Envelope(return_path="", recipients=("a@b.example",), size=1, smtputf8=True),
    ):
        refusal = await unable.send(mail, MAIL)
        assert refusal.outcomes[0].kind is Kind.PERMANENT
        assert refusal.outcomes[0].scope is Scope.RECIPIENT
        assert refusal.outcomes[0].reply is not None
        assert refusal.outcomes[0].reply.enhanced == "5.6.7"


async def test_null_sender_and_eight_bit_body(receivers: Receivers, clock: SettableClock) -> None:
    recorder = Recorder()
    session = await opened(await receivers.start(recorder), clock)
    content = "Subject: ä\r\n\r\nö\r\n".encode()
    mail = Envelope(return_path="", recipients=("a@b.example",), size=len(content), body="8BITMIME")
    assert (await session.send(mail, content)).outcomes[0].kind is Kind.DELIVERED
    received, taken = recorder.messages[0]
    assert (received.mail.return_path, received.mail.body) == ("", "8BITMIME")
    assert taken == content


async def test_nobody_listens(clock: SettableClock) -> None:
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    failure = await connect(
        "127.0.0.1",
        port,
        host_name="mx.receiver.example",
        ehlo_name="mail.sender.example",
        clock=clock,
        tls=TlsPolicy.NONE,
        source_address="127.0.0.1",
    )
    assert not hasattr(failure, "send")
    outcome = failure.outcome
    assert (outcome.kind, outcome.scope) == (Kind.TEMPORARY, Scope.CONNECTION)
    assert outcome.stage is Stage.CONNECT
    assert outcome.detail


async def test_wrong_arguments_are_told(clock: SettableClock) -> None:
    with pytest.raises(ValueError, match="EHLO"):
        await connect(
            "127.0.0.1", 1, host_name="a", ehlo_name="a\r\nMAIL", clock=clock, tls=TlsPolicy.NONE
        )
    with pytest.raises(ValueError, match="client_tls"):
        await connect("127.0.0.1", 1, host_name="a", ehlo_name="a.example", clock=clock)


async def test_an_aborted_session_answers_all_mails(
    receivers: Receivers, clock: SettableClock
) -> None:
    recorder = Recorder()
    session = await opened(await receivers.start(recorder), clock)
    first = session.send(envelope("slow@x.example"), MAIL)
    second = session.send(envelope(), MAIL, chain=True)
    third = session.send(envelope(), MAIL)
    await recorder.asked.wait()
    session.abort()
    results = await asyncio.gather(first, second, third)
    assert results[0].outcomes[0].kind is Kind.UNKNOWN
    assert [result.outcomes[0].kind for result in results[1:]] == [Kind.TEMPORARY] * 2
    assert [result.started for result in results] == [True, False, False]
    assert not any(result.usable for result in results)
    after = await session.send(envelope(), MAIL)
    assert (after.started, after.usable) == (False, False)
    assert not await session.reset()
    await session.quit()
    recorder.release.set()


async def test_a_cancelled_wait_does_not_disturb_the_session(
    receivers: Receivers, clock: SettableClock
) -> None:
    recorder = Recorder()
    session = await opened(await receivers.start(recorder), clock)
    first = session.send(envelope("slow@x.example"), MAIL)
    await recorder.asked.wait()
    first.cancel()
    recorder.release.set()
    assert (await session.send(envelope(), MAIL)).outcomes[0].kind is Kind.DELIVERED
    assert len(recorder.messages) == 2
