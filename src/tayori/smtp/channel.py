"""One SMTP connection, client's or server's: transport, TLS, flow control and one deadline.

A subclass gets clear text through `received`, whether TLS is on or not, and exactly one `lost` at
the end. All hooks are plain calls from the event loop; none may block.
"""

import asyncio
import ssl
from math import inf
from typing import cast

from tayori.smtp.tls import TlsStream
from tayori.smtp.tls_fault import TlsFault, fault_of

_CLOSING_S = 10.0
"""Seconds that a peer has to take the last octets of a connection that we close."""


class Channel(asyncio.Protocol):
    """The part of a connection that both directions share."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.closed = False
        """True as soon as nothing can be sent any more."""
        self.write_paused = False
        """True while octets that were written have not all left the process."""
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._tls: TlsStream | None = None
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None

    # Hooks of the subclasses.

    def opened(self) -> None:
        """React to the new connection."""

    def received(self, data: bytes) -> None:
        """React to clear text from the peer."""

    def secured(self) -> None:
        """React to the end of the TLS handshake."""

    def tls_failed(self, fault: TlsFault) -> None:
        """React to a handshake that broke; the connection is of no use any more."""

    def drained(self) -> None:
        """React to the last written octet having left the process after a pause."""

    def timed_out(self) -> None:
        """React to the deadline."""

    def lost(self, detail: str) -> None:
        """React to the end of the connection, whoever ended it."""

    # What subclasses use.

    @property
    def tls(self) -> str:
        """Return protocol and cipher in use, "" in clear."""
        return self._tls.text if self._tls is not None and self._tls.ready else ""

    def write(self, data: bytes) -> None:
        """Send octets, encrypted once TLS is on; does nothing when closed."""
        if self._transport is None or self.closed:
            return
        if self._tls is not None:
            data = self._tls.write(data)
        self._transport.write(data)

    def start_tls(self, stream: TlsStream) -> None:
        """Begin TLS now: every octet from here on belongs to it, in both directions."""
        self._tls = stream
        self._handshake()

    def deadline(self, seconds: float) -> None:
        """Call `timed_out` in so many seconds, unless another deadline is set before; inf = never.

        One timer is kept and moved only when it would fire too late: deadlines are set several
        times per mail and nearly never reached.
        """
        self._due = due = self._loop.time() + seconds
        if self._timer is None:
            if due != inf:
                self._timer = self._loop.call_at(due, self._timer_fired)
        elif due < self._timer.when():
            self._timer.cancel()
            self._timer = self._loop.call_at(due, self._timer_fired)

    def close(self) -> None:
        """Send what was written, then close."""
        if self.closed or self._transport is None:
            return
        self.closed = True
        if self._tls is not None and self._tls.ready:
            self._transport.write(self._tls.close())
        self._transport.close()
        if self.write_paused:
            self.deadline(_CLOSING_S)

    def abort(self) -> None:
        """Close at once; what was not sent is dropped."""
        self.closed = True
        if self._transport is not None:
            self._transport.abort()

    # Calls from the event loop.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, made to tell exactly whether all octets left the process."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        self.opened()

    def data_received(self, data: bytes) -> None:
        """Decrypt if need be and pass on."""
        tls = self._tls
        if tls is None:
            self.received(data)
            return
        tls.feed(data)
        if not tls.ready:
            self._handshake()
        else:
            self._decrypt(tls)

    def pause_writing(self) -> None:
        """Note that octets are waiting."""
        self.write_paused = True

    def resume_writing(self) -> None:
        """Note that all octets have left."""
        self.write_paused = False
        self.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the deadline and tell the subclass once."""
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.lost(str(exc) if exc is not None else "connection closed by the peer")

    def _handshake(self) -> None:
        tls = self._tls
        if tls is None or self._transport is None:
            return
        try:
            tls.handshake()
        except (ssl.SSLError, ssl.CertificateError, ValueError) as error:
            self._send_output(tls)
            self.tls_failed(fault_of(error))
            return
        self._send_output(tls)
        if tls.ready:
            self.secured()
            self._decrypt(tls)

    def _decrypt(self, tls: TlsStream) -> None:
        try:
            data = tls.read()
        except ssl.SSLError:
            # Octets that do not decrypt are an attack or a broken peer: nothing after them counts.
            self._send_output(tls)
            self.abort()
            return
        self._send_output(tls)
        if data:
            self.received(data)
        if tls.ended and not self.closed:
            self.close()

    def _send_output(self, tls: TlsStream) -> None:
        output = tls.output()
        if output and self._transport is not None and not self._transport.is_closing():
            self._transport.write(output)

    def _timer_fired(self) -> None:
        self._timer = None
        if self._due == inf:
            return
        if self._due > self._loop.time():
            self._timer = self._loop.call_at(self._due, self._timer_fired)
            return
        self._due = inf
        if self.closed and self._transport is not None:
            self._transport.abort()
        else:
            self.timed_out()
