"""The way in: greeting, hello, STARTTLS and AUTH of a server's conversation, and its end."""

import asyncio
import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol

from tayori.mail.reply import Reply
from tayori.smtp import replies
from tayori.smtp.handler import Connection, Handler, ServerSettings
from tayori.smtp.sasl import (
    MECHANISMS,
    Credentials,
    Exchange,
    challenge_reply,
    decode_response,
)
from tayori.smtp.server_stream import ServerStream
from tayori.smtp.tls import TlsStream

_AUTH_LINE = 12 * 1024 + 2
"""Octets of a line during AUTH (RFC 4954 4)."""


class Registry(Protocol):
    """Counts the connections of a server."""

    def enter(self, session: "ServerGate") -> bool:
        """Count a new one; False when there are too many."""
        ...

    def leave(self, session: "ServerGate") -> None:
        """Forget one that has ended."""
        ...


class ServerGate(ServerStream):
    """What happens outside of transactions."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        settings: ServerSettings,
        make_handler: Callable[[Connection], Handler],
        registry: Registry,
    ) -> None:
        super().__init__(loop, settings)
        self.handler: Handler | None = None
        """None until the greeting."""
        self.connection = Connection(peer_address="", peer_port=0, local_address="", local_port=0)
        self.exchange: Exchange | None = None
        """AUTH under way."""
        self.errors = 0
        """Refusals since the last accepted message."""
        self._make_handler = make_handler
        self._registry = registry
        self._auth_failures = 0
        self._draining = False
        self._clear_is_safe = False
        """A password may come without TLS: from this machine, where the settings allow it."""

    # Hooks of the subclass.

    @property
    def in_transaction(self) -> bool:
        """Tell whether MAIL was accepted."""
        return False

    def reset(self) -> None:
        """Forget the transaction."""

    # The connection.

    def opened(self) -> None:
        """Greet, or begin TLS where it is implicit (event loop)."""
        if self._transport is None:
            return
        peer = self._transport.get_extra_info("peername") or ("", 0)
        local = self._transport.get_extra_info("sockname") or ("", 0)
        connection = self.connection
        self._clear_is_safe = self.settings.auth_in_clear and _is_loopback(str(peer[0]))
        connection.peer_address, connection.peer_port = str(peer[0]), int(peer[1])
        connection.local_address, connection.local_port = str(local[0]), int(local[1])
        self.deadline(self.settings.idle_s)
        if not self._registry.enter(self):
            if self.settings.implicit_tls:
                self.abort()
            else:
                self.finish(replies.TOO_MANY_CONNECTIONS)
        elif self.settings.implicit_tls and self.settings.tls is not None:
            self.start_tls(TlsStream(self.settings.tls, server_side=True))
        else:
            self._greet()

    def secured(self) -> None:
        """Note TLS; greet where it is implicit (event loop)."""
        self.connection.tls = self.tls
        if self.handler is None:
            self._greet()

    def _greet(self) -> None:
        self.handler = handler = self._make_handler(self.connection)
        usual = replies.GREETING.of(self.settings.host_name)
        self.ask(self.call(lambda: handler.connect(self.connection) or usual), self._greeted)
        self.flush()

    def _greeted(self, reply: Reply) -> None:
        if reply.code == 220:  # noqa: PLR2004 - the only welcome
            self.say(reply)
        else:
            self.finish(reply)

    def drain(self) -> None:
        """Close with 421 as soon as no transaction is under way."""
        self._draining = True
        if not self.busy:
            self.settled()

    def settled(self) -> None:
        """Close when draining (see `drain`)."""
        if self._draining and self.reading_lines and not self.in_transaction and not self.closed:
            if self._tls is not None and not self._tls.ready:
                self.abort()
            else:
                self.finish(replies.CLOSING)

    def lost(self, detail: str) -> None:
        """Let go of the handler (event loop)."""
        _ = detail
        if self.handler is not None:
            self.handler.disconnect()
        if not self.busy:
            self._registry.leave(self)

    def abandoned(self) -> None:
        """Leave after the last answer."""
        self._registry.leave(self)

    # Refusals.

    def refused(self, reply: Reply) -> None:
        """Say a refusal and count it."""
        self.say(reply)
        if reply.permanent:
            self.errors += 1
            if self.errors >= self.settings.max_errors:
                self.finish(replies.TOO_MANY_ERRORS)
        if reply.code == replies.CLOSING.code and not self.closed:
            self.flush()
            self.close()

    def answered(self, reply: Reply) -> None:
        """Say a handler's answer."""
        if reply.positive:
            self.say(reply)
        else:
            self.refused(reply)

    def not_implemented(self, _: bytes) -> None:
        """Refuse a command that this server does not offer."""
        self.refused(replies.NOT_IMPLEMENTED)

    # Hello, STARTTLS, AUTH.

    def hello(self, name: bytes, *, extended: bool) -> None:
        """Carry out EHLO or HELO."""
        text = name.strip().decode("ascii", "replace")
        handler = self.handler
        if not text or handler is None:
            self.refused(replies.NAME_NEEDED)
            return
        self.reset()
        connection = self.connection
        connection.helo, connection.extended = text, extended
        extensions = self._extensions() if extended else ()
        usual = replies.HELLO.of(self.settings.host_name, *extensions)
        self.ask(self.call(lambda: handler.helo(connection) or usual), self._greeted_back)

    def _greeted_back(self, reply: Reply) -> None:
        if not reply.positive:
            self.connection.helo = ""
        self.answered(reply)

    def _extensions(self) -> list[str]:
        settings = self.settings
        secure = bool(self.connection.tls)
        lines = ["PIPELINING", f"SIZE {settings.max_message_size}", "8BITMIME"]
        lines.append("ENHANCEDSTATUSCODES")
        if settings.smtputf8:
            lines.append("SMTPUTF8")
        if settings.chunking:
            lines.append("CHUNKING")
        if settings.requiretls and self.connection.tls:
            lines.append("REQUIRETLS")
        if settings.dsn:
            lines.append("DSN")
        if settings.tls is not None and not secure:
            lines.append("STARTTLS")
        if settings.auth and (secure or self._clear_is_safe):
            lines.append("AUTH PLAIN LOGIN")
        return lines

    def starttls(self, argument: bytes) -> None:
        """Carry out STARTTLS (RFC 3207)."""
        if argument:
            self.refused(replies.NO_ARGUMENT)
        elif self.connection.tls:
            self.refused(replies.ALREADY_SECURE)
        elif self.settings.tls is None:
            self.refused(replies.NOT_IMPLEMENTED)
        elif self.unread:
            # Someone between us and the client may have put these octets there (RFC 3207 6).
            self.drop_unread()
            self.finish(replies.AFTER_STARTTLS)
        else:
            self.reset()
            self.connection.helo = ""
            self.say(replies.READY_FOR_TLS)
            self.flush()
            self.start_tls(TlsStream(self.settings.tls, server_side=True))

    def auth(self, argument: bytes) -> None:
        """Begin AUTH (RFC 4954)."""
        mechanism, _, initial = argument.partition(b" ")
        factory = MECHANISMS.get(mechanism.upper().decode("ascii", "replace"))
        refusal = self._auth_refusal(known=factory is not None)
        if refusal is not None or factory is None:
            self.refused(refusal or replies.UNKNOWN_MECHANISM)
            return
        response = decode_response(initial.strip()) if initial else None
        if isinstance(response, Reply):
            self.refused(response)
            return
        self.exchange = factory(response)
        self.line_limit = _AUTH_LINE
        self._auth_step(None)

    def _auth_refusal(self, *, known: bool) -> Reply | None:
        settings = self.settings
        if not settings.auth:
            return replies.NOT_IMPLEMENTED
        if not self.connection.tls and not self._clear_is_safe:
            return replies.AUTH_IN_CLEAR
        if not self.connection.helo:
            return replies.HELLO_FIRST
        if self.in_transaction or self.connection.user:
            return replies.AUTH_NOT_NOW
        return None if known else replies.UNKNOWN_MECHANISM

    def auth_response(self, line: bytes) -> None:
        """Go on with AUTH."""
        response = decode_response(line)
        if isinstance(response, Reply):
            self._end_exchange()
            self.refused(response)
        else:
            self._auth_step(response)

    def _auth_step(self, response: bytes | None) -> None:
        exchange, handler = self.exchange, self.handler
        if exchange is None or handler is None:
            return
        try:
            challenge = next(exchange) if response is None else exchange.send(response)
        except StopIteration as stop:
            self._end_exchange()
            if isinstance(stop.value, Reply):
                self._judged(stop.value, "")
            else:
                credentials: Credentials = stop.value
                self.ask(
                    self.call(handler.auth, credentials),
                    lambda reply: self._judged(reply, credentials.user),
                )
        else:
            self.say(challenge_reply(challenge))

    def _end_exchange(self) -> None:
        self.exchange = None
        self.line_limit = self.settings.max_line

    def _judged(self, reply: Reply, user: str) -> None:
        if reply.positive:
            self.connection.user = user
        elif reply.permanent:
            self._auth_failures += 1
            if self._auth_failures >= self.settings.max_auth_failures:
                self.say(reply)
                self.finish(replies.TOO_MANY_FAILURES)
                return
        self.answered(reply)


@lru_cache(maxsize=1024)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
