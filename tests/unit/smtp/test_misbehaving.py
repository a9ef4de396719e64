import asyncio
from dataclasses import replace

import pytest
from tests.support.peers import misbehaving as peers
from tests.support.peers.scripted import Peer, Script, scripted
from tests.support.peers.sending import MAIL, envelope, opened, refused

from tayori.mail.outcome import Kind, Scope, Stage
from tayori.runtime.clock import SettableClock
from tayori.smtp.envelope import SendResult, Timeouts

SHORT = 0.05


async def result_of(script: Script, clock: SettableClock, *recipients: str) -> SendResult:
    async with scripted(script) as server:
        session = await opened(server.port, clock)
        return await session.send(envelope(*recipients), MAIL)


@pytest.mark.parametrize(
    ("script", "kind", "stage", "code", "usable"),
    [
        (peers.greylists, Kind.TEMPORARY, Stage.RCPT, 450, True),
        (peers.closes_in_data, Kind.TEMPORARY, Stage.DATA, 421, False),
        (peers.closes_after_dot, Kind.TEMPORARY, Stage.CONTENT, 421, False),
        (peers.drops_before_data, Kind.TEMPORARY, Stage.DATA, None, False),
        (peers.drops_after_dot, Kind.UNKNOWN, Stage.CONTENT, None, False),
        (peers.speaks_bare_lf, Kind.DELIVERED, Stage.CONTENT, 250, True),
        (peers.long_replies, Kind.PERMANENT, Stage.RCPT, 550, True),
        (peers.endless_reply, Kind.TEMPORARY, Stage.MAIL, None, False),
        (peers.tarpits, Kind.DELIVERED, Stage.CONTENT, 250, True),
        (peers.takes_all, Kind.DELIVERED, Stage.CONTENT, 250, True),
    ],
)
async def test_outcome(
    script: Script,
    clock: SettableClock,
    *,
    kind: Kind,
    stage: Stage,
    code: int | None,
    usable: bool,
) -> None:
    result = await result_of(script, clock)
    (outcome,) = result.outcomes
    assert (outcome.kind, outcome.stage, result.usable) == (kind, stage, usable)
    assert (outcome.reply.code if outcome.reply else None) == code
    assert result.started


async def test_some_recipients_are_accepted(clock: SettableClock) -> None:
    result = await result_of(peers.accepts_some, clock, "a@x.example", "b@x.example", "c@x.example")
    kinds = [outcome.kind for outcome in result.outcomes]
    assert kinds == [Kind.DELIVERED, Kind.PERMANENT, Kind.DELIVERED]


async def test_a_drop_within_large_content_is_no_unknown(clock: SettableClock) -> None:
    content = (b"x" * 70 + b"\r\n") * 400_000
    async with scripted(peers.drops_within_content) as server:
        session = await opened(server.port, clock)
        mail = replace(envelope(), size=1)
        result = await session.send(mail, content)
    assert result.outcomes[0].kind is Kind.TEMPORARY


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"554 5.7.1 Your address is blocked\r\n", Kind.PERMANENT),
        (b"521 No mail here\r\n", Kind.PERMANENT),
        (b"421 Too busy\r\n", Kind.TEMPORARY),
        (b"450 Later\r\n", Kind.TEMPORARY),
        (b"354 What\r\n", Kind.TEMPORARY),
    ],
)
async def test_a_refusing_greeting(reply: bytes, kind: Kind, clock: SettableClock) -> None:
    async with scripted(peers.refuses_connection(reply)) as server:
        failure = await refused(server.port, clock)
    outcome = failure.outcome
    assert (outcome.kind, outcome.scope) == (kind, Scope.CONNECTION)
    assert outcome.stage is Stage.GREETING
    assert outcome.reply is not None
    assert not failure.tls_failed


