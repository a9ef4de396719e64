"""How the connections that a receiver permits are divided among processes (pure).

Everybody who wants some gets one if that is possible, the rest goes by demand. When there are more
processes than connections they take turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tayori.runtime.clock import SECOND

TURN_MS = 5 * SECOND
"""How long a process keeps its only connection while another has none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One process's part of one limit.

    `wanted` connections could be put to use, `granted` may be; `since_at` is since when it has
    some, or none.
    """

    owner: str
    wanted: int
    granted: int
    since_at: int


@dataclass(frozen=True, slots=True)
class Share:
    """What a process gets now, and what it should come down to."""

    granted: int
    target: int


def fair(limit: int, claims: Sequence[Claim], now: int) -> dict[str, int]:
    """Return how many each owner should have; the sum is at most the limit."""
    wanting = [claim for claim in claims if claim.wanted > 0]
    if len(wanting) > limit:
        wanting.sort(key=lambda claim: _turn(claim, now))
        return {claim.owner: int(place < limit) for place, claim in enumerate(wanting)}
    shares = {claim.owner: 1 for claim in wanting}
    rest = limit - len(wanting)
    more = {claim.owner: claim.wanted - 1 for claim in wanting}
    total = sum(more.values())
    if total <= rest:
        return {claim.owner: claim.wanted for claim in wanting}
    parts = {owner: divmod(rest * part, total) for owner, part in more.items()}
    for owner, (whole, _) in parts.items():
        shares[owner] += whole
    left = limit - sum(shares.values())
    for owner in sorted(parts, key=lambda owner: (-parts[owner][1], owner))[:left]:
        shares[owner] += 1
    return shares


def _turn(claim: Claim, now: int) -> tuple[int, int, str]:
    """Return the place in the queue: new holders, then those without, then old holders."""
    if not claim.granted:
        return (1, claim.since_at, claim.owner)
    return (0 if now - claim.since_at < TURN_MS else 2, claim.since_at, claim.owner)


def divide(limit: int, mine: Claim, others: Sequence[Claim], now: int) -> Share:
    """Return the share of `mine`, whose `granted` is what it cannot do without at this moment.

    What is granted beyond that never makes the sum of all exceed the limit.
    """
    fairly = fair(limit, [mine, *others], now)
    spare = limit - sum(fairly.values())
    target = fairly.get(mine.owner, 0)
    # What rests unused may stay with whoever has it as long as nobody wants it.
    target += max(0, min(mine.granted - target, spare))
    free = limit - mine.granted - sum(claim.granted for claim in others)
    return Share(mine.granted + max(0, min(target - mine.granted, free)), target)
