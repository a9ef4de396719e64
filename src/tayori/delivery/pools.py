"""Pools of sources, and the order in which a mail may take their members (pure).

The order is drawn by rendezvous hashing: each member wins in proportion to its weight, the same
attempt has the same order in every process, and a member that comes or goes moves no other mail.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, tzinfo

from tayori.config.delivery import DeliverySettings
from tayori.delivery.sources import Source
from tayori.queue.model import Leased
from tayori.runtime.clock import SECOND

_ALL = ""
"""The pool of all sources, when an operator named none."""


@dataclass(frozen=True, slots=True)
class Member:
    """A source and its weight; before `warms_from` it sends nothing, None = it is warm."""

    source: Source
    weight: int
    warms_from: int | None = None


@dataclass(frozen=True, slots=True)
class Pools:
    """All pools by name; without sources there are none."""

    by_name: Mapping[str, Sequence[Member]]
    default: str

    def members(self, pool: str | None) -> Sequence[Member]:
        """Return the members of a pool; of the default one for None or a name that went away."""
        return self.by_name.get(pool or self.default) or self.by_name[self.default]


def pools_of(delivery: DeliverySettings, zone: tzinfo) -> Pools:
    """Return the pools of checked settings."""
    members = {
        source.name: Member(
            Source(source.name, source.ehlo_name, source.ipv4, source.ipv6),
            1,
            _begin(source.warmup_start, zone),
        )
        for source in delivery.sources
    }
    if not delivery.pools:
        return Pools({_ALL: tuple(members.values())}, _ALL)
    by_name = {
        pool.name: tuple(
            Member(members[name].source, weight, members[name].warms_from)
            for name, weight in pool.members.items()
        )
        for pool in delivery.pools
    }
    return Pools(by_name, delivery.default_pool or delivery.pools[0].name)


def _begin(day: str, zone: tzinfo) -> int | None:
    if not day:
        return None
    midnight = datetime.combine(date.fromisoformat(day), time(), zone)
    return int(midnight.timestamp() * SECOND)


def in_order(members: Sequence[Member], recipient: Leased) -> list[Member]:
    """Return the members as this attempt prefers them.

    The source that the receiver greylisted comes first, one that has to be avoided last.
    """
    if len(members) == 1:
        return list(members)

    def rank(member: Member) -> tuple[int, float]:
        name = member.source.name
        place = -1 if name == recipient.source else 1 if name == recipient.avoids else 0
        return place, _draw(f"{recipient.id}/{recipient.attempts}/{name}") / member.weight

    return sorted(members, key=rank)


def _draw(text: str) -> float:
    """Return an exponentially distributed number; the least over its weight wins."""
    number = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    return -math.log((number + 1) / (2**64 + 1))
