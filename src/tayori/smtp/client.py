"""Opening SMTP connections as a client: address in, `Session` or `ConnectFailure` out.

Nothing here raises for what the network or a peer does; only wrong arguments raise ValueError.
"""

import asyncio
import re
from dataclasses import replace
from enum import IntEnum

from tayori.mail.outcome import Kind, Scope, Stage
from tayori.runtime.clock import Clock
from tayori.smtp.dialogue import Conversation, PeerCheck
from tayori.smtp.envelope import ConnectFailure, Timeouts
from tayori.smtp.session import Session
from tayori.smtp.tls import ClientTls, TlsPolicy
from tayori.smtp.tls_fault import TlsFault

_EHLO_NAME = re.compile(
    r"(?=.{1,255}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
    r"|\[(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]"
)

STANDARD_TIMEOUTS = Timeouts()
_NEEDED = dict.fromkeys(TlsPolicy, ("client_tls",)) | {
    TlsPolicy.NONE: (),
    TlsPolicy.DANE: ("client_tls", "check"),
}


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
    reduced: bool = False,
    check: PeerCheck | None = None,
) -> Session | ConnectFailure:
    """Connect to an IP address, say hello, start TLS as the policy asks.

    `host_name` is the MX host (server name indication, verification when REQUIRED); `ehlo_name`
    names us. Without `client_tls` only the policy NONE is possible. With OPPORTUNISTIC a broken
    handshake is a failure with `tls_failed`: see `connect_opportunistic`. `check` judges the
    certificates after the handshake; DANE is nothing without it.
    """
    if not valid_ehlo_name(ehlo_name):
        raise ValueError(f"not a name for EHLO: {ehlo_name!r}")
    for needed, having in (("client_tls", client_tls), ("check", check)):
        if having is None and needed in _NEEDED[tls]:
            raise ValueError(f"the TLS policy {tls.value} needs {needed}")
    loop = asyncio.get_running_loop()
    talk = Conversation(
        host_name=host_name.rstrip("."),
        address=address,
        ehlo_name=ehlo_name,
        policy=tls,
        timeouts=timeouts,
        clock=clock,
        check=check,
        reduced=reduced,
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


class Rung(IntEnum):
    """How much of TLS a connection tries; each is less than the one before."""

    BEST = 0
    REDUCED = 1
    """Old versions and a hello for old servers."""
    CLEAR = 2


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
    first: Rung = Rung.BEST,
    encrypted: bool = False,
) -> Session | ConnectFailure:
    """Connect with TLS if it works, else on a new connection with less, in the end in clear.

    With `encrypted` it is never in clear. The session's `tls_refused` tells what went wrong with
    TLS, and its `talk.fault` why less was tried than before; with `first` it begins lower down.
    """
    fault: TlsFault | None = None
    tried: Session | ConnectFailure | None = None
    for rung in _rungs(first, client_tls, encrypted=encrypted):
        in_tls = TlsPolicy.ENCRYPTED if encrypted else TlsPolicy.OPPORTUNISTIC
        tried = await connect(
            address,
            port,
            host_name=host_name,
            ehlo_name=ehlo_name,
            clock=clock,
            source_address=source_address,
            tls=TlsPolicy.NONE if rung is Rung.CLEAR else in_tls,
            client_tls=client_tls,
            timeouts=timeouts,
            reduced=rung is Rung.REDUCED,
        )
        if isinstance(tried, Session):
            if fault is not None:
                tried.talk.fault = fault
                tried.talk.tls_refused = fault.detail.english if rung is Rung.CLEAR else ""
            return tried
        if not tried.tls_failed:
            break
        fault = fault or tried.fault
    if tried is None:
        raise ValueError("there is no rung below the clear one")
    return tried if isinstance(tried, Session) else replace(tried, fault=fault or tried.fault)


def _rungs(first: Rung, client_tls: ClientTls, *, encrypted: bool) -> list[Rung]:
    """Return the rungs to try, in order; clear text is none where encryption is demanded."""
    rungs = [
        rung
        for rung in Rung
        if rung >= first
        and (rung is not Rung.REDUCED or client_tls.has_reduced)
        and (rung is not Rung.CLEAR or not encrypted)
    ]
    return rungs or [Rung.BEST]
