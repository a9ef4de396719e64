"""The mails that wait for one receiving site, and the connections that carry them there.

A site has as many workers as its limit allows and as there is work for; each carries mail after
mail over one connection. When no connection comes about, all that wait share that outcome: a
thousand attempts at a dead host would teach nothing more than one.

A slow site holds no others up: when the process is crowded it keeps only as much as it can carry
soon, and the rest goes back to the queue for as long as the site will need, which is no attempt.
"""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from tayori.classify.current import BounceRules
from tayori.delivery.attempts import Attempts
from tayori.delivery.connections import Connections
from tayori.delivery.judge import judge
from tayori.delivery.plan import Route
from tayori.delivery.settler import Settler, returned
from tayori.delivery.work import Work
from tayori.mail.outcome import Kind, Outcome
from tayori.queue.model import Leased, Priority, Settlement
from tayori.runtime import log
from tayori.runtime.clock import MINUTE, SECOND, Clock
from tayori.smtp.session import Session

SOON_S = 10
"""Seconds of work that a site may hold while the process is crowded."""
SHORTEST_DELAY_MS = 5 * SECOND
LONGEST_DELAY_MS = 10 * MINUTE
FAULT_DELAY_MS = MINUTE
"""Rest of a mail, or of a site, over which the engine itself stumbled."""


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
        most_workers: int,
        learn: Callable[[Route, Settlement], None] | None = None,
        heard: Callable[[Route, Outcome, Leased | None], None] = lambda *_: None,
        rules: BounceRules | None = None,
    ) -> None:
        self.route = route
        self._connections = connections
        self._attempts = attempts
        self._settler = settler
        self._clock = clock
        self._chance = chance
        self._most_workers = most_workers
        self._learn = learn
        self._heard = heard
        self._rules = rules
        self._urgent: deque[Work] = deque()
        self._waiting: deque[Work] = deque()
        self._workers: dict[asyncio.Task[None], Session | None] = {}
        self._room: int | None = None
        self._done = 0
        self._put_off = 0
        self._stopping = False

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits and nobody works."""
        return not self._left and not self._workers

    @property
    def workers(self) -> set["asyncio.Task[None]"]:
        """Return the tasks at work."""
        return set(self._workers)

    @property
    def _left(self) -> int:
        return len(self._urgent) + len(self._waiting)

    @property
    def _open(self) -> int:
        return sum(session is not None for session in self._workers.values())

    def add(self, work: Work) -> None:
        """Take a mail; it goes with the next free connection, those that a person waits for first.

        A mail that comes while the site is too slow for it goes back to the queue for a while, and
        one that comes during a stop is left to `Settler.give_back`.
        """
        if self._stopping:
            return
        if self._room is not None and self._left >= self._room:
            self._put_back(work)
            return
        urgent = work.recipient.priority is Priority.TRIGGER
        (self._urgent if urgent else self._waiting).append(work)
        # Workers that are still connecting will each take one of those that wait.
        connecting = len(self._workers) - self._open
        if len(self._workers) < self._most_workers and self._left > connecting:
            worker = asyncio.create_task(self._work(), name=f"site {self.route.site}")
            self._workers[worker] = None
            # One that is cancelled before its first step could not take itself out.
            worker.add_done_callback(lambda task: self._workers.pop(task, None))

    def measure(self, *, crowded: bool) -> None:
        """Look at what was done since the last look, about a second ago, and adapt to it."""
        done, self._done = self._done, 0
        self._put_off = max(0, self._put_off - max(1, done))
        self._room = max(self._most_workers, done * SOON_S) if crowded else None
        while self._room is not None and self._left > self._room:
            self._put_back((self._waiting or self._urgent).pop())

    def waiting(self) -> list[Work]:
        """Return the mails that no worker has yet."""
        return [*self._urgent, *self._waiting]

    def sift(self, keep: Callable[[Work], bool]) -> None:
        """Let go of the waiting mails that are not to be kept."""
        self._urgent = deque(work for work in list(self._urgent) if keep(work))
        self._waiting = deque(work for work in list(self._waiting) if keep(work))

    def stop(self) -> None:
        """Begin no more; the workers end after the mails that they have."""
        self._stopping = True
        self._urgent.clear()
        self._waiting.clear()

    def abort(self) -> None:
        """End the attempts under way; what the receiver cannot have taken counts as not begun."""
        self._stopping = True
        for worker, session in list(self._workers.items()):
            if session is None:
                worker.cancel()
            else:
                session.abort()

    def _put_back(self, work: Work) -> None:
        self._put_off += 1
        longest = min(LONGEST_DELAY_MS, SHORTEST_DELAY_MS + self._put_off * SECOND)
        delay_ms = self._chance.randint(SHORTEST_DELAY_MS, longest)
        self._settler.put(returned(work.recipient, self._clock.now(), delay_ms))

    async def _work(self) -> None:
        try:
            while self._left:
                opened = await self._connections.take(self.route)
                if isinstance(opened, Outcome):
                    self._unreachable(opened)
                    return
                await self._carry_with(opened)
        except Exception:
            log.get("delivery").exception("site_failed", site=self.route.site)
            for work in self._give_up():
                later = returned(work.recipient, self._clock.now(), FAULT_DELAY_MS)
                self._settler.put(later)
        finally:
            # In the same step as the last look at what waits: a mail that comes a moment later
            # must not count on a worker that looks no more.
            self._leave()

    def _leave(self) -> None:
        worker = asyncio.current_task()
        if worker is not None:
            self._workers.pop(worker, None)

    def _give_up(self) -> list[Work]:
        left = [*self._urgent, *self._waiting]
        self._urgent.clear()
        self._waiting.clear()
        return left

    def _unreachable(self, outcome: Outcome) -> None:
        self._heard(self.route, outcome, None)
        if len(self._workers) > 1:
            # The site may just take no more connections of ours now. The others carry on with
            # what waits, or the last of them comes here again.
            return
        for work in self._give_up():
            self._finish(work, outcome)

    async def _carry_with(self, session: Session) -> None:
        worker = asyncio.current_task()
        if worker is None:
            raise RuntimeError("Mails are carried by a task.")
        self._workers[worker] = session
        usable = False
        try:
            usable = await self._carry(session)
        finally:
            self._workers[worker] = None
            self._connections.give_back(self.route, session, usable=usable)

    async def _carry(self, session: Session) -> bool:
        """Send what waits over the session; tell whether it can be used again."""
        while self._left and self._connections.has_room(session):
            work = (self._urgent or self._waiting).popleft()
            try:
                usable = await self._attempt(session, work)
            except Exception:
                log.get("delivery").exception("attempt_failed", recipient=work.recipient.id)
                self._settler.release(work.recipient.id)
                return False
            if not usable:
                return False
        return True

    async def _attempt(self, session: Session, work: Work) -> bool:
        kept = session.mail_count > 0
        result = await self._attempts.attempt(session, work)
        if isinstance(result, Outcome):
            self._settle(work, result)
            return True
        if kept and not result.started:
            # The kept connection had died unnoticed: that was no attempt, the mail stays first.
            urgent = work.recipient.priority is Priority.TRIGGER
            (self._urgent if urgent else self._waiting).appendleft(work)
            return False
        outcome = result.outcomes[0]
        if self._stopping and outcome.reply is None and outcome.kind is Kind.TEMPORARY:
            # Our own end cut it off before the receiver could have taken it; see `abort`.
            self._settler.put(returned(work.recipient, self._clock.now()))
            return False
        self._settle(work, outcome)
        return result.usable

    def _settle(self, work: Work, outcome: Outcome) -> None:
        self._heard(self.route, outcome, work.recipient)
        self._finish(work, outcome)

    def _finish(self, work: Work, outcome: Outcome) -> None:
        self._done += 1
        settlement = judge(
            work.recipient,
            outcome,
            self._clock.now(),
            self._chance,
            provider=self.route.provider,
            rules=self._rules.current if self._rules else None,
            other_sources=self._learn is not None and bool(self.route.source.name),
        )
        if self.route.source.name and self._learn is not None:
            settlement = replace(settlement, source=self.route.source.name)
            self._learn(self.route, settlement)
        self._settler.put(settlement)
