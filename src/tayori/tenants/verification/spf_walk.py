"""Walks an SPF record with all it includes, as a receiver does, and counts (RFC 7208 4.6.4).

It finds out whether our own domain is reached with a pass, how many look-ups that costs, and what
would stop a receiver on the way. The number of its queries is bounded, whatever a zone holds.
"""

from dataclasses import dataclass, field

from tayori.dns.answers import Answer, Lookup, Lookups, NoData, NoSuchName, TemporaryFailure
from tayori.tenants.verification.absence import texts_of
from tayori.tenants.verification.findings import Finding, FindingCode, finding
from tayori.tenants.verification.spf import (
    Mechanism,
    SpfRecord,
    SpfSyntaxError,
    has_macro,
    is_spf,
    parse_spf,
)

MAX_QUERIES = 40
"""Look-ups of one walk; a record that needs more has failed long before."""
MAX_UNANSWERED = 3
"""Names that may time out before the walk is given up."""

_TYPES = {"a": "A", "exists": "A", "mx": "MX"}


@dataclass(slots=True)
class SpfWalk:
    """What a walk found."""

    lookups: int = 0
    """Terms that cost a look-up, in the whole record."""
    reached_after: int | None = None
    """The same up to and with our own domain; None when it is not reached with a pass."""
    not_passing: bool = False
    """Our domain is named where it does not lead to a pass."""
    broken: list[Finding] = field(default_factory=list)
    """What stops a receiver before it reaches ours, or after everything when it never does."""
    void: list[str] = field(default_factory=list)
    """Names that look-ups found nothing at."""
    unanswered: list[str] = field(default_factory=list)
    """Names that nobody could tell about."""
    ours_empty: bool = False
    """Our own domain has no valid record."""


async def walk_spf(record: SpfRecord, domain: str, include: str, lookups: Lookups) -> SpfWalk:
    """Walk a domain's record; `include` is our domain, lower case without final dot."""
    walker = _Walker(include, lookups)
    await walker.visit(record, (domain,), passing=True)
    return walker.walk


class _Walker:
    def __init__(self, include: str, lookups: Lookups) -> None:
        self._include = include
        self._lookups = lookups
        self.walk = SpfWalk()

    async def visit(self, record: SpfRecord, path: tuple[str, ...], *, passing: bool) -> None:
        for mechanism in record.mechanisms:
            if mechanism.name == "all":
                return
            if mechanism.looks_up:
                self.walk.lookups += 1
            if self.walk.lookups > MAX_QUERIES or len(self.walk.unanswered) >= MAX_UNANSWERED:
                return
            if mechanism.name == "include":
                passes = passing and mechanism.qualifier == "+"
                await self._enter(mechanism.domain, path, passing=passes)
            elif mechanism.name in _TYPES:
                await self._count_void(mechanism, path[-1])
        if record.redirect:
            self.walk.lookups += 1
            await self._enter(record.redirect, path, passing=passing)

    async def _enter(self, target: str, path: tuple[str, ...], *, passing: bool) -> None:
        if has_macro(target):
            return
        if target in path:
            self._break(finding(FindingCode.SPF_LOOP, name=target))
            return
        result = await self._lookups.lookup(target, "TXT", bypass_cache=True)
        ours = target == self._include
        record = self._record(result, target, ours=ours)
        if record is not None:
            # Whatever ours includes in turn belongs to the price of reaching it.
            await self.visit(record, (*path, target), passing=passing)
        if ours and passing and self.walk.reached_after is None:
            self.walk.reached_after = self.walk.lookups
        elif ours and not passing:
            self.walk.not_passing = True

    def _record(self, result: Lookup, target: str, *, ours: bool) -> SpfRecord | None:
        """Return the record of an included domain; what is wrong with it is noted."""
        if isinstance(result, TemporaryFailure):
            self.walk.unanswered.append(target)
            return None
        texts = [text for text in texts_of(result) if is_spf(text)]
        parsed = parse_spf(texts[0]) if len(texts) == 1 else None
        if isinstance(parsed, SpfRecord):
            return parsed
        if ours:
            self.walk.ours_empty = True
        elif isinstance(parsed, SpfSyntaxError):
            self._break(finding(FindingCode.SPF_SYNTAX, name=target, term=parsed.term))
        else:
            self._break(finding(FindingCode.SPF_INCLUDE_BROKEN, name=target))
        if not isinstance(result, Answer):
            self.walk.void.append(target)
        return None

    def _break(self, found: Finding) -> None:
        if self.walk.reached_after is None:
            self.walk.broken.append(found)

    async def _count_void(self, mechanism: Mechanism, domain: str) -> None:
        name = mechanism.domain or domain
        if has_macro(name):
            return
        result = await self._lookups.lookup(name, _TYPES[mechanism.name])
        if isinstance(result, (NoSuchName, NoData)):
            self.walk.void.append(name)
        elif isinstance(result, TemporaryFailure):
            self.walk.unanswered.append(name)
