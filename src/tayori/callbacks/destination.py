"""Where a call may go: well-formed URLs, and only addresses that are anybody's business.

The address that was checked is the one that is connected to (the name is not looked up again), so
a name server that changes its mind between check and use gains nothing.
"""

import asyncio
import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from tayori.dns.addresses import is_private
from tayori.dns.answers import Answer, Lookups, TemporaryFailure

LONGEST_URL: Final = 2_000


class ForbiddenAddressError(OSError):
    """A host is, or leads to, an address that calls may not go to."""


def check_url(url: str, *, allow_private: bool) -> str:
    """Return what is wrong with the URL of an endpoint in a sentence, "" when nothing is."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return f"A URL has at most {LONGEST_URL} printable ASCII characters without spaces."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"The URL cannot be read: {error}."
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "A URL begins with http:// or https:// and the name of a host."
    if parts.username is not None or parts.password is not None:
        return "A URL may not hold a user name or a password."
    return "" if allow_private else _check_literal(parts.hostname)


def _check_literal(host: str) -> str:
    literal = _literal(host)
    if literal is None or not is_private(literal):
        return ""
    return (
        f"{host} is no public address. An operator may permit private networks by "
        "callbacks.allow_private_networks."
    )


class GuardedResolver(AbstractResolver):
    """Resolves hosts through our own resolver and leaves out addresses that are not public."""

    def __init__(self, lookups: Lookups, *, allow_private: bool) -> None:
        self._lookups = lookups
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host; ForbiddenAddressError when none may be used."""
        found = [ipaddress.ip_address(text) for text in await self._addresses(host)]
        usable = [one for one in found if self._allow_private or not is_private(one)]
        if found and not usable:
            raise ForbiddenAddressError(f"{host} leads to private addresses only.")
        wanted = {socket.AF_INET: 4, socket.AF_INET6: 6}.get(family)
        return [
            ResolveResult(
                hostname=host,
                host=str(one),
                port=port,
                family=socket.AF_INET if one.version == 4 else socket.AF_INET6,  # noqa: PLR2004
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for one in usable
            if wanted in {None, one.version}
        ]

    async def close(self) -> None:
        """Release nothing: the resolver behind is somebody else's."""

    async def _addresses(self, host: str) -> list[str]:
        literal = _literal(host)
        if literal is not None:
            return [str(literal)]
        answers = await asyncio.gather(
            self._lookups.lookup(host, "A"), self._lookups.lookup(host, "AAAA")
        )
        found = [name for one in answers if isinstance(one, Answer) for name in one.names]
        if not found:
            failed = next((one for one in answers if isinstance(one, TemporaryFailure)), None)
            raise OSError(f"{host}: {failed.detail if failed else 'the name has no address'}")
        return found


def _literal(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
