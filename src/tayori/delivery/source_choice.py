"""Which source each mail leaves from: the pool of its account, weights, warm-up, and pins.

Promises: the choice for one attempt is the same in every process; a greylisted mail keeps its
source; a source that warms up never gets more than its caps allow, what is too much goes to other
members of the pool, or back to the queue until there is room, which is no attempt. An installation
without configured sources pays nothing for any of this.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tayori.classify.model import BounceClass
from tayori.delivery.plan import Route, Wait
from tayori.delivery.pools import Member, Pools, in_order
from tayori.delivery.work import Work
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.model import Settlement
from tayori.refusal.saying import Saying, say
from tayori.reputation.warmup_store import Grant, WarmupStore, Wish
from tayori.runtime.clock import HOUR, MINUTE, SECOND, Clock
from tayori.tenants.pool_store import PoolStore

POOLS_KNOWN_MS = 5 * SECOND
"""How late a change of an account's pool is noticed."""
LONGEST_WAIT_MS = 12 * HOUR
SPREAD_MS = 5 * MINUTE
"""Mails that wait for an hour come back within so long of its begin, not all at once."""


@dataclass(frozen=True, slots=True)
class Share:
    """Mails that go the same way: along a route, or nowhere because of an outcome or a wait."""

    works: Sequence[Work]
    way: Route | Outcome | Wait


Avoid = Callable[[str, str], bool]
"""Tells by source name and provider whether the source is paused there."""


@dataclass(slots=True)
class _Asked:
    """What this process knows of one (source, provider)."""

    warm_until: int = 0
    full_until: int = 0
    hour_cap: int = 1
    put_off: int = 0
    refused: int = 0


