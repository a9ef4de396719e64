"""ClamAV's daemon: `INSTREAM` within `IDSESSION`, so that connections are kept (clamd(8))."""

import asyncio
import re
import struct
from typing import Final

from tayori.refusal.saying import say
from tayori.screen.scanners.address import EngineAddress
from tayori.screen.scanners.model import Clean, Infected, ScanResult, Unavailable

_CHUNK: Final = 256 * 1024
"""Octets of one piece; far below the daemon's StreamMaxLength."""
_LONGEST_ANSWER: Final = 64 * 1024
_ANSWER: Final = re.compile(rb"(?:\d+: )?stream: (?:(OK)|(.{1,500}) FOUND)\Z", re.DOTALL)

_Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Clamd:
    """Scans over up to `at_once` connections; the libraries for it open one per mail."""

    name = "clamav"

    def __init__(self, address: str, *, timeout_s: float = 30.0, at_once: int = 4) -> None:
        self._address = EngineAddress(address)
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(at_once)
        self._idle: list[_Connection] = []

    async def scan(self, octets: bytes) -> ScanResult:
        """Return Clean, Infected or Unavailable."""
        async with self._places:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return _result(await self._ask(octets))
            except TimeoutError:
                return Unavailable(
                    say(
                        "{engine} gave no answer in {seconds} seconds.",
                        engine="clamd",
                        seconds=f"{self._timeout_s:g}",
                    )
                )
            except (OSError, EOFError, ValueError) as error:
                return Unavailable(
                    say(
                        "{engine} cannot be used: {error}.",
                        engine="clamd",
                        error=str(error) or type(error).__name__,
                    )
                )

    async def close(self) -> None:
        """Close the kept connections."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()

    async def _ask(self, octets: bytes) -> bytes:
        while self._idle:
            connection = self._idle.pop()
            try:
                return await self._exchange(connection, octets)
            except (OSError, EOFError):
                # The daemon ends idle sessions; the next one, or a new one, is asked instead.
                continue
        connection = await self._address.connect()
        connection[1].write(b"zIDSESSION\0")
        return await self._exchange(connection, octets)

    async def _exchange(self, connection: _Connection, octets: bytes) -> bytes:
        reader, writer = connection
        finished = False
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(octets), _CHUNK):
                piece = octets[start : start + _CHUNK]
                writer.write(struct.pack("!I", len(piece)) + piece)
                await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            answer = await reader.readuntil(b"\0")
            finished = b"ERROR" not in answer
        except asyncio.LimitOverrunError as error:
            raise ValueError("its answer is too long") from error
        finally:
            if finished:
                self._idle.append(connection)
            else:
                writer.close()
        return answer[:-1]


def _result(answer: bytes) -> ScanResult:
    match = _ANSWER.match(answer.strip()) if len(answer) < _LONGEST_ANSWER else None
    if match is None:
        return Unavailable(
            say(
                "{engine} answered {answer}.",
                engine="clamd",
                answer=repr(answer[:100].decode("ascii", "replace")),
            )
        )
    return Clean() if match[1] else Infected(match[2].decode("ascii", "replace"))
