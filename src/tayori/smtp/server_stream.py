"""The server's side of a connection as lines, content and chunks, with replies and limits.

It knows how octets are cut and when to read; what a line means stands in `server_session`.
While a handler's answer is awaited nothing further is read, so that order is kept and a client
cannot fill our memory.
"""

import asyncio
from collections.abc import Callable
from math import inf

from tayori.mail.reply import Reply
from tayori.smtp import replies
from tayori.smtp.channel import Channel
from tayori.smtp.handler import Answer, ServerSettings
from tayori.smtp.tls_fault import TlsFault
from tayori.smtp.wire import DotReader, encode_reply

_READ_AHEAD = 128 * 1024
"""Octets that may wait while an answer is awaited, before the connection stops reading."""
_EXCESS = 1024 * 1024
"""Octets beyond the message limit that are read and dropped before the connection is closed."""


class ServerStream(Channel):
    """Cuts a client's octets; a subclass gives them meaning through `line` and `content`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: ServerSettings) -> None:
        super().__init__(loop)
        self.settings = settings
        self.line_limit = settings.max_line
        self._rest = b""
        self._at = 0
        self._out: list[bytes] = []
        self._busy = False
        self._reading_paused = False
        self._mode: Callable[[], bool] = self._read_line
        self._dots = DotReader(0)
        self._chunk = bytearray()
        self._chunk_due = 0
        self._chunk_kept = False
        self._content_until = inf

    # Hooks of the subclass.

    def line(self, line: bytes) -> None:
        """Take a line, without its CRLF."""

    def content(self, content: bytes, *, too_large: bool) -> None:
        """Take the content that DATA asked for, still stuffed."""

    def chunk(self, octets: bytes) -> None:
        """Take the octets that BDAT announced; b"" when they were to be dropped."""

    def refused(self, reply: Reply) -> None:
        """Answer octets that are no line."""

    def settled(self) -> None:
        """React to all octets so far being dealt with."""

    # What the subclass uses.

    def ask(self, answer: Answer, then: Callable[[Reply], None]) -> None:
        """Go on with `then` as soon as the answer is there; until then nothing is read."""
        if isinstance(answer, Reply):
            then(answer)
            return
        self._busy = True
        self.deadline(inf)
        future = asyncio.ensure_future(answer, loop=self._loop)

        def answered(done: asyncio.Future[Reply]) -> None:
            self._busy = False
            reply = self._result(done)
            if self.closed:
                self.abandoned()
                return
            self.deadline(self.settings.idle_s)
            then(reply)
            self._work()

        future.add_done_callback(answered)

    def abandoned(self) -> None:
        """React to an answer that came after the connection was gone."""

    def call(self, function: Callable[..., Answer], *arguments: object) -> Answer:
        """Call a handler; an exception becomes 451 and a report."""
        try:
            return function(*arguments)
        except Exception as error:
            self._report(error)
            return replies.LOCAL_ERROR

    def say(self, reply: Reply) -> None:
        """Add a reply to what goes out next."""
        self._out.append(encode_reply(reply))

    def finish(self, reply: Reply) -> None:
        """Say a last reply and close."""
        self.say(reply)
        self.flush()
        self.close()

    def flush(self) -> None:
        """Write all replies in one go."""
        if self._out:
            self.write(b"".join(self._out))
            self._out.clear()

    def expect_content(self) -> None:
        """Read content up to the final dot."""
        self._dots = DotReader(self.settings.max_message_size)
        self._content_until = self._loop.time() + self.settings.content_s
        self._mode = self._read_content

    def expect_chunk(self, size: int, *, keep: bool) -> None:
        """Read so many octets (RFC 3030)."""
        self._chunk = bytearray()
        self._chunk_due = size
        self._chunk_kept = keep
        if self._content_until == inf:
            self._content_until = self._loop.time() + self.settings.content_s
        self._mode = self._read_chunk

    def forget_content(self) -> None:
        """End the time limit of a message."""
        self._content_until = inf

    @property
    def reading_lines(self) -> bool:
        """Tell whether the next octets are a command."""
        return self._mode == self._read_line and not self._busy

    @property
    def busy(self) -> bool:
        """Tell whether an answer is awaited."""
        return self._busy

    @property
    def unread(self) -> bool:
        """Tell whether octets behind the present line were received already."""
        return self._at < len(self._rest)

    def drop_unread(self) -> None:
        """Forget octets that were received but not read."""
        self._rest = b""
        self._at = 0

    # Octets.

    def received(self, data: bytes) -> None:
        """Take clear text (event loop)."""
        self._rest = self._rest[self._at :] + data if self._at < len(self._rest) else data
        self._at = 0
        if self._busy or self.write_paused:
            self._hold_back()
            return
        self._set_deadline()
        self._work()

    def _work(self) -> None:
        """Read as far as possible, then write the replies."""
        while not self._busy and not self.write_paused and not self.closed and self._mode():
            pass
        if not self.closed:
            self.flush()
            self._hold_back()
            if not self._busy:
                self.settled()

    def _set_deadline(self) -> None:
        left = self._content_until - self._loop.time() if self._content_until != inf else inf
        self.deadline(max(0.0, min(self.settings.idle_s, left)))

    def _hold_back(self) -> None:
        """Stop reading while too much waits, go on when it does not."""
        if self._transport is None or self._transport.is_closing():
            return
        full = len(self._rest) - self._at > _READ_AHEAD and (self._busy or self.write_paused)
        if full and not self._reading_paused:
            self._reading_paused = True
            self._transport.pause_reading()
        elif not full and self._reading_paused:
            self._reading_paused = False
            self._transport.resume_reading()

    def drained(self) -> None:
        """Go on after the client took our replies (event loop)."""
        if not self._busy and not self.closed:
            self._work()

    def timed_out(self) -> None:
        """Say why and close (event loop)."""
        slow = self._content_until <= self._loop.time()
        self.finish(replies.TOO_SLOW if slow else replies.IDLE)

    def tls_failed(self, fault: TlsFault) -> None:
        """Give up on a client that does not speak TLS (event loop)."""
        _ = fault
        self.abort()

    # Modes: each reads one thing and tells whether it found it.

    def _read_line(self) -> bool:
        end = self._rest.find(b"\n", self._at)
        size = (end + 1 if end >= 0 else len(self._rest)) - self._at
        if size > self.line_limit:
            self._at += size
            if end < 0:
                self._mode = self._skip_line
            self.refused(replies.LINE_TOO_LONG)
            return True
        if end < 0:
            return False
        line = self._rest[self._at : end + 1]
        self._at = end + 1
        if line.endswith(b"\r\n"):
            self.line(line[:-2])
        else:
            self.refused(replies.BARE_LINE_END)
        return True

    def _skip_line(self) -> bool:
        end = self._rest.find(b"\n", self._at)
        if end < 0:
            self._at = len(self._rest)
            return False
        self._at = end + 1
        self._mode = self._read_line
        return True

    def _read_content(self) -> bool:
        if not self.unread:
            return False
        found = self._dots.feed(self._rest[self._at :] if self._at else self._rest)
        self.drop_unread()
        if found is None:
            if self._dots.size > self.settings.max_message_size + _EXCESS:
                self.finish(replies.TOO_LARGE)
            return False
        content, self._rest = found
        self._mode = self._read_line
        self.forget_content()
        self.content(content, too_large=self._dots.too_large)
        return True

    def _read_chunk(self) -> bool:
        if self._chunk_due and not self.unread:
            return False
        taken = self._rest[self._at : self._at + self._chunk_due]
        self._at += len(taken)
        self._chunk_due -= len(taken)
        if self._chunk_kept:
            self._chunk += taken
        if self._chunk_due:
            return False
        self._mode = self._read_line
        octets, self._chunk = bytes(self._chunk), bytearray()
        self.chunk(octets)
        return True

    def _result(self, done: asyncio.Future[Reply]) -> Reply:
        if done.cancelled():
            return replies.CLOSING
        error = done.exception()
        if error is None:
            return done.result()
        self._report(error)
        return replies.LOCAL_ERROR

    def _report(self, error: BaseException) -> None:
        self._loop.call_exception_handler(
            {"message": "an SMTP handler raised", "exception": error, "protocol": self}
        )
