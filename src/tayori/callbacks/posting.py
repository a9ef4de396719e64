"""One call over HTTP: what was answered, within bounds of time and size."""

import asyncio
import ssl
from pathlib import Path
from typing import Final, Self

import aiohttp

from tayori.callbacks.destination import check_url
from tayori.callbacks.model import Answer, Endpoint
from tayori.callbacks.signing import CALL_HEADER, HEADER, signature
from tayori.config.tree import CallbackSettings
from tayori.dns.answers import Lookups
from tayori.dns.guarded import ForbiddenAddressError, GuardedResolver
from tayori.refusal.saying import NOTHING, Saying, quote, say
from tayori.runtime.clock import SECOND, Clock

LONGEST_RESPONSE: Final = 500
"""Octets of an answer that are read and kept."""
_MOST_CONNECTIONS: Final = 500
_KEPT_S: Final = 30.0


class Poster:
    """Posts to endpoints over kept connections; close it at the end."""

    def __init__(self, lookups: Lookups, settings: CallbackSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        roots = settings.tls_ca_file
        self._tls = ssl.create_default_context(cafile=str(Path(roots)) if roots else None)
        self._resolver = GuardedResolver(lookups, allow_private=settings.allow_private_networks)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Open; connections are made when they are needed."""
        connector = aiohttp.TCPConnector(
            resolver=self._resolver,
            use_dns_cache=False,
            limit=_MOST_CONNECTIONS,
            limit_per_host=0,
            ssl=self._tls,
            keepalive_timeout=_KEPT_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            raise_for_status=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    async def post(self, endpoint: Endpoint, call_id: int, body: str) -> Answer:
        """Post a body and return what was answered, or why there was no answer."""
        at, began = self._clock.now(), asyncio.get_running_loop().time()
        status, response, error = None, "", NOTHING
        try:
            status, response = await self._exchange(endpoint, call_id, body.encode(), at)
        except TimeoutError:
            error = say(
                "No answer within {seconds} seconds.", seconds=f"{self._settings.timeout_s:g}"
            )
        except (aiohttp.ClientError, OSError, ValueError) as failure:
            error = _sentence(failure)
        if status is not None and 300 <= status < 400:  # noqa: PLR2004 - RFC 9110 15.4
            error = say("Redirects are not followed: give the address that answers by itself.")
        spent_ms = round((asyncio.get_running_loop().time() - began) * SECOND)
        return Answer(at=at, duration_ms=spent_ms, status=status, response=response, error=error)

    async def _exchange(
        self, endpoint: Endpoint, call_id: int, body: bytes, now: int
    ) -> tuple[int, str]:
        wrong = check_url(endpoint.url, allow_private=self._settings.allow_private_networks)
        if wrong:
            raise ForbiddenAddressError(wrong)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Tayori",
            CALL_HEADER: str(call_id),
            HEADER: signature(endpoint.secret, body, now // SECOND),
        }
        try:
            return await self._request(endpoint.url, body, headers)
        except aiohttp.ServerDisconnectedError:
            # A kept connection was closed while it rested; the receiver has read nothing.
            return await self._request(endpoint.url, body, headers)

    async def _request(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        if self._session is None:
            raise RuntimeError("The poster is not open.")
        async with self._session.post(
            url, data=body, headers=headers, allow_redirects=False
        ) as answer:
            content = await answer.content.read(LONGEST_RESPONSE)
            return answer.status, _printable(content)


def _printable(content: bytes) -> str:
    text = content.decode("utf-8", errors="replace")
    return "".join(char if char.isprintable() else " " for char in text)


def _sentence(failure: Exception) -> Saying:
    cause = failure.os_error if isinstance(failure, aiohttp.ClientConnectorError) else failure
    if isinstance(cause, ForbiddenAddressError):
        why = cause.args[0] if cause.args else ""
        return say("Not called: {cause}", cause=why)
    return quote(str(cause) or type(cause).__name__)
