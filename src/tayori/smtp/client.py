"""Opening SMTP connections as a client: address in, `Session` or `ConnectFailure` out.

Nothing here raises for what the network or a peer does; only wrong arguments raise ValueError.
"""

import asyncio
import re

from tayori.mail.outcome import Kind, Scope, Stage
from tayori.runtime.clock import Clock
from tayori.smtp.dialogue import Conversation
from tayori.smtp.envelope import ConnectFailure, Timeouts
from tayori.smtp.session import Session
from tayori.smtp.tls import ClientTls, TlsPolicy

_EHLO_NAME = re.compile(
    r"(?=.{1,255}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
    r"|\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]"
)

STANDARD_TIMEOUTS = Timeouts()


def valid_ehlo_name(name: str) -> bool:
    """Tell whether `name` is a domain or an address literal (RFC 5321 4.1.1.1)."""
    return _EHLO_NAME.fullmatch(name) is not None


async def connect(
    address: str,
    port: int,
    *,
    host_name: str,
    ehlo_name: str,
    clock: Clock,
    source_address: str | None = None,
    tls: TlsPolicy = TlsPolicy.OPPORTUNISTIC,
    client_tls: ClientTls | None = None,
    timeouts: Timeouts = STANDARD_TIMEOUTS,
) -> Session | ConnectFailure:
    """Connect to an IP address, say hello, start TLS as the policy asks.

    `host_name` is the MX host (server name indication, verification when REQUIRED); `ehlo_name`
    names us. Without `client_tls` only the policy NONE is possible. With OPPORTUNISTIC a broken
    handshake is a failure with `tls_failed`: see `connect_opportunistic`.
    """
    if not valid_ehlo_name(ehlo_name):
        raise ValueError(f"not a name for EHLO: {ehlo_name!r}")
    if tls is not TlsPolicy.NONE and client_tls is None:
        raise ValueError(f"the TLS policy {tls.value} needs client_tls")
    loop = asyncio.get_running_loop()
    talk = Conversation(
        host_name=host_name.rstrip("."),
        address=address,
        ehlo_name=ehlo_name,
        policy=tls,
        timeouts=timeouts,
        clock=clock,
    )
    session = Session(loop, talk, client_tls)
    unreachable = await _reach(session, talk, port, source_address)
    if unreachable is not None:
        return unreachable
    try:
        failure = await session.ready
    except BaseException:
        session.abort()
        raise
    if failure is not None:
        return failure
    session.remember_tls()
    return session


async def _reach(
    session: Session, talk: Conversation, port: int, source_address: str | None
) -> ConnectFailure | None:
    began = talk.clock.now()
    try:
        async with asyncio.timeout(talk.timeouts.connect_s):
            await asyncio.get_running_loop().create_connection(
                lambda: session,
                talk.address,
                port,
                local_addr=(source_address, 0) if source_address else None,
            )
    except (OSError, TimeoutError) as error:
        session.abort()
        outcome = talk.outcome(
            Kind.TEMPORARY,
            Scope.CONNECTION,
            Stage.CONNECT,
            reply=None,
            started_at=began,
            detail=str(error) or f"no connection within {talk.timeouts.connect_s:g} seconds",
        )
        return ConnectFailure(outcome=outcome)
    return None


async def connect_opportunistic(
    address: str,
    port: int,
    *,
    host_name: str,
    ehlo_name: str,
    clock: Clock,
    client_tls: ClientTls,
    source_address: str | None = None,
    timeouts: Timeouts = STANDARD_TIMEOUTS,
) -> Session | ConnectFailure:
    """Connect with TLS if it works, else on a new connection in clear.

    The session's `tls_refused` tells what went wrong with TLS.
    """
    first = await connect(
        address,
        port,
        host_name=host_name,
        ehlo_name=ehlo_name,
        clock=clock,
        source_address=source_address,
        tls=TlsPolicy.OPPORTUNISTIC,
        client_tls=client_tls,
        timeouts=timeouts,
    )
    if isinstance(first, Session) or not first.tls_failed:
        return first
    second = await connect(
        address,
        port,
        host_name=host_name,
        ehlo_name=ehlo_name,
        clock=clock,
        source_address=source_address,
        tls=TlsPolicy.NONE,
        timeouts=timeouts,
    )
    if isinstance(second, Session):
        second.note_tls_refused(first.outcome.detail)
    return second
