"""SpamAssassin's daemon: `SYMBOLS` of protocol SPAMC/1.5 (spamd/PROTOCOL of SpamAssassin)."""

import asyncio
import re
from typing import Final

from tayori.refusal.saying import say
from tayori.screen.scanners.address import EngineAddress
from tayori.screen.scanners.model import Clean, ScanResult, Spam, Unavailable

_LONGEST_ANSWER: Final = 64 * 1024
_STATUS: Final = re.compile(rb"SPAMD/[0-9.]+ (\d+) (\S+)")
_VERDICT: Final = re.compile(
    rb"^Spam: *(True|False|Yes|No) *; *(-?[0-9.]+) */ *(-?[0-9.]+) *$", re.IGNORECASE | re.MULTILINE
)
_TESTS: Final = 12


class Spamd:
    """Scans over up to `at_once` connections; the daemon ends each after its answer.

    The kept library for it pins a command line framework below the one that this project uses.
    """

    name = "spamassassin"

    def __init__(self, address: str, *, timeout_s: float = 30.0, at_once: int = 4) -> None:
        self._address = EngineAddress(address)
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(at_once)

    async def scan(self, octets: bytes) -> ScanResult:
        """Return Clean, Spam or Unavailable."""
        async with self._places:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return _result(await self._ask(octets))
            except TimeoutError:
                return Unavailable(
                    say(
                        "{engine} gave no answer in {seconds} seconds.",
                        engine="spamd",
                        seconds=f"{self._timeout_s:g}",
                    )
                )
            except (OSError, EOFError, ValueError) as error:
                return Unavailable(
                    say(
                        "{engine} cannot be used: {error}.",
                        engine="spamd",
                        error=str(error) or type(error).__name__,
                    )
                )

    async def close(self) -> None:
        """Do nothing: no connection is kept."""

    async def _ask(self, octets: bytes) -> bytes:
        reader, writer = await self._address.connect()
        try:
            head = f"SYMBOLS SPAMC/1.5\r\nContent-length: {len(octets)}\r\n\r\n"
            writer.write(head.encode("ascii"))
            writer.write(octets)
            await writer.drain()
            answer = await reader.read(_LONGEST_ANSWER)
            while piece := await reader.read(_LONGEST_ANSWER):
                answer += piece
                if len(answer) > _LONGEST_ANSWER:
                    raise ValueError("its answer is too long")
            return answer
        finally:
            writer.close()


def _result(answer: bytes) -> ScanResult:
    status = _STATUS.match(answer)
    head, _, body = answer.partition(b"\r\n\r\n")
    verdict = _VERDICT.search(head.replace(b"\r\n", b"\n"))
    if status is None or status[1] != b"0" or verdict is None:
        return Unavailable(
            say(
                "{engine} answered {answer}.",
                engine="spamd",
                answer=repr(answer[:100].decode("ascii", "replace")),
            )
        )
    if verdict[1].lower() not in {b"true", b"yes"}:
        return Clean()
    names = body.decode("ascii", "replace").replace("\n", ",").split(",")
    tests = [name.strip() for name in names if name.strip()]
    return Spam(score=float(verdict[2]), limit=float(verdict[3]), tests=tuple(tests[:_TESTS]))
