"""One mail as a conversation: MAIL, RCPT, DATA, content (RFC 5321 3.3), pipelined when offered.

Every recipient gets an outcome, whatever happens. After the final dot has gone out and no reply
came, the outcome is UNKNOWN and never anything better or worse.
"""

from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.smtp.dialogue import CONTENT, SAY, Conversation, Dialogue, Lost, kind_of
from tayori.smtp.envelope import Envelope, SendResult
from tayori.smtp.wire import stuff

_RCPT_NO_ROOM = 552


def refused_beforehand(talk: Conversation, envelope: Envelope) -> SendResult | None:
    """Refuse what the server said it cannot take, before a word is sent.

    The outcome's stage is ENGINE and its reply is ours: it carries the standard enhanced code.
    """
    limit = talk.extensions.size
    if limit and envelope.size > limit:
        text = f"message of {envelope.size} octets exceeds the receiver's limit of {limit}"
        return _refused(talk, envelope, Scope.MESSAGE, Reply(552, "5.3.4", (text,)))
    if not talk.extensions.smtputf8 and needs_smtputf8(envelope):
        text = "the receiver does not take internationalised mail (SMTPUTF8)"
        return _refused(talk, envelope, Scope.RECIPIENT, Reply(553, "5.6.7", (text,)))
    if envelope.require_tls and not (talk.tls and talk.extensions.requiretls):
        text = "the sender demands REQUIRETLS, which the receiver's server does not offer"
        return _refused(talk, envelope, Scope.RECIPIENT, Reply(550, "5.7.30", (text,)))
    if envelope.body == "8BITMIME" and not talk.extensions.eightbit:
        # Whoever made the mail re-encodes what may be re-encoded (RFC 6152 3); this one may not.
        text = "the receiver takes no 8-bit mail, and a signature in this one forbids to re-encode"
        return _refused(talk, envelope, Scope.RECIPIENT, Reply(554, "5.6.3", (text,)))
    return None


def needs_smtputf8(envelope: Envelope) -> bool:
    """Tell whether the mail is for RFC 6531: by its headers or by an address."""
    return (
        envelope.smtputf8
        or not envelope.return_path.isascii()
        or not all(map(str.isascii, envelope.recipients))
    )


def _refused(talk: Conversation, envelope: Envelope, scope: Scope, reply: Reply) -> SendResult:
    outcome = talk.outcome(
        Kind.PERMANENT,
        scope,
        Stage.ENGINE,
        reply=reply,
        started_at=talk.clock.now(),
        detail=reply.text,
    )
    outcomes = (outcome,) * len(envelope.recipients)
    return SendResult(outcomes=outcomes, reply=None, usable=True, started=True)


def not_started(talk: Conversation, envelope: Envelope, reply: Reply | None) -> SendResult:
    """Return the result of a mail whose connection had ended before its turn."""
    outcome = talk.outcome(
        Kind.TEMPORARY,
        Scope.CONNECTION,
        Stage.MAIL,
        reply=reply,
        started_at=talk.clock.now(),
        detail="connection was closed before this mail",
    )
    outcomes = (outcome,) * len(envelope.recipients)
    return SendResult(outcomes=outcomes, reply=None, usable=False, started=False)


def envelope_lines(talk: Conversation, envelope: Envelope) -> list[bytes]:
    """Return the command lines of the envelope, from MAIL (or RSET) to DATA."""
    extensions = talk.extensions
    mail = f"MAIL FROM:<{envelope.return_path}>"
    if extensions.size is not None:
        mail += f" SIZE={envelope.size}"
    if extensions.eightbit and envelope.body == "8BITMIME":
        mail += " BODY=8BITMIME"
    if extensions.smtputf8 and needs_smtputf8(envelope):
        mail += " SMTPUTF8"
    if envelope.require_tls:
        mail += " REQUIRETLS"
    lines = [mail.encode() + b"\r\n"]
    lines.extend(f"RCPT TO:<{recipient}>\r\n".encode() for recipient in envelope.recipients)
    lines.append(b"DATA\r\n")
    return lines


