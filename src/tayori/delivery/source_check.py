"""Whether receivers will believe a source: its names, its SPF record, and block lists.

Nothing here raises for what the DNS says; what nobody could tell is `unknown`, never `wrong`.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tayori.delivery.source_spf import authorises
from tayori.delivery.sources import Source
from tayori.dns.answers import Lookups, TemporaryFailure
from tayori.dns.blocklist import Listed, ask_blocklist
from tayori.dns.reverse import leads_to, reverse_names
from tayori.refusal.saying import Saying, say


class State(StrEnum):
    """What a check came to."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check of one address, with a sentence for the operator."""

    source: str
    address: str
    check: str
    state: State
    saying: Saying

    @property
    def sentence(self) -> str:
        """Return the sentence in English."""
        return self.saying.english


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the checks compare with: our name, the domain of our SPF record, and block lists."""

    hostname: str
    spf_include: str
    dnsbl_zones: Sequence[str]


async def check_source(source: Source, our: Surroundings, lookups: Lookups) -> list[Finding]:
    """Return the findings on each address of a source."""
    found: list[Finding] = []
    for address in filter(None, (source.ipv4, source.ipv6)):
        checks = _Checks(source, address, source.ehlo_name or our.hostname, lookups)
        found.append(checks.local())
        found += await checks.names()
        found.append(await checks.ehlo())
        found.append(await checks.spf(our.spf_include))
        found += await asyncio.gather(*(checks.listed(zone) for zone in our.dnsbl_zones))
    return found


class _Checks:
    def __init__(self, source: Source, address: str, ehlo_name: str, lookups: Lookups) -> None:
        self._source = source
        self._address = ipaddress.ip_address(address)
        self._ehlo_name = ehlo_name
        self._lookups = lookups

    def local(self) -> Finding:
        """Tell whether this machine has the address."""
        family = socket.AF_INET6 if self._address.version == 6 else socket.AF_INET  # noqa: PLR2004
        try:
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((str(self._address), 0))
        except OSError:
            return self._wrong("local", say("This machine does not have the address."))
        return self._ok("local", say("This machine has the address."))

    async def names(self) -> list[Finding]:
        """Look at the reverse name, and at where it leads back to (RFC 1912 2.1)."""
        names = await reverse_names(self._address, self._lookups, bypass_cache=True)
        if isinstance(names, TemporaryFailure):
            return [
                self._unknown(
                    "ptr", say("The reverse name was not found out: {detail}", detail=names.detail)
                )
            ]
        if not names:
            return [self._wrong("ptr", say("The address has no reverse name (PTR record)."))]
        shown = ", ".join(names)
        ptr = self._ok("ptr", say("The reverse name is {shown}.", shown=shown))
        for name in names:
            if await self._leads_here(name):
                return [
                    ptr,
                    self._ok("forward", say("{name} leads back to the address.", name=name)),
                ]
        return [
            ptr,
            self._wrong("forward", say("{shown} does not lead back to the address.", shown=shown)),
        ]

    async def ehlo(self) -> Finding:
        """Tell whether the EHLO name is that of the address (RFC 5321 4.1.4)."""
        leads = await self._leads_here(self._ehlo_name)
        if leads is None:
            return self._unknown(
                "ehlo", say("{ehlo_name} could not be looked up.", ehlo_name=self._ehlo_name)
            )
        if leads:
            return self._ok(
                "ehlo",
                say("The EHLO name {ehlo_name} leads to the address.", ehlo_name=self._ehlo_name),
            )
        return self._wrong(
            "ehlo",
            say(
                "The EHLO name {ehlo_name} does not lead to the address.", ehlo_name=self._ehlo_name
            ),
        )

    async def spf(self, include: str) -> Finding:
        """Tell whether the record that customers include permits the address."""
        answer = await authorises(include, self._address, self._lookups)
        if answer is None:
            return self._unknown(
                "spf", say("The SPF record of {include} could not be looked up.", include=include)
            )
        if answer:
            return self._ok(
                "spf", say("The SPF record of {include} permits the address.", include=include)
            )
        return self._wrong(
            "spf", say("The SPF record of {include} does not permit the address.", include=include)
        )

    async def listed(self, zone: str) -> Finding:
        """Ask one block list (RFC 5782 2.1)."""
        said = await ask_blocklist(zone, self._address, self._lookups, bypass_cache=True)
        check, codes = f"dnsbl {zone}", ", ".join(said.codes)
        match said.listed:
            case Listed.NO_ANSWER:
                return self._unknown(check, say("{zone} gave no answer.", zone=zone))
            case Listed.NO:
                return self._ok(check, say("{zone} does not list the address.", zone=zone))
            case Listed.REFUSED:
                return self._unknown(
                    check, say("{zone} refused the question ({codes}).", zone=zone, codes=codes)
                )
            case Listed.YES:
                if not said.words:
                    listed = say("{zone} lists the address ({codes}).", zone=zone, codes=codes)
                    return self._wrong(check, listed)
                listed = say(
                    "{zone} lists the address ({codes}): {words}.",
                    zone=zone,
                    codes=codes,
                    words=said.words,
                )
                return self._wrong(check, listed)

    async def _leads_here(self, name: str) -> bool | None:
        return await leads_to(name, self._address, self._lookups, bypass_cache=True)

    def _ok(self, check: str, saying: Saying) -> Finding:
        return self._finding(check, State.OK, saying)

    def _wrong(self, check: str, saying: Saying) -> Finding:
        return self._finding(check, State.WRONG, saying)

    def _unknown(self, check: str, saying: Saying) -> Finding:
        return self._finding(check, State.UNKNOWN, saying)

    def _finding(self, check: str, state: State, saying: Saying) -> Finding:
        return Finding(
            source=self._source.name,
            address=str(self._address),
            check=check,
            state=state,
            saying=saying,
        )
