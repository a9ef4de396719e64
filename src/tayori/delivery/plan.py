"""From a recipient's domain to the hosts that are tried, in order."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from tayori.delivery.security.model import NO_DEMAND, HostDemand
from tayori.delivery.shaping import Shaping
from tayori.delivery.sources import UNBOUND, Source
from tayori.dns.addresses import Address
from tayori.dns.answers import TemporaryFailure
from tayori.dns.mx import MailHostFinder, MailHosts, NoMail, NoMailReason
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.refusal.saying import Saying, say

_ENHANCED = {
    NoMailReason.NULL_MX: "5.1.10",  # RFC 7505 4.2
    NoMailReason.NO_SUCH_DOMAIN: "5.1.2",
    NoMailReason.BAD_DOMAIN: "5.1.2",
    NoMailReason.NO_HOST: "5.1.2",
    NoMailReason.NO_USABLE_HOST: "5.4.4",
}


@dataclass(frozen=True, slots=True)
class Target:
    """One address of one mail host."""

    host_name: str
    address: str
    demand: HostDemand = NO_DEMAND
    """How secure connections to it have to be."""


RouteKey = tuple[str, ...]
"""What mails must have in common to share a site's workers and connections."""


@dataclass(frozen=True, slots=True)
class Route:
    """The site that takes a domain's mail, and its addresses in the order of attempts.

    `provider` is the name that the shaping rules give to the site's owner, "" for none. A planner
    leaves the source open; it is chosen for each mail.
    """

    site: str
    targets: tuple[Target, ...]
    provider: str = ""
    source: Source = UNBOUND
    own_rule: str = ""
    """The recipients' domain when it has a shaping rule of its own, so that it is paced alone."""
    domain: str = ""
    """A domain whose mail goes here, in A-labels; others may share the site."""
    signed: bool = False
    """The domain's MX records are authentic by DNSSEC."""
    security: str = ""
    """What tells apart demands on the connection, "" for none."""

    @property
    def key(self) -> RouteKey:
        """Return what tells apart routes whose mails must not share a connection."""
        return (self.site, self.source.name, self.own_rule, self.security)

    def leaving(self, source: Source) -> "Route":
        """Return the route from one of our addresses, with the targets that it can reach."""
        if source is self.source:
            return self
        usable = tuple(target for target in self.targets if source.reaches(target.address))
        return replace(self, source=source, targets=usable)


@dataclass(frozen=True, slots=True)
class Wait:
    """A mail may not go before `until`, milliseconds since the epoch; that is no attempt."""

    until: int
    cause: Saying


class Planner:
    """Finds routes; `allow_private` permits hosts outside the public internet."""

    def __init__(
        self,
        finder: MailHostFinder,
        chance: random.Random,
        *,
        allow_private: bool,
        rules: Callable[[], Shaping] = Shaping,
    ) -> None:
        self._finder = finder
        self._chance = chance
        self._allow_private = allow_private
        self._rules = rules

    async def route(self, domain: str, now: int) -> Route | Outcome:
        """Return the route of a domain, or the outcome that its DNS leads to."""
        found = await self._finder.find_hosts(domain)
        if isinstance(found, MailHosts):
            return self._targets(domain, found, now)
        if isinstance(found, NoMail):
            return _no_mail(found.reason, now)
        return _unknown(found, now)

    def _targets(self, domain: str, found: MailHosts, now: int) -> Route | Outcome:
        targets = tuple(
            Target(host.name, address.ip)
            for host in found.in_order(self._chance)
            for address in host.addresses
            if self._permitted(address)
        )
        if targets:
            rules = self._rules()
            return Route(
                found.site,
                targets,
                provider=rules.provider_of(domain, [host.name for host in found.hosts]),
                own_rule=rules.own_rule(domain),
                domain=found.domain,
                signed=found.signed,
            )
        said = say("The domain's mail hosts are in private networks only.")
        return _outcome(Kind.PERMANENT, now, (550, "5.4.4", said))

    def _permitted(self, address: Address) -> bool:
        return self._allow_private or not address.is_private


def _no_mail(reason: NoMailReason, now: int) -> Outcome:
    return _outcome(Kind.PERMANENT, now, (550, _ENHANCED[reason], reason.value))


def _unknown(failure: TemporaryFailure, now: int) -> Outcome:
    said = say("The domain's name servers gave no answer.")
    return _outcome(Kind.TEMPORARY, now, (450, "4.4.3", said), failure.detail)


def _outcome(kind: Kind, now: int, answer: tuple[int, str, Saying], detail: str = "") -> Outcome:
    code, enhanced, said = answer
    return Outcome(
        kind=kind,
        scope=Scope.SITE,
        stage=Stage.DNS,
        reply=Reply(code, enhanced, (said.english,)),
        said=said,
        detail=detail,
        started_at=now,
        ended_at=now,
    )
