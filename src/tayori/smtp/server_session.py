"""One conversation of a server: what each command means, in which order, and the limits.

Strict where leniency lets mails be smuggled: lines end with CRLF only, content ends with
<CRLF>.<CRLF> only, a bare CR or LF in content is refused, and nothing that came in clear before
STARTTLS is ever read as a command. Replies to pipelined commands leave in one write.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

from tayori.mail.lines import has_long_line
from tayori.mail.reply import Reply
from tayori.smtp import replies
from tayori.smtp.commands import MailFrom, Offered, RcptTo, parse_mail, parse_rcpt
from tayori.smtp.handler import Connection, Handler, Received, ServerSettings
from tayori.smtp.server_gate import Registry, ServerGate
from tayori.smtp.wire import has_bare_line_end, unstuff

_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK = re.compile(rb"([0-9]{1,18})(?: +(LAST))? *", re.IGNORECASE)
_HTTP = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT"})


class ServerSession(ServerGate):
    """One client's connection; made by `server.Server`."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: ServerSettings,
        make_handler: Callable[[Connection], Handler],
        registry: Registry,
    ) -> None:
        super().__init__(loop, settings, make_handler, registry)
        self._offered = Offered(
            max_message_size=settings.max_message_size,
            smtputf8=settings.smtputf8,
            dsn=settings.dsn,
        )
        self._mail: MailFrom | None = None
        self._recipients: list[RcptTo] = []
        self._chunks: bytearray | None = None
        self._chunk_fits = True
        self._last_chunk = False
        self._commands = 0

    # Lines.

    def line(self, line: bytes) -> None:
        """Carry out a command, or go on with AUTH."""
        if self.exchange is not None:
            self.auth_response(line)
            return
        if _CONTROL.search(line):
            self.refused(replies.BARE_LINE_END)
            return
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        if verb != b"RCPT":
            self._commands += 1
            if self._commands > self.settings.max_commands:
                self.finish(replies.TOO_MANY_COMMANDS)
                return
        command = self._VERBS.get(verb)
        if command is not None:
            command(self, argument)
        elif verb in _HTTP:
            # A web browser that was made to talk to us brings commands in its body.
            self.finish(replies.NOT_HTTP)
        else:
            self.refused(replies.UNKNOWN_COMMAND)

    # The transaction.

    def _mail_command(self, argument: bytes) -> None:
        handler = self.handler
        refusal = self._mail_refusal()
        if refusal is not None or handler is None:
            self.refused(refusal or replies.LOCAL_ERROR)
            return
        if self.settings.requiretls and self.connection.tls and not self._offered.requiretls:
            # TLS that is on stays on (RFC 8689 4).
            self._offered = replace(self._offered, requiretls=True)
        mail = parse_mail(argument, self._offered)
        if isinstance(mail, Reply):
            self.refused(mail)
            return

        def judged(reply: Reply) -> None:
            if reply.positive:
                self._mail = mail
            self.answered(reply)

        self.ask(self.call(handler.mail, mail), judged)

    def _mail_refusal(self) -> Reply | None:
        if not self.connection.helo:
            return replies.HELLO_FIRST
        if self.settings.tls_required and not (self.connection.tls or self._clear_is_safe):
            return replies.TLS_FIRST
        if self.settings.auth_required and not self.connection.user:
            return replies.AUTH_FIRST
        return replies.NESTED_MAIL if self._mail is not None else None

    def _rcpt_command(self, argument: bytes) -> None:
        mail, handler = self._mail, self.handler
        if mail is None or handler is None:
            self.refused(replies.MAIL_FIRST)
            return
        if self._chunks is not None:
            self.refused(replies.CHUNKS_BEGUN)
            return
        if len(self._recipients) >= self.settings.max_recipients:
            self.refused(replies.TOO_MANY_RECIPIENTS)
            return
        rcpt = parse_rcpt(argument, self._offered, smtputf8=mail.smtputf8)
        if isinstance(rcpt, Reply):
            self.refused(rcpt)
            return

        def judged(reply: Reply) -> None:
            if reply.positive:
                self._recipients.append(rcpt)
            self.answered(reply)

        self.ask(self.call(handler.rcpt, mail, rcpt), judged)

    def _data_command(self, argument: bytes) -> None:
        if argument:
            self.refused(replies.NO_ARGUMENT)
        elif self._mail is None:
            self.refused(replies.MAIL_FIRST)
        elif self._chunks is not None:
            self.refused(replies.CHUNKS_BEGUN)
        elif not self._recipients:
            self.refused(replies.RCPT_FIRST)
        else:
            self.say(replies.START_CONTENT)
            self.flush()
            self.expect_content()

    def content(self, content: bytes, *, too_large: bool) -> None:
        """Judge what came after DATA."""
        self._take(content, too_large=too_large, stuffed=True)

    def _bdat_command(self, argument: bytes) -> None:
        if not self.settings.chunking:
            self.refused(replies.NOT_IMPLEMENTED)
            return
        match = _CHUNK.fullmatch(argument)
        if match is None:
            # How many octets follow cannot be known, and none of them may be read as commands.
            self.finish(replies.BAD_CHUNK)
            return
        size = int(match[1])
        chunks = self._chunks if self._chunks is not None else bytearray()
        wanted = bool(self._mail is not None and self._recipients)
        fits = len(chunks) + size <= self.settings.max_message_size
        if not fits and size > self.settings.max_message_size:
            self.finish(replies.TOO_LARGE)
            return
        self._chunks = chunks if wanted else None
        self._last_chunk = match[2] is not None
        self._chunk_fits = fits
        self.expect_chunk(size, keep=wanted and fits)

    def chunk(self, octets: bytes) -> None:
        """Judge what came after BDAT."""
        chunks = self._chunks
        if chunks is None:
            self.forget_content()
            self.refused(replies.RCPT_FIRST if self._mail is not None else replies.MAIL_FIRST)
            return
        if not self._chunk_fits:
            self.reset()
            self.refused(replies.TOO_LARGE)
            return
        chunks += octets
        if not self._last_chunk:
            self.say(replies.OCTETS_RECEIVED.of(len(octets)))
            return
        content = bytes(chunks)
        if content and not content.endswith(b"\r\n"):
            content += b"\r\n"
        self._take(content, too_large=False, stuffed=False)

    def _take(self, content: bytes, *, too_large: bool, stuffed: bool) -> None:
        """Hand a whole message to the handler, unless its form is refused."""
        mail, handler = self._mail, self.handler
        if mail is None or handler is None:
            return
        refusal = replies.TOO_LARGE if too_large else self._content_refusal(content)
        if refusal is not None:
            self.reset()
            self.refused(refusal)
            return
        received = Received(mail=mail, recipients=tuple(self._recipients))
        if stuffed:
            content = unstuff(content)
        self.ask(self.call(handler.data, received, content), self._taken)

    def _content_refusal(self, content: bytes) -> Reply | None:
        if has_bare_line_end(content):
            return replies.BARE_IN_CONTENT
        limit = self.settings.max_content_line
        return replies.CONTENT_LINE_TOO_LONG if limit and has_long_line(content, limit) else None

    def _taken(self, reply: Reply) -> None:
        self.reset()
        if reply.positive:
            self.errors = 0
            self._commands = 0
        self.answered(reply)

    def _rset_command(self, argument: bytes) -> None:
        if argument:
            self.refused(replies.NO_ARGUMENT)
            return
        self.reset()
        self.say(replies.RESET)

    @property
    def in_transaction(self) -> bool:
        """Tell whether MAIL was accepted."""
        return self._mail is not None

    def reset(self) -> None:
        """Forget the transaction."""
        self.forget_content()
        if self.handler is not None and self._mail is not None:
            self.handler.reset()
        self._mail = None
        self._recipients = []
        self._chunks = None

    _VERBS: ClassVar[Mapping[bytes, Callable[["ServerSession", bytes], None]]] = {
        b"MAIL": _mail_command,
        b"RCPT": _rcpt_command,
        b"DATA": _data_command,
        b"BDAT": _bdat_command,
        b"RSET": _rset_command,
        b"EHLO": lambda session, name: session.hello(name, extended=True),
        b"HELO": lambda session, name: session.hello(name, extended=False),
        b"QUIT": lambda session, _: session.finish(replies.BYE),
        b"NOOP": lambda session, _: session.say(replies.NOOP),
        b"HELP": lambda session, _: session.say(replies.HELP),
        b"VRFY": lambda session, _: session.say(replies.VRFY),
        b"EXPN": ServerGate.not_implemented,
        b"STARTTLS": ServerGate.starttls,
        b"AUTH": ServerGate.auth,
    }
