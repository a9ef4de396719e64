"""A client session: kept open, fed with mails, answering each with a future.

Replies drive the conversations straight from `data_received`; no task runs per mail. The session
never raises for what the peer does: every mail that was given to it gets a `SendResult`.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any

from tayori.mail.reply import Reply
from tayori.runtime.crash import Point, reach, reach_when_sent
from tayori.smtp.channel import Channel
from tayori.smtp.dialogue import (
    SECURED,
    Act,
    Conversation,
    Dialogue,
    Lost,
    Step,
    opening,
    quitting,
    resetting,
)
from tayori.smtp.envelope import ConnectFailure, Envelope, SendResult
from tayori.smtp.extensions import Extensions
from tayori.smtp.tls import ClientTls
from tayori.smtp.tls_fault import TlsFault
from tayori.smtp.transaction import Transaction, not_started, refused_beforehand
from tayori.smtp.wire import ReplyReader

_SERVICE_CLOSING = 421
_PIECE = 256 * 1024
"""Octets of content that are handed to the transport at once."""


class _Run:
    """One conversation on its way, or waiting for its turn."""

    __slots__ = ("chain", "dialogue", "future", "timeout_s", "unstarted")

    def __init__(
        self,
        dialogue: Dialogue[Any],
        future: asyncio.Future[Any],
        *,
        chain: bool,
        unstarted: Callable[[Reply | None], object],
    ) -> None:
        self.dialogue = dialogue
        self.future = future
        self.chain = chain
        self.unstarted = unstarted
        self.timeout_s = inf

    def end(self, result: object) -> None:
        """Answer, unless the caller has given up."""
        if not self.future.done():
            self.future.set_result(result)


class Session(Channel):
    """One connection to a receiving server; made by `client.connect`."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, talk: Conversation, tls: ClientTls | None
    ) -> None:
        super().__init__(loop)
        self.last_used_at = talk.clock.now()
        """When the last mail was given or answered, in milliseconds since the epoch."""
        self.mail_count = 0
        """Mails answered so far."""
        self._talk = talk
        self._client_tls = tls
        self._reader = ReplyReader()
        self._ready: asyncio.Future[ConnectFailure | None] = loop.create_future()
        self._active: deque[_Run] = deque()
        self._waiting: deque[_Run] = deque()
        self._out: list[bytes] = []
        self._content: memoryview | None = None
        self._final_due = False
        self._ending = Lost("connection closed")

    @property
    def extensions(self) -> Extensions:
        """Return what the server offers."""
        return self._talk.extensions

    @property
    def host_name(self) -> str:
        """Return the MX host name that was given to `connect`."""
        return self._talk.host_name

    @property
    def address(self) -> str:
        """Return the address that was connected to."""
        return self._talk.address

    @property
    def talk(self) -> Conversation:
        """Return what is known of the peer and of how the connection came about."""
        return self._talk

    @property
    def resumed(self) -> bool:
        """Tell whether TLS came from an earlier connection's session."""
        return self._tls is not None and self._tls.resumed

    @property
    def busy(self) -> bool:
        """Tell whether mails are under way or waiting."""
        return bool(self._active or self._waiting)

    def send(
        self, envelope: Envelope, content: bytes, *, chain: bool = False
    ) -> asyncio.Future[SendResult]:
        """Give a mail; the future gets its result and never an exception.

        Several mails may be given at once; they go in order. With `chain` this mail's envelope may
        be written right behind the final dot of the mail before it; keep two or three mails given
        to make use of it, and only towards servers that are known to take it. `content` has CRLF
        line ends. Cancelling the future does not stop the mail; `abort` does.
        """
        future: asyncio.Future[SendResult] = self._loop.create_future()
        talk = self._talk
        if self.closed:
            future.set_result(not_started(talk, envelope, self._ending.reply))
            return future
        refusal = refused_beforehand(talk, envelope)
        if refusal is not None:
            future.set_result(refusal)
            return future
        self._give(
            _Run(
                Transaction(talk, envelope, content).run(),
                future,
                chain=chain and talk.extensions.pipelining,
                unstarted=lambda reply: not_started(talk, envelope, reply),
            )
        )
        return future

    def reset(self) -> asyncio.Future[bool]:
        """Say RSET; False when the session is of no use any more. Rarely needed: `send` resets."""
        future: asyncio.Future[bool] = self._loop.create_future()
        run = _Run(resetting(self._talk), future, chain=False, unstarted=lambda _: False)
        if self.closed:
            run.end(result=False)
        else:
            self._give(run)
        return future

    async def quit(self) -> None:
        """Say QUIT and close, after the mails that are still under way."""
        if self.closed:
            return
        future: asyncio.Future[None] = self._loop.create_future()
        self._give(_Run(quitting(self._talk), future, chain=False, unstarted=lambda _: None))
        try:
            await future
        finally:
            self.close()

    @property
    def ready(self) -> asyncio.Future[ConnectFailure | None]:
        """Return the end of the opening conversation; for `client.connect` only."""
        return self._ready

    def opened(self) -> None:
        """Begin the opening conversation (event loop)."""
        run = _Run(opening(self._talk), self._ready, chain=False, unstarted=lambda _: None)
        self._give(run)

    # Conversations.

    def _give(self, run: _Run) -> None:
        self.last_used_at = self._talk.clock.now()
        if not self._active or (run.chain and self._final_due and len(self._active) == 1):
            self._start(run)
            self._flush()
        else:
            self._waiting.append(run)

    def _start(self, run: _Run) -> None:
        """Say the first words of a conversation."""
        self._active.append(run)
        try:
            step = next(run.dialogue)
        except StopIteration as stop:
            self._finish(run, stop.value)
            return
        self._perform(run, step)

    def _perform(self, run: _Run, step: Step) -> None:
        act, data, run.timeout_s = step
        if act is Act.SAY:
            if data:
                self._talk.note(data)
                self._out.append(data)
        elif act is Act.CONTENT:
            self._talk.note(len(data))
            self._begin_content(data)
        else:
            self._secure()

    def _advance(self, reply: Reply) -> None:
        """Give a reply to the conversation that waits for it, and start the next when it ends."""
        run = self._active[0]
        self._talk.note(self._talk.tls if reply is SECURED else reply)
        try:
            step = run.dialogue.send(reply)
        except StopIteration as stop:
            self._finish(run, stop.value)
            if not self._active and self._waiting and not self.closed:
                self._start(self._waiting.popleft())
            return
        self._perform(run, step)

    def _finish(self, run: _Run, result: object) -> None:
        self._active.remove(run)
        if isinstance(result, SendResult):
            reach(Point.ATTEMPT_AFTER_REPLY)
            self.mail_count += 1
            self.last_used_at = self._talk.clock.now()
        elif isinstance(result, ConnectFailure) and not self.closed:
            self.write(b"QUIT\r\n")
            self.close()
        if self._talk.broken and not self.closed:
            self._break(Lost("the server was out of step"))
        run.end(result)

    def received(self, data: bytes) -> None:
        """Take replies (event loop)."""
        reader = self._reader
        for reply in reader.feed(data):
            if self.closed or self._reader is not reader:
                # Octets behind the reply to STARTTLS came in clear and may be injected.
                return
            if not self._active:
                self._unasked(reply)
                return
            if reply.code == _SERVICE_CLOSING:
                self._end(Lost("the server closes the connection", reply=reply))
                return
            if self._content is not None:
                self._end(Lost("the server replied before the end of the content", reply=reply))
                return
            self._final_due = False
            self._advance(reply)
        if reader.error:
            self._break(Lost(reader.error, content_sent=self._content_sent))
            return
        self._flush()

    def _unasked(self, reply: Reply) -> None:
        """Close on words that nobody asked for; usually 421 after some idle time."""
        self._ending = Lost(f"unasked reply: {reply}", reply=reply)
        self.close()

    def _flush(self) -> None:
        """Write what was gathered in one go and set the deadline of the awaited reply."""
        if self.closed:
            return
        if self._out:
            out = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out.clear()
            self.write(out)
        if self._final_due:
            timeouts = self._talk.timeouts
            self.deadline(timeouts.block_s if self.write_paused else timeouts.final_s)
        elif self._active:
            self.deadline(self._active[0].timeout_s)
        else:
            self.deadline(inf)

    # Content.

    def _begin_content(self, content: bytes) -> None:
        reach(Point.ATTEMPT_BEFORE_DOT)
        if len(content) <= _PIECE:
            self._out.append(content)
            self._end_content()
            return
        self._flush()
        self._content = memoryview(content)
        self._write_content()

    def _write_content(self) -> None:
        """Write pieces as long as they leave the process."""
        while self._content is not None and not self.write_paused and not self.closed:
            self.write(bytes(self._content[:_PIECE]))
            self._content = self._content[_PIECE:] if len(self._content) > _PIECE else None
        if self._content is not None:
            self.deadline(self._talk.timeouts.block_s)
        elif not self.closed:
            self._end_content()
            self._flush()

    def _end_content(self) -> None:
        self._out.append(b".\r\n")
        self._final_due = True
        reach_when_sent(Point.ATTEMPT_AFTER_DOT, self._loop)
        if self._waiting and self._waiting[0].chain:
            self._start(self._waiting.popleft())

    def drained(self) -> None:
        """Go on writing content (event loop)."""
        if self._content is not None:
            self._write_content()
        elif self._final_due:
            self.deadline(self._talk.timeouts.final_s)

    # TLS.

    def _secure(self) -> None:
        # A new reader drops what came in clear behind the reply to STARTTLS (see `received`).
        self._reader = ReplyReader()
        if self._client_tls is None:
            self._break(Lost("no TLS settings were given"))
            return
        talk = self._talk
        stream = self._client_tls.stream(talk.policy, talk.host_name, reduced=talk.reduced)
        self.deadline(self._talk.timeouts.tls_s)
        self.start_tls(stream)

    def secured(self) -> None:
        """Go on with the opening conversation (event loop)."""
        check = self._talk.check
        fault = check(self._tls) if check and self._tls else None
        if fault is not None:
            self.tls_failed(fault)
            return
        self._talk.tls = self.tls
        self._advance(SECURED)
        self._flush()

    def tls_failed(self, fault: TlsFault) -> None:
        """End the opening conversation (event loop)."""
        if self._client_tls is not None:
            self._client_tls.forget(self._talk.policy, self._talk.host_name)
        self._break(Lost(f"TLS handshake failed: {fault.detail}", fault=fault))

    def remember_tls(self) -> None:
        """Let later connections to this host resume TLS; for `client.connect` only."""
        if self._tls is not None and self._client_tls is not None and not self._talk.reduced:
            self._client_tls.remember(self._talk.policy, self._talk.host_name, self._tls)

    # Ends.

    @property
    def _content_sent(self) -> bool:
        """Tell whether the final dot may have reached the peer and its reply is awaited."""
        # With another envelope behind the dot, waiting octets may be that envelope's only.
        return self._final_due and (not self.write_paused or len(self._active) > 1)

    def timed_out(self) -> None:
        """Give up (event loop)."""
        self._break(Lost("timed out while waiting for the server", content_sent=self._content_sent))

    def lost(self, detail: str) -> None:
        """Answer all mails after the end of the connection (event loop)."""
        self._conclude(Lost(detail, content_sent=self._content_sent))

    def abort(self) -> None:
        """Close at once; mails under way get the result that their stage allows."""
        self._break(Lost("connection was aborted", content_sent=self._content_sent))

    def _end(self, lost: Lost) -> None:
        """Answer everybody, then close in order."""
        abrupt = self._content is not None
        self._conclude(lost)
        if abrupt:
            super().abort()
        else:
            self.close()

    def _break(self, lost: Lost) -> None:
        super().abort()
        self._conclude(lost)

    def _conclude(self, lost: Lost) -> None:
        """Answer the mails under way and those waiting; only the first learns the details."""
        self._ending = lost
        self._content = None
        self._final_due = False
        self.deadline(inf)
        active, self._active = self._active, deque()
        waiting, self._waiting = self._waiting, deque()
        for run in active:
            try:
                run.dialogue.throw(lost)
            except StopIteration as stop:
                run.end(stop.value)
            lost = Lost(f"{lost.detail} (with an earlier mail)")
        for run in waiting:
            run.dialogue.close()
            run.end(run.unstarted(self._ending.reply))
