"""A load of mails over pipelined SMTP sessions, and what it measured; a process of its own.

The envelope of the next mail goes out behind the final dot of the last (RFC 2920 3.1 lets content
be the first of a group), so a session waits once per mail: for the answer that it was taken.
"""

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import uvloop
from tests.bench.measured import Measured, measured

_POSITIVE = b"23"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the load is for, and how much of it."""

    host: str
    port: int
    sender: str
    receivers: tuple[str, ...]  # taken in turn
    mails: int
    sessions: int
    password: str = ""  # "" = no AUTH
    per_connection: int = 0  # 0 = a session keeps its connection
    octets: int = 5_000
    chained: bool = True  # False = the next envelope waits for the answer to the last mail


def mail(sender: str, octets: int) -> bytes:
    """Return a mail of text and HTML of about so many octets, with its final dot."""
    line = b"All work and no play makes a dull order, says the house of words.\r\n"
    text = line * (octets // (2 * len(line)) - 4)
    html = b"<p>" + line[:-6] + b"</p>\r\n"
    page = html * (octets // (2 * len(html)) - 4)
    head = (
        f"From: Shop <{sender}>\r\nTo: Ms Mori <mori@r.test>\r\nSubject: Your order\r\n"
        "Date: Tue, 24 Nov 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="=_between"\r\n\r\n'
    ).encode()
    part = b"--=_between\r\nContent-Type: text/%s; charset=utf-8\r\n"
    encoding = b"Content-Transfer-Encoding: %s\r\n\r\n"
    plain = part % b"plain" + encoding % b"7bit" + text
    rich = part % b"html" + encoding % b"quoted-printable" + page
    return head + plain + rich + b"--=_between--\r\n.\r\n"


@dataclass(slots=True)
class _Run:
    """What all sessions share."""

    target: Target
    content: bytes
    begun: int = 0
    accepted: int = 0
    refusals: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def next_content(self) -> bytes:
        """Return the content, with a boundary of its own as every mail has it."""
        return self.content.replace(b"=_between", b"=_%09d" % self.begun)

    def envelope(self) -> bytes:
        """Return the next mail's envelope, b"" at the end."""
        target = self.target
        if self.begun >= target.mails:
            return b""
        receiver = target.receivers[self.begun % len(target.receivers)]
        self.begun += 1
        return f"MAIL FROM:<{target.sender}>\r\nRCPT TO:<{receiver}>\r\nDATA\r\n".encode()


class _Connection(asyncio.Protocol):
    """One connection: greeting, EHLO, AUTH, mails, QUIT."""

    def __init__(self, run: _Run) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self._run = run
        self._buffer = b""
        self._left = run.target.per_connection or run.target.mails
        self._handler: Callable[[bytes], None] = self._greeted
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # TCP

    def data_received(self, data: bytes) -> None:
        lines = (self._buffer + data).split(b"\r\n")
        self._buffer = lines.pop()
        for line in lines:
            if line[3:4] == b"-":
                continue
            if line[:1] not in _POSITIVE:
                self._run.refusals.append(line.decode(errors="replace"))
                self._transport.close()
                return
            self._handler(line)

    def _greeted(self, _: bytes) -> None:
        self._transport.write(b"EHLO load.test\r\n")
        self._handler = self._offered

    def _offered(self, _: bytes) -> None:
        target = self._run.target
        if not target.password:
            self._begin(b"")
            return
        words = base64.b64encode(f"\0{target.sender}\0{target.password}".encode())
        self._transport.write(b"AUTH PLAIN " + words + b"\r\n")
        self._handler = self._begin

    def _begin(self, _: bytes) -> None:
        self._left -= 1
        self._transport.write(self._run.envelope() or b"QUIT\r\n")
        self._handler = self._answered

    def _answered(self, line: bytes) -> None:
        if line.startswith(b"354"):
            following = self._following() if self._run.target.chained else b""
            self._sent_at = time.perf_counter()
            self._transport.write(self._run.next_content() + following)
            self._handler = self._taken
        elif line.startswith(b"221"):
            self._transport.close()

    def _following(self) -> bytes:
        envelope = self._run.envelope() if self._left > 0 else b""
        self._left -= 1
        return envelope or b"QUIT\r\n"

    def _taken(self, _: bytes) -> None:
        self._run.latencies.append(time.perf_counter() - self._sent_at)
        self._run.accepted += 1
        self._handler = self._answered
        if not self._run.target.chained:
            self._transport.write(self._following())

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


async def _session(run: _Run) -> None:
    loop = asyncio.get_running_loop()
    while run.begun < run.target.mails and not run.refusals:
        _, made = await loop.create_connection(
            lambda: _Connection(run), run.target.host, run.target.port
        )
        await made.done


async def _measure(target: Target) -> Measured:
    run = _Run(target, mail(target.sender, target.octets))
    began = time.perf_counter()
    await asyncio.gather(*(_session(run) for _ in range(target.sessions)))
    seconds = time.perf_counter() - began
    return measured(run.accepted, run.refusals, seconds, run.latencies)


def run_load(target: Target) -> Measured:
    """Run the load in this process and return what was measured."""
    return uvloop.run(_measure(target))
