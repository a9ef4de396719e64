"""The mails that wait for one receiving site, and the connections that carry them there.

A site has as many workers as its limit allows and as there is work for; each carries mail after
mail over one connection. When no connection comes about, all that wait share that outcome: a
thousand attempts at a dead host would teach nothing more than one.
"""

import asyncio
import random
from collections import deque

from tayori.delivery.attempts import Attempts
from tayori.delivery.connections import Connections
from tayori.delivery.judge import judge
from tayori.delivery.plan import Route
from tayori.delivery.settler import Settler
from tayori.delivery.work import Work
from tayori.mail.outcome import Outcome
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.smtp.session import Session


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
    ) -> None:
        self.route = route
        self._connections = connections
        self._attempts = attempts
        self._settler = settler
        self._clock = clock
        self._chance = chance
        self._most_workers = most_workers
        self._waiting: deque[Work] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._open = 0

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits and nobody works."""
        return not self._waiting and not self._workers

    @property
    def workers(self) -> set["asyncio.Task[None]"]:
        """Return the tasks at work."""
        return self._workers

    def add(self, work: Work) -> None:
        """Take a mail; it goes with the next free connection."""
        self._waiting.append(work)
        # Workers that are still connecting will each take one of those that wait.
        connecting = len(self._workers) - self._open
        if len(self._workers) < self._most_workers and len(self._waiting) > connecting:
            worker = asyncio.create_task(self._work(), name=f"site {self.route.site}")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    def give_back(self) -> list[Work]:
        """Return the mails that nobody has begun; the workers end after the one they have."""
        left = list(self._waiting)
        self._waiting.clear()
        return left

    async def _work(self) -> None:
        while self._waiting:
            opened = await self._connections.take(self.route)
            if isinstance(opened, Outcome):
                self._unreachable(opened)
                return
            self._open += 1
            usable = False
            try:
                usable = await self._carry(opened)
            finally:
                self._open -= 1
                self._connections.give_back(self.route, opened, usable=usable)

    def _unreachable(self, outcome: Outcome) -> None:
        if self._open:
            # Other connections of ours work: the site is well and takes no more of them now.
            # Those carry on with what waits.
            return
        for work in self.give_back():
            self._settle(work, outcome)

    async def _carry(self, session: Session) -> bool:
        """Send what waits over the session; tell whether it can be used again."""
        while self._waiting and self._connections.has_room(session):
            work = self._waiting.popleft()
            kept = session.mail_count > 0
            try:
                result = await self._attempts.attempt(session, work)
            except Exception:
                log.get("delivery").exception("attempt_failed", recipient=work.recipient.id)
                self._settler.release(work.recipient.id)
                return False
            if isinstance(result, Outcome):
                self._settle(work, result)
                continue
            if kept and not result.started:
                # The kept connection had died unnoticed: that was no attempt, the mail stays first.
                self._waiting.appendleft(work)
                return False
            self._settle(work, result.outcomes[0])
            if not result.usable:
                return False
        return True

    def _settle(self, work: Work, outcome: Outcome) -> None:
        self._settler.put(judge(work.recipient, outcome, self._clock.now(), self._chance))


def returned(work: Work, now: int) -> Settlement:
    """Return the settlement of a mail that goes back to the queue unattempted."""
    return Settlement(recipient=work.recipient, state=State.QUEUED, at=now, due_at=now)
