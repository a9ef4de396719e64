"""The client's conversations as generators: they say octets and are sent the server's replies.

Pure: no input or output, no waiting. Each yields a `Step` and gets the reply to it. When the
connection ends first, `Lost` is thrown in and the conversation still returns its result.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias, TypeVar

from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.mail.transcript import Note
from tayori.refusal.saying import Saying, quote, say
from tayori.runtime.clock import Clock
from tayori.smtp.envelope import ConnectFailure, Timeouts
from tayori.smtp.extensions import Extensions, extensions_of
from tayori.smtp.tls import TlsPolicy, TlsStream
from tayori.smtp.tls_fault import TlsFault, TlsResult


class Act(Enum):
    """What the connection is to do with a step's octets."""

    SAY = 1
    """Write them (b"" = only wait for the next reply)."""
    CONTENT = 2
    """Write them and the final dot; the next mail's envelope may follow."""
    SECURE = 3
    """Begin TLS; the answer to this step is `SECURED`."""


SAY = Act.SAY
CONTENT = Act.CONTENT
SECURE = Act.SECURE

SECURED = Reply(220, "", ())
"""Stands for a finished handshake."""

PeerCheck: TypeAlias = Callable[[TlsStream], TlsFault | None]
"""Judges the server's certificates after the handshake: why they are refused, or None."""

T = TypeVar("T")
Step: TypeAlias = tuple[Act, bytes, float]
"""Act, octets, and the seconds that its reply may take."""
Dialogue: TypeAlias = Generator[Step, Reply, T]


