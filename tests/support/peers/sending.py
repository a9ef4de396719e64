"""Our client, opened for a test against a port of 127.0.0.1."""

from dataclasses import replace

from tayori.runtime.clock import Clock
from tayori.smtp.client import connect, connect_opportunistic
from tayori.smtp.envelope import ConnectFailure, Envelope, Timeouts
from tayori.smtp.session import Session
from tayori.smtp.tls import ClientTls, TlsPolicy

MAIL = b"From: a@sender.example\r\nTo: b@receiver.example\r\nSubject: test\r\n\r\n.Hello\r\n..\r\n"


def envelope(*recipients: str, content: bytes = MAIL) -> Envelope:
    """Return an envelope to some recipients, or to one."""
    return Envelope(
        return_path="bounce@sender.example",
        recipients=recipients or ("b@receiver.example",),
        size=len(content),
    )


async def try_open(
    port: int,
    clock: Clock,
    *,
    tls: TlsPolicy = TlsPolicy.NONE,
    client_tls: ClientTls | None = None,
    timeouts: Timeouts | None = None,
    host_name: str = "mx.receiver.example",
) -> Session | ConnectFailure:
    """Connect, with the ladder when opportunistic."""
    used = timeouts or replace(Timeouts(), quit_s=2)
    if tls is TlsPolicy.OPPORTUNISTIC:
        return await connect_opportunistic(
            "127.0.0.1",
            port,
            host_name=host_name,
            ehlo_name="mail.sender.example",
            clock=clock,
            client_tls=client_tls or ClientTls(),
            timeouts=used,
        )
    return await connect(
        "127.0.0.1",
        port,
        host_name=host_name,
        ehlo_name="mail.sender.example",
        clock=clock,
        tls=tls,
        client_tls=client_tls,
        timeouts=used,
    )


async def opened(
    port: int,
    clock: Clock,
    *,
    tls: TlsPolicy = TlsPolicy.NONE,
    client_tls: ClientTls | None = None,
    timeouts: Timeouts | None = None,
) -> Session:
    """Connect; the session must come about."""
    session = await try_open(port, clock, tls=tls, client_tls=client_tls, timeouts=timeouts)
    assert isinstance(session, Session), session
    return session


async def refused(
    port: int,
    clock: Clock,
    *,
    tls: TlsPolicy = TlsPolicy.NONE,
    client_tls: ClientTls | None = None,
    timeouts: Timeouts | None = None,
    host_name: str = "mx.receiver.example",
) -> ConnectFailure:
    """Connect; it must fail."""
    failure = await try_open(
        port, clock, tls=tls, client_tls=client_tls, timeouts=timeouts, host_name=host_name
    )
    assert isinstance(failure, ConnectFailure), failure
    return failure