@pytest.mark.parametrize("octets", [b"", b"SSH-2.0-x\r\n", b"\x16\x03\x01", b"220-a\r\n"])
async def test_a_greeting_that_is_none(octets: bytes, clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(octets)

    async with scripted(script) as server:
        failure = await refused(server.port, clock)
    assert failure.outcome.kind is Kind.TEMPORARY
    assert failure.outcome.stage is Stage.GREETING
    assert failure.outcome.reply is None


async def test_helo_for_a_server_without_ehlo(clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(b"220 old.example\r\n")
        await peer.expect(b"EHLO mail.sender.example")
        await peer.say(b"500 What?\r\n")
        await peer.expect(b"HELO mail.sender.example")
        await peer.say(b"250 old.example\r\n")
        assert await peer.line() == b"MAIL FROM:<bounce@sender.example>"
        await peer.say(b"250 OK\r\n")
        assert await peer.line() == b"RCPT TO:<b@receiver.example>"
        await peer.say(b"250 OK\r\n")
        assert await peer.line() == b"DATA"
        await peer.say(b"354 Go\r\n")
        await peer.content()
        await peer.say(b"250 Thanks\r\n")
        await peer.expect(b"QUIT")
        await peer.say(b"221 Bye\r\n")

    async with scripted(script) as server:
        session = await opened(server.port, clock)
        assert not session.extensions.pipelining
        assert (await session.send(envelope(), MAIL)).outcomes[0].kind is Kind.DELIVERED
        await session.quit()


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([b"421 Busy\r\n"], Kind.TEMPORARY),
        ([b"450 Later\r\n"], Kind.TEMPORARY),
        ([b"550 No EHLO\r\n", b"550 No HELO\r\n"], Kind.PERMANENT),
        ([b"550 No EHLO\r\n"], Kind.TEMPORARY),
    ],
)
async def test_hello_refused(answers: list[bytes], kind: Kind, clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(b"220 mx.example\r\n")
        for answer in answers:
            await peer.line()
            await peer.say(answer)
        await peer.line() if len(answers) == 2 else None

    async with scripted(script) as server:
        failure = await refused(server.port, clock)
    assert (failure.outcome.kind, failure.outcome.stage) == (kind, Stage.HELLO)


async def test_content_for_nobody_ends_with_a_lone_dot(clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer, b"250 OK\r\n550 5.1.1 No\r\n354 Go ahead\r\n")
        assert await peer.line() == b"."
        await peer.say(b"554 No recipients\r\n")
        await peers.envelope(peer)
        await peer.content()
        await peer.say(b"250 OK\r\n")
        await peer.ended()

    async with scripted(script) as server:
        session = await opened(server.port, clock)
        first = await session.send(envelope(), MAIL)
        assert first.outcomes[0].kind is Kind.PERMANENT
        assert str(first.outcomes[0].reply) == "550 5.1.1 No"
        assert (await session.send(envelope(), MAIL)).outcomes[0].kind is Kind.DELIVERED
        await session.quit()


async def test_a_failed_transaction_is_reset_before_the_next(clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer, b"550 5.7.1 Not you\r\n503 MAIL first\r\n503 MAIL first\r\n")
        await peer.expect(b"RSET")
        await peers.envelope(peer, b"250 reset\r\n")
        for _ in range(2):
            await peer.line()
        await peer.say(b"250 OK\r\n250 OK\r\n354 Go\r\n")
        await peer.content()
        await peer.say(b"250 OK\r\n")
        await peer.ended()

    async with scripted(script) as server:
        session = await opened(server.port, clock)
        first = await session.send(envelope(), MAIL)
        (outcome,) = first.outcomes
        assert (outcome.kind, outcome.scope) == (Kind.PERMANENT, Scope.MESSAGE)
        assert outcome.stage is Stage.MAIL
        assert (await session.send(envelope(), MAIL)).outcomes[0].kind is Kind.DELIVERED
        await session.quit()


@pytest.mark.parametrize(
    ("replies", "stage", "kind"),
    [
        (b"250 OK\r\n552 Too many recipients\r\n503 no\r\n", Stage.RCPT, Kind.TEMPORARY),
        (b"250 OK\r\n250 OK\r\n554 5.7.1 No\r\n", Stage.DATA, Kind.PERMANENT),
        (b"250 OK\r\n250 OK\r\n250 strange\r\n", Stage.DATA, Kind.TEMPORARY),
        (b"354 strange\r\n250 OK\r\n354 Go\r\n", Stage.MAIL, Kind.TEMPORARY),
        (b"452 4.3.1 Full\r\n503 no\r\n503 no\r\n", Stage.MAIL, Kind.TEMPORARY),
    ],
)
async def test_refused_envelopes(
    replies: bytes, stage: Stage, kind: Kind, clock: SettableClock
) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer, replies)
        await peer.ended()

    result = await result_of(script, clock)
    assert (result.outcomes[0].stage, result.outcomes[0].kind) == (stage, kind)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"554 5.7.1 Spam\r\n", Kind.PERMANENT),
        (b"451 4.3.0 Later\r\n", Kind.TEMPORARY),
        (b"354 strange\r\n", Kind.UNKNOWN),
        (b"no reply at all\r\n", Kind.UNKNOWN),
        (b"250-half a reply", Kind.UNKNOWN),
    ],
)
async def test_refused_content(reply: bytes, kind: Kind, clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer)
        await peer.content()
        await peer.say(reply)

    result = await result_of(script, clock)
    assert (result.outcomes[0].stage, result.outcomes[0].kind) == (Stage.CONTENT, kind)


