"""Rspamd's worker: `POST /checkv2` with the mail, a JSON object back (its protocol page)."""

import asyncio
from typing import Final

import aiohttp
import msgspec

from tayori.refusal.saying import say
from tayori.screen.scanners.model import Clean, ScanResult, Spam, Unavailable

_LONGEST_ANSWER: Final = 1024 * 1024
_TESTS: Final = 12
_PASSES: Final = frozenset({"no action", "greylist"})
"""Greylisting is for mail that comes in; our own would only wait."""
_OK: Final = 200


class _Symbol(msgspec.Struct):
    score: float = 0.0


class _Answer(msgspec.Struct):
    action: str
    score: float = 0.0
    required_score: float = 0.0
    symbols: dict[str, _Symbol] = {}
    is_skipped: bool = False


class Rspamd:
    """Scans over kept HTTP connections; `url` such as http://127.0.0.1:11333."""

    name = "rspamd"

    def __init__(self, url: str, *, timeout_s: float = 30.0, at_once: int = 4) -> None:
        self._url = f"{url.rstrip('/')}/checkv2"
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(at_once)
        self._session: aiohttp.ClientSession | None = None

    async def scan(self, octets: bytes) -> ScanResult:
        """Return Clean, Spam or Unavailable."""
        async with self._places:
            try:
                async with asyncio.timeout(self._timeout_s):
                    return await self._ask(octets)
            except TimeoutError:
                return Unavailable(
                    say(
                        "{engine} gave no answer in {seconds} seconds.",
                        engine="rspamd",
                        seconds=f"{self._timeout_s:g}",
                    )
                )
            except (OSError, aiohttp.ClientError, msgspec.MsgspecError) as error:
                return Unavailable(
                    say(
                        "{engine} cannot be used: {error}.",
                        engine="rspamd",
                        error=str(error) or type(error).__name__,
                    )
                )

    async def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(self, octets: bytes) -> ScanResult:
        if self._session is None:
            # The environment's proxies are for the web, not for a neighbour.
            self._session = aiohttp.ClientSession(trust_env=False)
        async with self._session.post(self._url, data=octets, allow_redirects=False) as response:
            body = await response.content.read(_LONGEST_ANSWER)
            if response.status != _OK:
                return Unavailable(
                    say("rspamd answered with status {status}.", status=response.status)
                )
        answer = msgspec.json.decode(body, type=_Answer)
        if answer.action in _PASSES:
            # A mail that its settings exempt was not looked at, which is no answer.
            skipped = answer.is_skipped
            return Unavailable(say("rspamd skipped the mail.")) if skipped else Clean()
        by_score = sorted(answer.symbols, key=lambda name: -answer.symbols[name].score)
        return Spam(score=answer.score, limit=answer.required_score, tests=tuple(by_score[:_TESTS]))