class SourceChooser:
    """Chooses among configured sources; `avoid` names those that are paused at a provider."""

    def __init__(
        self,
        *,
        pools: Pools,
        accounts: PoolStore,
        warmup: WarmupStore,
        clock: Clock,
        chance: random.Random,
        avoid: Avoid = lambda _source, _provider: False,
    ) -> None:
        self._pools = pools
        self._accounts = accounts
        self._warmup = warmup
        self._clock = clock
        self._chance = chance
        self._avoid = avoid
        self._dedicated: dict[int, str] = {}
        self._known_until = 0
        self._asked: defaultdict[tuple[str, str], _Asked] = defaultdict(_Asked)

    async def share(self, route: Route, works: Sequence[Work]) -> list[Share]:
        """Divide the mails of a site among sources; DatabaseBusyError when nobody can tell."""
        await self._learn_pools()
        reached: dict[str, Route] = {}
        queues: list[tuple[Work, list[Member]]] = []
        unreachable: list[Work] = []
        for work in sorted(works, key=lambda work: work.recipient.priority):
            members = self._usable(work, route, reached)
            if members:
                queues.append((work, members))
            else:
                unreachable.append(work)
        chosen, waiting = await self._walk(queues, route.provider)
        shares = [Share(some, reached[name]) for name, some in chosen.items()]
        if unreachable:
            shares.append(Share(unreachable, _unreachable(route, self._clock.now())))
        return shares + self._waits(waiting, route.provider)

    def learn(self, route: Route, settlement: Settlement) -> None:
        """Remember that a source was refused for its reputation; its warm-up waits for that."""
        if settlement.bounce_class == BounceClass.REPUTATION and route.source.bound:
            self._key(route.source.name, route.provider).refused += 1

    async def _learn_pools(self) -> None:
        now = self._clock.now()
        if now >= self._known_until or self._known_until > now + POOLS_KNOWN_MS:
            self._dedicated = await self._accounts.dedicated()
            self._known_until = now + POOLS_KNOWN_MS

    def _usable(self, work: Work, route: Route, reached: dict[str, Route]) -> list[Member]:
        """Return the members that reach the site, in the order of preference, paused ones last."""
        pool = self._pools.members(self._dedicated.get(work.recipient.account_id))
        usable = []
        for member in in_order(pool, work.recipient):
            name = member.source.name
            if name not in reached:
                reached[name] = route.leaving(member.source)
            if reached[name].targets:
                usable.append(member)
        destination = route.provider or route.site
        usable.sort(key=lambda member: self._avoid(member.source.name, destination))
        pinned = bool(usable) and usable[0].source.name == work.recipient.source
        return usable[:1] if pinned else usable

    async def _walk(
        self, queues: Sequence[tuple[Work, list[Member]]], provider: str
    ) -> tuple[dict[str, list[Work]], list[tuple[Work, list[Member]]]]:
        """Let each mail try its members in turn; return what each source got, and who waits."""
        chosen: defaultdict[str, list[Work]] = defaultdict(list)
        waiting: list[tuple[Work, list[Member]]] = []
        turn = 0
        while queues:
            by_name: defaultdict[str, list[tuple[Work, list[Member]]]] = defaultdict(list)
            for work, members in queues:
                if turn < len(members):
                    by_name[members[turn].source.name].append((work, members))
                else:
                    waiting.append((work, members))
            queues = []
            for name, some in by_name.items():
                granted = await self._grant(some[0][1][turn], provider, len(some))
                chosen[name] += [work for work, _ in some[:granted]]
                queues += some[granted:]
            turn += 1
        return {name: works for name, works in chosen.items() if works}, waiting

    def _key(self, source: str, provider: str) -> _Asked:
        return self._asked[source, self._warmup.table.counted_as(provider)]

    async def _grant(self, member: Member, provider: str, wanted: int) -> int:
        """Return how many of the mails a member may take now."""
        now = self._clock.now()
        if member.warms_from is None:
            return wanted
        known = self._key(member.source.name, provider)
        if now < known.warm_until:
            return wanted
        if now < member.warms_from:
            known.full_until = member.warms_from
        if now < known.full_until:
            return 0
        refused, known.refused = known.refused, 0
        wish = Wish(
            source=member.source.name,
            provider=self._warmup.table.counted_as(provider),
            amount=wanted,
            refused=refused,
        )
        try:
            granted = await self._warmup.take(wish)
        except BaseException:
            known.refused += refused
            raise
        self._keep(known, granted, wanted)
        return granted.amount

    def _keep(self, known: _Asked, granted: Grant, wanted: int) -> None:
        known.warm_until = granted.warm_until
        known.hour_cap = max(1, granted.hour_cap)
        if granted.amount < wanted:
            known.full_until = granted.again_at
            known.put_off = 0

    def _waits(self, waiting: Sequence[tuple[Work, list[Member]]], provider: str) -> list[Share]:
        """Return the waits of mails for which every member is full.

        Those that an hour cannot take are put off by as many hours as it will need for them.
        """
        shares = []
        for work, members in waiting:
            known = min(
                (self._key(member.source.name, provider) for member in members),
                key=lambda asked: asked.full_until,
            )
            hours = known.put_off // known.hour_cap
            known.put_off += 1
            later = min(LONGEST_WAIT_MS, hours * HOUR) + self._chance.randrange(SPREAD_MS)
            name = members[0].source.name
            shares.append(Share([work], self._wait(work, known.full_until + later, name)))
        return shares

    def _wait(self, work: Work, until: int, source: str) -> Wait | Outcome:
        now = self._clock.now()
        if work.recipient.expires_at <= now:
            said = say(
                "The warm-up of {source} had no room for the mail before it expired.", source=source
            )
            return _ours(Stage.ENGINE, "4.4.7", said, now)
        cause = say("The warm-up of {source} allows no more mail in this hour.", source=source)
        return Wait(min(until, work.recipient.expires_at), cause)


def _unreachable(route: Route, now: int) -> Outcome:
    family = "IPv6" if ":" in route.targets[0].address else "IPv4"
    said = say(
        "The domain's mail hosts have {family} addresses only, and our sources have none.",
        family=family,
    )
    return _ours(Stage.CONNECT, "4.4.4", said, now)


def _ours(stage: Stage, enhanced: str, said: Saying, now: int) -> Outcome:
    return Outcome(
        kind=Kind.TEMPORARY,
        scope=Scope.SITE,
        stage=stage,
        reply=Reply(450, enhanced, (said.english,)),
        said=said,
        started_at=now,
        ended_at=now,
    )