@pytest.mark.parametrize(
    ("script", "timeouts"),
    [
        (peers.never_greets, replace(Timeouts(), greeting_s=SHORT)),
        (peers.never_greets, replace(Timeouts(), greeting_s=SHORT, hello_s=SHORT)),
    ],
)
async def test_no_greeting_in_time(
    script: Script, timeouts: Timeouts, clock: SettableClock
) -> None:
    async with scripted(script) as server:
        failure = await refused(server.port, clock, timeouts=timeouts)
    assert failure.outcome.kind is Kind.TEMPORARY
    assert "timed out" in failure.outcome.detail


@pytest.mark.parametrize(
    ("script", "timeouts", "kind", "stage"),
    [
        (peers.never_answers, Timeouts(mail_s=SHORT), Kind.TEMPORARY, Stage.MAIL),
        (peers.never_answers_content, Timeouts(final_s=SHORT), Kind.UNKNOWN, Stage.CONTENT),
    ],
)
async def test_no_answer_in_time(
    script: Script, timeouts: Timeouts, kind: Kind, stage: Stage, clock: SettableClock
) -> None:
    async with scripted(script) as server:
        session = await opened(server.port, clock, timeouts=timeouts)
        result = await session.send(envelope(), MAIL)
        assert session.closed
    (outcome,) = result.outcomes
    assert (outcome.kind, outcome.stage) == (kind, stage)
    assert "timed out" in outcome.detail


async def test_content_that_is_not_read_times_out_by_block(clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer)
        await stuck.wait()

    stuck = asyncio.Event()
    async with scripted(script, read_ahead=1 << 14) as server:
        session = await opened(server.port, clock, timeouts=Timeouts(block_s=SHORT))
        result = await session.send(replace(envelope(), size=1), b"x" * 50_000_000)
        stuck.set()
    (outcome,) = result.outcomes
    assert (outcome.kind, outcome.stage) == (Kind.TEMPORARY, Stage.CONTENT)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (b"552 5.3.4 Too large\r\n", Kind.PERMANENT),
        (b"421 4.3.0 Dying\r\n", Kind.TEMPORARY),
        (b"250 Already?\r\n", Kind.TEMPORARY),
    ],
)
async def test_a_reply_before_the_end_of_the_content(
    reply: bytes, kind: Kind, clock: SettableClock
) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer)
        await peer.octets(1000)
        await peer.say(reply)
        await stuck.wait()

    stuck = asyncio.Event()
    async with scripted(script) as server:
        session = await opened(server.port, clock)
        result = await session.send(replace(envelope(), size=1), b"x" * 50_000_000)
        stuck.set()
    (outcome,) = result.outcomes
    assert (outcome.kind, outcome.stage, result.usable) == (kind, Stage.CONTENT, False)


