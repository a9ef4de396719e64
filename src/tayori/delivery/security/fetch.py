"""Fetches MTA-STS policies over https, and posts TLS reports (RFC 8461 3.3, RFC 8460 3).

The certificate is verified, redirects are not followed, and only public addresses are connected
to: whoever names the host is a stranger.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from tayori.dns.answers import Lookups
from tayori.dns.guarded import GuardedResolver
from tayori.dns.sts import LONGEST_POLICY, StsPolicy, parse_policy
from tayori.refusal.saying import Saying, quote, say
from tayori.smtp.tls_fault import TlsFault, TlsResult

FETCH_S: Final = 20.0
"""Seconds that a policy may take; mail of the domain waits as long, once."""
_MOST_CONNECTIONS: Final = 50
_KEPT_S: Final = 5.0
_HTTPS: Final = 443
_OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """How the web is reached. `port` is another one in tests only."""

    trust_roots: Path | None = None
    allow_private: bool = False
    port: int = _HTTPS
    timeout_s: float = FETCH_S


class Web:
    """An https client over kept connections, opened at first use; close it at the end."""

    def __init__(self, lookups: Lookups, settings: WebSettings) -> None:
        self._lookups = lookups
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def policy(self, domain: str) -> StsPolicy | TlsFault:
        """Return the policy that a domain publishes now, or why there is none to be had."""
        port = "" if self._settings.port == _HTTPS else f":{self._settings.port}"
        url = f"https://mta-sts.{domain}{port}/.well-known/mta-sts.txt"
        try:
            async with self._open().get(url, allow_redirects=False) as answer:
                if answer.status != _OK:
                    return _unfetched(
                        say("{url} answers with status {status}", url=url, status=answer.status)
                    )
                if answer.content_type != "text/plain":
                    return _unfetched(
                        say(
                            "{url} is no text/plain but {type}",
                            url=url,
                            type=repr(answer.content_type[:100]),
                        )
                    )
                text = await _read(answer)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return _fault(url, error)
        found = parse_policy(text)
        return found if isinstance(found, StsPolicy) else _invalid(found)

    async def post(self, url: str, body: bytes, content_type: str) -> str:
        """Post octets; return what went wrong in a sentence, "" when they were taken (2xx)."""
        headers = {"Content-Type": content_type}
        try:
            async with self._open().post(
                url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                taken = _OK <= answer.status < 300  # noqa: PLR2004 - 2xx
                return "" if taken else f"{url} answers with status {answer.status}."
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return str(_fault(url, error))

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            roots = self._settings.trust_roots
            connector = aiohttp.TCPConnector(
                resolver=GuardedResolver(self._lookups, allow_private=self._settings.allow_private),
                use_dns_cache=False,
                limit=_MOST_CONNECTIONS,
                ssl=ssl.create_default_context(cafile=str(roots) if roots else None),
                keepalive_timeout=_KEPT_S,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Tayori"},
                auto_decompress=False,
            )
        return self._session


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body, one octet more than allowed at most."""
    found = b""
    while len(found) <= LONGEST_POLICY:
        piece = await answer.content.read(LONGEST_POLICY + 1 - len(found))
        if not piece:
            break
        found += piece
    return found


def _fault(url: str, error: Exception) -> TlsFault:
    if isinstance(error, TimeoutError):
        return _unfetched(say("{url} does not answer in time", url=url))
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        detail = say("the certificate of {url} is not accepted: {error}", url=url, error=error)
        return TlsFault(TlsResult.STS_WEBPKI_INVALID, detail)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _unfetched(say("{url} cannot be reached: {error}", url=url, error=error.os_error))
    return _unfetched(say("{url}: {error}", url=url, error=str(error) or type(error).__name__))


def _unfetched(detail: Saying) -> TlsFault:
    return TlsFault(TlsResult.STS_POLICY_FETCH_ERROR, detail)


def _invalid(detail: str) -> TlsFault:
    return TlsFault(TlsResult.STS_POLICY_INVALID, quote(detail))
