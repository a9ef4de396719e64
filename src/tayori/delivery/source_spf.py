"""Whether an SPF record permits an address (RFC 7208 5), as far as our own record needs it.

Macros, `exists` and `ptr` are not followed: they do not belong in a record that others include.
"""

import ipaddress

from tayori.dns.answers import Answer, Lookups, TemporaryFailure
from tayori.tenants.verification.absence import texts_of
from tayori.tenants.verification.spf import (
    MAX_LOOKUPS,
    Mechanism,
    SpfRecord,
    has_macro,
    is_spf,
    parse_spf,
)

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


async def authorises(domain: str, address: IpAddress, lookups: Lookups) -> bool | None:
    """Tell whether the address gets a pass from a domain's record; None when nobody could tell."""
    return await _Evaluation(address, lookups).passes(domain)


class _Evaluation:
    def __init__(self, address: IpAddress, lookups: Lookups) -> None:
        self._address = address
        self._lookups = lookups
        self._left = MAX_LOOKUPS

    async def passes(self, domain: str) -> bool | None:
        result = await self._lookups.lookup(domain, "TXT", bypass_cache=True)
        if isinstance(result, TemporaryFailure):
            return None
        texts = [text for text in texts_of(result) if is_spf(text)]
        parsed = parse_spf(texts[0]) if len(texts) == 1 else None
        if not isinstance(parsed, SpfRecord):
            return False
        for mechanism in parsed.mechanisms:
            matched = await self._matches(mechanism, domain)
            if matched is None:
                return None
            if matched:
                return mechanism.qualifier in {"", "+"}
        if parsed.redirect and self._may_ask(parsed.redirect):
            return await self.passes(parsed.redirect)
        return False

    def _may_ask(self, name: str) -> bool:
        self._left -= 1
        return self._left >= 0 and not has_macro(name)

    async def _matches(self, mechanism: Mechanism, domain: str) -> bool | None:
        name = mechanism.domain or domain
        match mechanism.name:
            case "all":
                return True
            case "ip4" | "ip6":
                return self._address in ipaddress.ip_network(mechanism.domain, strict=False)
            case "include" if self._may_ask(name):
                return await self.passes(name)
            case "a" if self._may_ask(name):
                return await self._has_address(name)
            case "mx" if self._may_ask(name):
                return await self._has_exchange(name)
            case _:
                return False

    async def _has_address(self, name: str) -> bool | None:
        kind = "AAAA" if self._address.version == 6 else "A"  # noqa: PLR2004 - the version
        result = await self._lookups.lookup(name, kind)
        if isinstance(result, TemporaryFailure):
            return None
        found = result.names if isinstance(result, Answer) else ()
        return any(ipaddress.ip_address(text) == self._address for text in found)

    async def _has_exchange(self, name: str) -> bool | None:
        result = await self._lookups.lookup(name, "MX")
        if isinstance(result, TemporaryFailure):
            return None
        for exchange in (result.exchanges if isinstance(result, Answer) else ())[:MAX_LOOKUPS]:
            if await self._has_address(exchange.exchange):
                return True
        return False