async def test_a_server_that_closes_an_idle_session(clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer)
        await peer.content()
        await peer.say(b"250 OK\r\n421 4.4.2 Idle too long\r\n")

    async with scripted(script) as server:
        session = await opened(server.port, clock)
        result = await session.send(envelope(), MAIL)
        assert result.outcomes[0].kind is Kind.DELIVERED
        after = await session.send(envelope(), MAIL)
    assert (after.started, after.usable) == (False, False)
    assert after.outcomes[0].kind is Kind.TEMPORARY


async def test_421_to_a_chained_envelope(clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer)
        await peer.content()
        await peer.say(b"250 OK\r\n421 4.7.0 One mail per connection\r\n")

    async with scripted(script) as server:
        session = await opened(server.port, clock)
        sent = [session.send(envelope(), MAIL, chain=True) for _ in range(3)]
        results = [await future for future in sent]
    assert [result.outcomes[0].kind for result in results] == [
        Kind.DELIVERED,
        Kind.TEMPORARY,
        Kind.TEMPORARY,
    ]
    assert [result.started for result in results] == [True, False, False]


async def test_a_chained_envelope_is_written_with_the_final_dot(clock: SettableClock) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer)
        await peers.envelope(peer)
        await peer.content()
        # Nothing is said about the first mail until the second envelope is here.
        assert (await peer.line()).startswith(b"MAIL")
        assert (await peer.line()).startswith(b"RCPT")
        assert await peer.line() == b"DATA"
        await peer.say(b"550 5.7.1 Spam\r\n250 OK\r\n250 OK\r\n354 Go\r\n")
        await peer.content()
        await peer.say(b"250 OK\r\n")
        await peer.ended()

    async with scripted(script) as server:
        session = await opened(server.port, clock)
        first = session.send(envelope(), MAIL, chain=True)
        second = session.send(envelope(), MAIL, chain=True)
        assert (await first).outcomes[0].kind is Kind.PERMANENT
        assert (await second).outcomes[0].kind is Kind.DELIVERED
        await session.quit()


async def test_a_server_without_pipelining_hears_one_command_at_a_time(
    clock: SettableClock,
) -> None:
    async def script(peer: Peer) -> None:
        await peers.hello(peer, peers.PLAIN)
        for start, reply in (
            (b"MAIL", b"250 OK\r\n"),
            (b"RCPT", b"550 No\r\n"),
            (b"RSET", b"250 OK\r\n"),
            (b"MAIL", b"550 No\r\n"),
            (b"RSET", b"250 OK\r\n"),
            (b"MAIL", b"250 OK\r\n"),
            (b"RCPT", b"550 No\r\n"),
            (b"RCPT", b"250 OK\r\n"),
            (b"DATA", b"354 Go\r\n"),
        ):
            await peer.expect(start)
            await peer.say(reply)
        await peer.content()
        await peer.say(b"250 OK\r\n")
        await peer.expect(b"QUIT")

    async with scripted(script) as server:
        session = await opened(server.port, clock)
        sent = [
            session.send(envelope(), MAIL, chain=True),
            session.send(envelope(), MAIL, chain=True),
            session.send(envelope("a@x.example", "b@x.example"), MAIL, chain=True),
        ]
        results = [await future for future in sent]
        assert [outcome.kind for result in results for outcome in result.outcomes] == [
            Kind.PERMANENT,
            Kind.PERMANENT,
            Kind.PERMANENT,
            Kind.DELIVERED,
        ]
        assert [result.outcomes[0].stage for result in results] == [
            Stage.RCPT,
            Stage.MAIL,
            Stage.RCPT,
        ]
        await session.quit()
