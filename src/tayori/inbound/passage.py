"""What the server that handed a mail over looks like: its names, its greeting, block lists."""

import asyncio
import re
from collections.abc import Sequence
from typing import Final

from tayori.dns.addresses import IpAddress
from tayori.dns.answers import Lookups, TemporaryFailure
from tayori.dns.blocklist import Listed, ask_blocklist
from tayori.dns.reverse import leads_to, plain_address, reverse_names
from tayori.inbound.spool import NewMail
from tayori.screen.score.evidence import Passage, Result

LIMIT_S: Final = 20.0
"""Seconds for all look-ups of a mail's passage together; then nobody can tell."""
_MOST_NAMES: Final = 5
"""Names of an address that are followed; honest addresses have one."""
_HOST: Final = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*\Z"
)


async def passage_of(
    mail: NewMail, lookups: Lookups, zones: Sequence[str], limit_s: float = LIMIT_S
) -> Passage:
    """Return how a mail came, by what the DNS says now within `limit_s` seconds."""
    seen = Passage(client=mail.client, helo=mail.helo, tls=mail.tls)
    address = plain_address(mail.client)
    if address is None:
        return seen
    try:
        async with asyncio.timeout(limit_s):
            (names, reverse), greeting, said = await asyncio.gather(
                _reverse(address, lookups),
                _greeting(mail.helo, address, lookups),
                asyncio.gather(*(ask_blocklist(zone, address, lookups) for zone in zones)),
            )
    except TimeoutError:
        return seen
    return Passage(
        client=str(address),
        helo=mail.helo,
        tls=mail.tls,
        names=names,
        reverse=reverse,
        greeting=greeting,
        listed=tuple((one.zone, one.words) for one in said if one.listed is Listed.YES),
    )


async def _reverse(address: IpAddress, lookups: Lookups) -> tuple[tuple[str, ...], Result]:
    names = await reverse_names(address, lookups)
    if isinstance(names, TemporaryFailure):
        return (), Result.UNKNOWN
    followed = names[:_MOST_NAMES]
    if not followed:
        return (), Result.NONE
    found = await asyncio.gather(*(leads_to(name, address, lookups) for name in followed))
    if any(found):
        return followed, Result.PASS
    return followed, Result.UNKNOWN if None in found else Result.FAIL


async def _greeting(helo: str, address: IpAddress, lookups: Lookups) -> Result:
    """Tell whether the greeting names the server (RFC 5321 4.1.4)."""
    if not _HOST.match(helo.lower().removesuffix(".")):
        return Result.NONE
    leads = await leads_to(helo, address, lookups)
    if leads is None:
        return Result.UNKNOWN
    return Result.PASS if leads else Result.FAIL