class Lost(Exception):  # noqa: N818 - it is thrown into a conversation, never out of this package
    """The connection ended, or has to be ended, before the awaited reply."""

    def __init__(
        self,
        detail: str,
        *,
        reply: Reply | None = None,
        content_sent: bool = False,
        fault: TlsFault | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reply = reply
        """The 421, or the early reply, that ended it."""
        self.content_sent = content_sent
        """True when the final dot may have reached the peer."""
        self.fault = fault
        """What broke the TLS handshake, if that ended it."""


@dataclass(slots=True, kw_only=True)
class Conversation:
    """What the conversations on one connection know of each other and of the peer."""

    host_name: str
    address: str
    ehlo_name: str
    policy: TlsPolicy
    timeouts: Timeouts
    clock: Clock
    check: PeerCheck | None = None
    reduced: bool = False
    """TLS begins with a hello for old servers."""
    extensions: Extensions = field(default_factory=Extensions)
    tls: str = ""
    tls_refused: str = ""
    """Why an opportunistic connection stays in clear although STARTTLS was offered."""
    fault: TlsFault | None = None
    """What broke TLS on the connection before this one, which is why this one tries less."""
    dirty: bool = False
    """True when an unfinished transaction has to be reset before the next one."""
    broken: bool = False
    """True when both sides are out of step: the connection has to be closed."""
    mails: int = 0
    """Mails begun on this connection."""
    notes: list[Note] = field(default_factory=list)
    """What was said about the mail under way; with the first one, since the greeting."""

    def note(self, said: bytes | int | str | Reply) -> None:
        """Keep what was said."""
        self.notes.append((self.clock.now(), said))

    def outcome(
        self,
        kind: Kind,
        scope: Scope,
        stage: Stage,
        *,
        reply: Reply | None,
        started_at: int,
        detail: str = "",
    ) -> Outcome:
        """Build an outcome that ends now."""
        return Outcome(
            kind=kind,
            scope=scope,
            stage=stage,
            reply=reply,
            detail=detail,
            peer_host=self.host_name,
            peer_address=self.address,
            tls=self.tls,
            started_at=started_at,
            ended_at=self.clock.now(),
            conversation=tuple(self.notes),
        )


def kind_of(reply: Reply) -> Kind:
    """Return what a refusal means: permanent only for the peer's own 5yz."""
    return Kind.PERMANENT if reply.permanent else Kind.TEMPORARY


def opening(  # noqa: PLR0911 - the ways an opening can fail, in their order
    talk: Conversation,
) -> Dialogue[ConnectFailure | None]:
    """Greet, say hello, start TLS as the policy asks; None when mails can be sent."""
    began = talk.clock.now()
    stage = Stage.GREETING
    trying_tls = False
    try:
        reply = yield SAY, b"", talk.timeouts.greeting_s
        if not _done(reply):
            return _failure(talk, Stage.GREETING, reply, began)
        stage = Stage.HELLO
        reply = yield from _hello(talk)
        if not _done(reply):
            return _failure(talk, Stage.HELLO, reply, began)
        if talk.policy is TlsPolicy.NONE:
            return None
        if not talk.extensions.starttls:
            return _without_tls(talk, None, say("STARTTLS is not offered"), began)
        stage = Stage.TLS
        trying_tls = True
        reply = yield SAY, b"STARTTLS\r\n", talk.timeouts.tls_s
        if not _done(reply):
            return _without_tls(talk, reply, say("STARTTLS refused: {reply}", reply=reply), began)
        yield SECURE, b"", talk.timeouts.tls_s
        # What was offered in clear may have been forged; only the new list counts (RFC 3207 4.2).
        talk.extensions = Extensions()
        stage = Stage.HELLO
        reply = yield from _hello(talk)
        if not _done(reply):
            return _failure(talk, Stage.HELLO, reply, began)
    except Lost as lost:
        return _lost(talk, stage, lost, began, tls_failed=trying_tls and lost.reply is None)
    return None


def _hello(talk: Conversation) -> Dialogue[Reply]:
    """Say EHLO, or HELO to a server that does not know it (RFC 5321 3.2)."""
    reply = yield SAY, f"EHLO {talk.ehlo_name}\r\n".encode("ascii"), talk.timeouts.hello_s
    if _done(reply):
        talk.extensions = extensions_of(reply)
    elif reply.permanent:
        reply = yield SAY, f"HELO {talk.ehlo_name}\r\n".encode("ascii"), talk.timeouts.hello_s
    return reply


def _done(reply: Reply) -> bool:
    return 200 <= reply.code < 300  # noqa: PLR2004 - 2yz


def _without_tls(
    talk: Conversation, reply: Reply | None, detail: Saying, began: int
) -> ConnectFailure | None:
    """Go on in clear when the policy allows; a missing STARTTLS may come back, so: temporary."""
    if talk.policy.may_be_clear:
        talk.tls_refused = detail.english if reply is not None else ""
        return None
    outcome = talk.outcome(
        Kind.TEMPORARY,
        Scope.CONNECTION,
        Stage.TLS,
        reply=reply,
        started_at=began,
        detail=detail.english,
    )
    fault = TlsFault(TlsResult.STARTTLS_NOT_SUPPORTED, detail)
    return ConnectFailure(outcome=outcome, fault=fault)


def _failure(talk: Conversation, stage: Stage, reply: Reply, began: int) -> ConnectFailure:
    outcome = talk.outcome(kind_of(reply), Scope.CONNECTION, stage, reply=reply, started_at=began)
    return ConnectFailure(outcome=outcome)


def _lost(
    talk: Conversation, stage: Stage, lost: Lost, began: int, *, tls_failed: bool
) -> ConnectFailure:
    outcome = talk.outcome(
        Kind.TEMPORARY,
        Scope.CONNECTION,
        stage,
        reply=lost.reply,
        started_at=began,
        detail=lost.detail,
    )
    fault = lost.fault
    if tls_failed and fault is None:
        fault = TlsFault(TlsResult.VALIDATION_FAILURE, quote(lost.detail))
    return ConnectFailure(outcome=outcome, tls_failed=tls_failed, fault=fault)


def resetting(talk: Conversation) -> Dialogue[bool]:
    """Say RSET; True when the session can take the next mail."""
    try:
        reply = yield SAY, b"RSET\r\n", talk.timeouts.reset_s
    except Lost:
        return False
    talk.dirty = False
    return _done(reply)


def quitting(talk: Conversation) -> Dialogue[None]:
    """Say QUIT and hear the answer, whatever it is."""
    try:
        yield SAY, b"QUIT\r\n", talk.timeouts.quit_s
    except Lost:
        return
