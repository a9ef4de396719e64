"""The route of an operator who hands all mail to one relay instead of the receivers' MX hosts."""

import asyncio
import ipaddress

from tayori.delivery.plan import Route, Target
from tayori.dns.answers import Answer, Lookup, Lookups, TemporaryFailure
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.refusal.saying import say


class SmarthostPlanner:
    """Routes every domain to one host, given as a name or an address.

    The operator named the host, so it may be in a private network.
    """

    def __init__(self, host: str, lookups: Lookups) -> None:
        self._host = host
        self._lookups = lookups

    async def route(self, _domain: str, now: int) -> Route | Outcome:
        """Return the route; a host that cannot be found is temporary trouble, never a bounce."""
        try:
            return self._to([str(ipaddress.ip_address(self._host))])
        except ValueError:
            pass
        found = await asyncio.gather(
            *(self._lookups.lookup(self._host, kind) for kind in ("A", "AAAA"))
        )
        addresses = [name for result in found for name in _addresses(result)]
        if addresses:
            return self._to(addresses)
        details = [result.detail for result in found if isinstance(result, TemporaryFailure)]
        said = say("The smarthost was not found in the DNS.")
        return Outcome(
            kind=Kind.TEMPORARY,
            scope=Scope.SITE,
            stage=Stage.DNS,
            reply=Reply(450, "4.4.3", (said.english,)),
            said=said,
            detail="; ".join(details),
            started_at=now,
            ended_at=now,
        )

    def _to(self, addresses: list[str]) -> Route:
        targets = tuple(Target(self._host, address) for address in addresses)
        return Route(f"smarthost {self._host}", targets)


def _addresses(result: Lookup) -> tuple[str, ...]:
    return result.names if isinstance(result, Answer) else ()