class Transaction:
    """The state of one mail while its conversation runs."""

    __slots__ = ("_content", "_envelope", "_final", "_refused", "_stage", "_started_at", "_talk")

    def __init__(self, talk: Conversation, envelope: Envelope, content: bytes) -> None:
        self._talk = talk
        self._envelope = envelope
        self._content = content
        self._refused: list[Outcome | None] = [None] * len(envelope.recipients)
        self._stage = Stage.MAIL
        self._final: Reply | None = None
        self._started_at = 0

    def run(self) -> Dialogue[SendResult]:
        """Send the mail; see `SendResult`."""
        self._started_at = self._talk.clock.now()
        # Only a kept connection may have died unnoticed; a first mail always counts as tried, so
        # that a server that hangs up on MAIL is not asked again and again.
        heard = self._talk.mails == 0
        if self._talk.mails:
            self._talk.notes = []
        self._talk.mails += 1
        try:
            lines = envelope_lines(self._talk, self._envelope)
            pipelining = self._talk.extensions.pipelining
            dirty = self._talk.dirty
            self._talk.dirty = False
            if pipelining:
                first = b"".join(lines)
                lines = [b"RSET\r\n" + first if dirty else first, *[b""] * (len(lines) - 1)]
            if dirty:
                yield SAY, lines[0] if pipelining else b"RSET\r\n", self._talk.timeouts.reset_s
                lines[0] = b"" if pipelining else lines[0]
            reply = yield SAY, lines[0], self._talk.timeouts.mail_s
            heard = True
            if not 200 <= reply.code < 300:  # noqa: PLR2004 - 2yz
                self._refuse_all(Scope.MESSAGE, reply)
            yield from self._recipients(lines, pipelining=pipelining)
            yield from self._data(lines[-1], pipelining=pipelining)
        except Lost as lost:
            return self._lost(lost, heard=heard)
        return self._result()

    def _recipients(self, lines: list[bytes], *, pipelining: bool) -> Dialogue[None]:
        """Name the recipients; a pipelining server answers even when MAIL was refused."""
        if not pipelining and self._refused[0] is not None:
            return
        self._stage = Stage.RCPT
        for index, refused in enumerate(self._refused):
            reply = yield SAY, lines[index + 1], self._talk.timeouts.rcpt_s
            if refused is None and not 200 <= reply.code < 300:  # noqa: PLR2004 - 2yz
                self._refused[index] = self._refusal(Scope.RECIPIENT, reply)

    def _data(self, line: bytes, *, pipelining: bool) -> Dialogue[None]:
        """Send the content to the accepted recipients, or leave the transaction to be reset."""
        wanted = None in self._refused
        if not wanted and not pipelining:
            self._talk.dirty = True
            return
        self._stage = Stage.DATA
        reply = yield SAY, line, self._talk.timeouts.data_s
        if not 300 <= reply.code < 400:  # noqa: PLR2004 - 3yz
            self._talk.dirty = True
            if wanted:
                self._refuse_all(Scope.MESSAGE, reply)
        elif wanted:
            self._stage = Stage.CONTENT
            final = yield CONTENT, stuff(self._content), self._talk.timeouts.block_s
            if 300 <= final.code < 400:  # noqa: PLR2004 - 3yz
                raise Lost(f"unexpected reply: {final}", content_sent=True)
            self._final = final
        else:
            # The server wants content for nobody; an empty one brings both back in step.
            yield SAY, b".\r\n", self._talk.timeouts.final_s

    def _refusal(self, scope: Scope, reply: Reply) -> Outcome:
        detail = ""
        if reply.positive:
            detail = f"unexpected reply: {reply}"
        kind = kind_of(reply)
        if self._stage is Stage.RCPT and reply.code == _RCPT_NO_ROOM:
            kind = Kind.TEMPORARY  # Too many recipients, as old servers say (RFC 5321 4.5.3.1.10).
        return self._talk.outcome(
            kind, scope, self._stage, reply=reply, started_at=self._started_at, detail=detail
        )

    def _refuse_all(self, scope: Scope, reply: Reply) -> None:
        """Give the reply to all recipients that had none yet."""
        refusal = self._refusal(scope, reply)
        self._refused = [refusal if known is None else known for known in self._refused]
        if reply.positive:
            # 3yz to MAIL or 2yz to DATA: nothing that this server says can be relied upon.
            raise Lost(refusal.detail)

    def _result(self) -> SendResult:
        final = self._final
        if final is not None:
            if 200 <= final.code < 300:  # noqa: PLR2004 - 2yz
                accepted = self._talk.outcome(
                    Kind.DELIVERED,
                    Scope.RECIPIENT,
                    Stage.CONTENT,
                    reply=final,
                    started_at=self._started_at,
                )
            else:
                accepted = self._refusal(Scope.MESSAGE, final)
            self._refused = [accepted if known is None else known for known in self._refused]
        outcomes = tuple(outcome for outcome in self._refused if outcome is not None)
        return SendResult(outcomes=outcomes, reply=final, usable=True, started=True)

    def _lost(self, lost: Lost, *, heard: bool) -> SendResult:
        self._talk.broken = True
        if None in self._refused:
            kind = Kind.TEMPORARY if lost.reply is None else kind_of(lost.reply)
            if self._stage is Stage.CONTENT and lost.content_sent and lost.reply is None:
                kind = Kind.UNKNOWN
            outcome = self._talk.outcome(
                kind,
                Scope.CONNECTION if kind is not Kind.PERMANENT else Scope.MESSAGE,
                self._stage,
                reply=lost.reply,
                started_at=self._started_at,
                detail=lost.detail,
            )
            self._refused = [outcome if known is None else known for known in self._refused]
        outcomes = tuple(outcome for outcome in self._refused if outcome is not None)
        reply = lost.reply if self._stage is Stage.CONTENT else None
        return SendResult(outcomes=outcomes, reply=reply, usable=False, started=heard)
