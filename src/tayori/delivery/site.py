"""The mails that wait for one receiving site, and the connections that carry them there.

A site has as many workers as its limit allows and as there is work for; each carries mail after
mail over one connection. When no connection comes about, all that wait share that outcome: a
thousand attempts at a dead host would teach nothing more than one.

A slow site holds no others up: when the process is crowded it keeps only as much as it can carry
soon, and the rest goes back to the queue for as long as the site will need, which is no attempt.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace

from tayori.classify.current import BounceRules
from tayori.classify.model import Verdict
from tayori.classify.reply import classify
from tayori.delivery.attempts import Attempts
from tayori.delivery.connections import Connections
from tayori.delivery.judge import judge
from tayori.delivery.pace import SOON_S, Pace
from tayori.delivery.pacing.pool import Slot
from tayori.delivery.plan import Route, Wait
from tayori.delivery.putting_off import PuttingOff
from tayori.delivery.settler import Settler, returned
from tayori.delivery.waiting import Waiting
from tayori.delivery.work import Work
from tayori.mail.outcome import Kind, Outcome
from tayori.queue.model import Leased, Settlement
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.smtp.session import Session

URGENT_ROOM = 100
"""Mails that a person waits for which stay here however slow the site is."""
HUNGRY_LOOKS = 3
"""Looks at a site without any connection after which its mails are left to other processes."""


class Site:
    """One site's waiting mails and workers."""

    def __init__(
        self,
        route: Route,
        *,
        connections: Connections,
        attempts: Attempts,
        settler: Settler,
        clock: Clock,
        chance: random.Random,
        pacing: Callable[[Route, Callable[[], None]], Pace],
        learn: Callable[[Route, Settlement], None] | None = None,
        heard: Callable[[Route, Outcome, Verdict, Leased | None], None] = lambda *_: None,
        rules: BounceRules | None = None,
    ) -> None:
        self.route = route
        self._connections = connections
        self._attempts = attempts
        self._settler = settler
        self._clock = clock
        self._chance = chance
        self._pace = pacing(route, self._staff_one)
        self._learn = learn
        self._heard = heard
        self._rules = rules
        self._waiting = Waiting()
        self._workers: dict[asyncio.Task[None], Session | None] = {}
        self._coming: set[asyncio.Task[None]] = set()
        """Workers that will take a mail as soon as they can."""
        self._unbegun: dict[asyncio.Task[None], tuple[Session | None, Slot | None]] = {}
        self._room: int | None = self._pace.most_waiting
        self._resting = False
        self._hungry = 0
        self._watched = False
        """Whether mails waited at the last look, so that what was done since tells a speed."""
        self._speed = 0
        self._turning = 0
        self._done = 0
        self._put_off = PuttingOff(settler, clock, chance)
        self._stopping = False

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits and nobody works."""
        return not self._waiting.count and not self._workers

    @property
    def workers(self) -> set["asyncio.Task[None]"]:
        """Return the tasks at work."""
        return set(self._workers)

    def add(self, work: Work) -> None:
        """Take a mail; it goes with the next free connection, those that a person waits for first.

        While the site is too slow for all of them the least urgent goes back to the queue for a
        while, and one that comes during a stop is left to `Settler.give_back`.
        """
        if self._stopping:
            return
        self._waiting.add(work)
        self._make_room()
        if self._waiting.urgent:
            # Nobody rests while a person waits.
            self._resting = False
        self._pace.queue(self._waiting.count, self._waiting.urgent)
        self._staff()

    def measure(self, *, crowded: bool) -> None:
        """Look at what was done since the last look, about a second ago, and adapt to it."""
        self._speed, self._done = self._done, 0
        watched, self._watched = self._watched, bool(self._waiting.count)
        self._put_off.estimate.seen(self._speed, waited=watched and self._watched)
        self._pace.refresh(self.route)
        self._room = self._pace.most_waiting
        # Mails that came a moment ago say nothing about a site: it may be fast and just begin.
        if crowded and watched:
            soon = max(self._pace.most_workers, self._speed * SOON_S)
            self._room = soon if self._room is None else min(soon, self._room)
        self._make_room()
        starving = bool(self._waiting.count) and not self._workers and self._pace.starved
        self._hungry = self._hungry + 1 if starving else 0
        if self._hungry >= HUNGRY_LOOKS:
            for work in self._give_up():
                self._put_off.no_share(work)
        self._resting = False
        self._pace.queue(self._waiting.count, self._waiting.urgent)
        self._staff()

    def waiting(self) -> list[Work]:
        """Return the mails that no worker has yet."""
        return list(self._waiting)

    def sift(self, keep: Callable[[Work], bool]) -> None:
        """Let go of the waiting mails that are not to be kept."""
        self._waiting.sift(keep)

    def stop(self) -> None:
        """Begin no more; the workers end after the mails that they have."""
        self._stopping = True
        self._waiting.clear()
        self._pace.close()

    def close(self) -> None:
        """Forget an idle site."""
        self._pace.close()

    def abort(self) -> None:
        """End the attempts under way; what the receiver cannot have taken counts as not begun."""
        self._stopping = True
        for worker, session in list(self._workers.items()):
            if session is None:
                worker.cancel()
            else:
                session.abort()

    def _make_room(self) -> None:
        """Put the least urgent mails back that are too many; there is room for some urgent ones."""
        if self._room is None:
            return
        while self._waiting.count > self._room + min(URGENT_ROOM, self._waiting.urgent):
            self._put_off.too_slow(self._waiting.drop(), self._pace.mails_per_second, self._speed)

    def _staff(self) -> None:
        """Let as many work as there is work and right for, and ask for the rights to more."""
        if self._stopping or self._resting:
            return
        while self._missing > 0:
            session = self._connections.take_idle(self.route, urgent=self._urgent)
            slot = None if session else self._pace.take(urgent=self._pressed)
            if session is None and slot is None:
                break
            self._begin(session, slot)
        self._want()

    def _staff_one(self) -> None:
        """Take one connection of those that came free; others wait for them as well."""
        if not self._stopping and not self._resting and self._missing > 0:
            slot = self._pace.take(urgent=self._pressed)
            if slot is not None:
                self._begin(None, slot)
        self._want()

    def _want(self) -> None:
        """Ask for the connections that are missing."""
        missing = 0 if self._stopping else max(0, self._missing)
        self._pace.want(missing, urgent=self._pressed)

    @property
    def _urgent(self) -> bool:
        """Tell whether a person waits for a mail that no worker is about to take."""
        return self._waiting.urgent > 0

    @property
    def _pressed(self) -> bool:
        """Tell whether a person waits and no connection is there for the mail."""
        return bool(self._waiting.urgent) and not self._workers

    @property
    def _missing(self) -> int:
        """Return how many more could work now; those that come will take a mail each."""
        if self._turning:
            # One waits for its turn already: more connections would only wait with it.
            return 0
        return min(
            self._waiting.count - len(self._coming), self._pace.most_workers - len(self._workers)
        )

    def _begin(self, session: Session | None, slot: Slot | None) -> None:
        worker = asyncio.create_task(self._work(session, slot), name=f"site {self.route.site}")
        self._workers[worker] = session
        self._coming.add(worker)
        # One that is cancelled before its first step could not take itself out.
        self._unbegun[worker] = (session, slot)
        worker.add_done_callback(self._ended)

    def _ended(self, worker: "asyncio.Task[None]") -> None:
        self._workers.pop(worker, None)
        self._coming.discard(worker)
        session, slot = self._unbegun.pop(worker, (None, None))
        if session is not None:
            self._connections.give_back(session, usable=True)
        if slot is not None:
            slot.release()

    async def _work(self, session: Session | None, slot: Slot | None) -> None:
        worker = _this_task()
        self._unbegun.pop(worker)
        try:
            while session is not None or slot is not None:
                if session is None and slot is not None:
                    opened = await self._connections.open(self.route, slot, self._pace.shape)
                    if not isinstance(opened, Session):
                        self._closed(opened)
                        return
                    session = opened
                if session is not None:
                    await self._carry_with(worker, session)
                session, slot = self._next(worker)
        except Exception:
            log.get("delivery").exception("site_failed", site=self.route.site)
            for work in self._give_up():
                self._put_off.fault(work)
        finally:
            # In the same step as the last look at what waits: a mail that comes a moment later
            # must not count on a worker that looks no more.
            self._workers.pop(worker, None)
            self._coming.discard(worker)
            self._staff()

    def _next(self, worker: "asyncio.Task[None]") -> tuple[Session | None, Slot | None]:
        """Return what the worker goes on with: a kept session, the right to one, or nothing."""
        if self._stopping or self._resting or self._waiting.count <= len(self._coming):
            return None, None
        if len(self._workers) > self._pace.most_workers:
            return None, None
        session = self._connections.take_idle(self.route, urgent=self._urgent)
        slot = None if session else self._pace.take(urgent=self._pressed)
        if session or slot:
            self._coming.add(worker)
        return session, slot

    def _give_up(self) -> list[Work]:
        return self._waiting.clear()

    def _closed(self, why: Outcome | Wait) -> None:
        """Take note that no connection came about: all that wait share the reason."""
        if isinstance(why, Outcome):
            self._unreachable(why)
            return
        # Who is at work may be probing a host; nobody else comes until the next look.
        self._resting = True
        if len(self._workers) > 1:
            return
        for work in self._give_up():
            self._put_off.until(work, why)

    def _unreachable(self, outcome: Outcome) -> None:
        verdict = self._meaning(outcome)
        self._heard(self.route, outcome, verdict, None)
        others = len(self._workers) - 1
        self._pace.note(outcome, sum(session is not None for session in self._workers.values()))
        if others:
            # The site may just take no more connections of ours now. The others carry on with
            # what waits, or the last of them comes here again.
            return
        for work in self._give_up():
            self._finish(work, outcome, verdict)

    async def _carry_with(self, worker: "asyncio.Task[None]", session: Session) -> None:
        self._workers[worker] = session
        usable = False
        try:
            usable = await self._carry(worker, session)
        finally:
            self._workers[worker] = None
            keep = not self._pace.must_yield
            self._connections.give_back(session, usable=usable, keep=keep)

    async def _carry(self, worker: "asyncio.Task[None]", session: Session) -> bool:
        """Send what waits over the session; tell whether it can be used again."""
        while self._waiting.count and not self._pace.must_yield:
            if not self._connections.has_room(session, urgent=self._urgent):
                break
            if self._pace.paced and not await self._await_turn(worker):
                return True
            self._coming.discard(worker)
            if not self._waiting.count:
                return True
            work = self._waiting.take()
            try:
                usable = await self._attempt(session, work)
            except Exception:
                log.get("delivery").exception("attempt_failed", recipient=work.recipient.id)
                self._settler.release(work.recipient.id)
                return False
            if not usable:
                return False
        return True

    async def _await_turn(self, worker: "asyncio.Task[None]") -> bool:
        self._coming.add(worker)
        self._turning += 1
        try:
            in_time = await self._pace.turn()
        finally:
            self._turning -= 1
        if in_time:
            return True
        # There is no hurry: the next look at the site goes on with it.
        self._resting = True
        return False

    async def _attempt(self, session: Session, work: Work) -> bool:
        kept = session.mail_count > 0
        result = await self._attempts.attempt(session, work)
        if isinstance(result, Outcome):
            self._settle(work, result)
            return True
        if kept and not result.started:
            # The kept connection had died unnoticed: that was no attempt, the mail stays first.
            self._waiting.put_first(work)
            return False
        outcome = result.outcomes[0]
        if self._stopping and outcome.reply is None and outcome.kind is Kind.TEMPORARY:
            # Our own end cut it off before the receiver could have taken it; see `abort`.
            self._settler.put(returned(work.recipient, self._clock.now()))
            return False
        self._settle(work, outcome)
        open_now = sum(session is not None for session in self._workers.values())
        self._pace.note(outcome, open_now - (not result.usable))
        if self._missing > 0:
            self._staff()
        return result.usable

    def _settle(self, work: Work, outcome: Outcome) -> None:
        if outcome.kind is Kind.DELIVERED:
            self._finish(work, outcome, None)
            return
        verdict = self._meaning(outcome)
        self._heard(self.route, outcome, verdict, work.recipient)
        self._finish(work, outcome, verdict)

    def _meaning(self, outcome: Outcome) -> Verdict:
        rules = self._rules.current if self._rules else None
        return classify(outcome, self.route.provider, rules=rules)

    def _finish(self, work: Work, outcome: Outcome, verdict: Verdict | None) -> None:
        self._done += 1
        settlement = judge(
            work.recipient,
            outcome,
            self._clock.now(),
            self._chance,
            provider=self.route.provider,
            verdict=verdict,
            other_sources=self._learn is not None and bool(self.route.source.name),
        )
        if self.route.source.name and self._learn is not None:
            settlement = replace(settlement, source=self.route.source.name)
            self._learn(self.route, settlement)
        self._settler.put(settlement)


def _this_task() -> "asyncio.Task[None]":
    worker = asyncio.current_task()
    if worker is None:
        raise RuntimeError("Mails are carried by a task.")
    return worker
