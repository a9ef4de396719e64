"""The addresses that an HTTP client may connect to when a stranger named the host.

The address that was checked is the one that is connected to (the name is not looked up again), so
a name server that changes its mind between check and use gains nothing.
"""

import asyncio
import ipaddress
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from tayori.dns.addresses import IpAddress, is_private
from tayori.dns.answers import Answer, Lookups, TemporaryFailure
from tayori.refusal.saying import say


class ForbiddenAddressError(OSError):
    """A host is, or leads to, an address that we may not connect to; its argument is a saying."""


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
            raise ForbiddenAddressError(say("{host} leads to private addresses only.", host=host))
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
        literal = literal_of(host)
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


def literal_of(host: str) -> IpAddress | None:
    """Return the address that a host is written as, or None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
