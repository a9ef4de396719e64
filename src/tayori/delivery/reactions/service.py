"""The reactions of one delivery process: hears refusals, counts them, and knows what is in force.

Everything is decided in the database; this process reads what holds once a second, and at once
after it counted something itself. While the database is away nothing is forgotten that was heard
last, and what is in force stays so by the clock.
"""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path

from tayori.classify.model import Verdict
from tayori.config.rules import RuleFile, RuleFileError
from tayori.db.database import DatabaseBusyError
from tayori.delivery.plan import Route
from tayori.delivery.reactions.apply import Active, Pause, destination_of
from tayori.delivery.reactions.model import Reaction
from tayori.delivery.reactions.rules import (
    FILE,
    ReactionRule,
    matching,
    rules_of,
    said_by_a_receiver,
)
from tayori.delivery.reactions.store import OVER, RESUMED, Match, ReactionStore
from tayori.delivery.shaping import Effects
from tayori.delivery.work import Work
from tayori.mail.outcome import Outcome, Stage
from tayori.queue.model import Leased
from tayori.refusal.saying import NOTHING
from tayori.runtime import log, metrics
from tayori.runtime.clock import Clock

POLL_S = 1.0
LINGER_S = 0.05
"""How long matches wait for company."""
MOST_HEARD = 10_000
"""Matches that are kept while the database is away; older ones are dropped then."""
_BATCH = 500
_RETRY_S = 0.5
_NO_SENDER_YET = frozenset({Stage.CONNECT, Stage.GREETING, Stage.HELLO, Stage.TLS})
_KINDS = ("pause", "slow", "stop_task", "notice")


class Reactions:
    """A service; `changed` is called whenever what is in force may have become more."""

    def __init__(
        self,
        store: ReactionStore,
        clock: Clock,
        chance: random.Random,
        *,
        data_dir: Path | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._chance = chance
        self._file = RuleFile(FILE, data_dir)
        self._rules: tuple[ReactionRule, ...] = ()
        self._active = Active()
        self._known: list[Reaction] = []
        self._cancelled: list[Reaction] = []
        """Ended by somebody else before their time, after this process may have acted on them."""
        self._heard: deque[Match] = deque(maxlen=MOST_HEARD)
        self._work = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._changed: Callable[[], None] = lambda: None
        self._log = log.get("reactions")

    @property
    def active(self) -> Active:
        """Return what was in force at the last look."""
        return self._active

    async def start(self, changed: Callable[[], None]) -> None:
        """Read rules and what is in force, then keep up with both."""
        self._changed = changed
        await self._turn()
        self._task = asyncio.create_task(self._run(), name="reactions")

    async def stop(self) -> None:
        """Count what was heard, and end."""
        self._stopping = True
        self._work.set()
        if self._task is not None:
            await asyncio.wait({self._task})

    def heard(
        self, route: Route, outcome: Outcome, verdict: Verdict, recipient: Leased | None = None
    ) -> None:
        """Take a refusal and its meaning; without a recipient all of the connection was refused."""
        if not said_by_a_receiver(outcome):
            return
        found = matching(self._rules, route.provider, outcome, verdict)
        if not found:
            return
        named = recipient is not None and outcome.stage not in _NO_SENDER_YET
        for rule in found:
            self._heard.append(
                Match(
                    rule=rule,
                    source=route.source.name,
                    destination=destination_of(route),
                    account_id=recipient.account_id if recipient and named else None,
                    message_id=recipient.message_id if recipient and named else None,
                    at=self._clock.now(),
                    reason=str(outcome.reply),
                )
            )
        self._work.set()

    async def tasks_of(self, works: Sequence[Work]) -> dict[int, int]:
        """Return the tasks of the works' messages, as far as they matter now."""
        if not self._active.of_tasks:
            return {}
        numbers = sorted({work.recipient.message_id for work in works})
        while True:
            try:
                return await self._store.tasks_of(numbers)
            except DatabaseBusyError as error:
                self._log.warning("tasks_delayed", error=str(error))
                await asyncio.sleep(_RETRY_S)

    def pause(self, work: Work, route: Route, tasks: dict[int, int]) -> tuple[Pause, int] | None:
        """Return why a mail waits and for how many milliseconds; None when it may go."""
        task_id = tasks.get(work.recipient.message_id)
        now = self._clock.now()
        pause = self._active.pause(work.recipient, route, task_id, now)
        if pause is None:
            return None
        return pause, pause.until - now + self._chance.randint(0, pause.spread_ms)

    def for_site(self, destination: str, source: str) -> Effects:
        """Return what is asked of the shape of a way; see `shaping.Restraints`."""
        return self._active.effects(destination, source, self._clock.now())

    def avoids(self, source: str, destination: str) -> bool:
        """Tell whether a source is paused at a provider, so that another one is better."""
        return self._active.avoids(source, destination, self._clock.now())

    async def refresh(self) -> None:
        """Read what is in force; end what is over."""
        now = self._clock.now()
        holding: list[Reaction] = []
        for each in await self._store.in_force():
            why = RESUMED if each.resumed else OVER if each.reaction.over(now) else NOTHING
            if not why:
                holding.append(each.reaction)
            elif await self._store.end(each.reaction.id, now, why):
                self._log.info("reaction_ended", reaction=each.reaction.id, why=str(why))
                if each.resumed:
                    await self._store.wake(each.reaction, now)
        self._active = Active(holding)
        await self._wake_cancelled(holding, now)
        kinds = Counter(each.effect.kind for each in holding)
        for kind in _KINDS:
            metrics.REACTIONS.labels(kind).set(kinds[kind])
        self._changed()

    async def _wake_cancelled(self, holding: Sequence[Reaction], now: int) -> None:
        """Wake once more what a reaction held back that was cancelled since the last look.

        Whoever cancels it wakes everything, but up to then this process put mails off by what it
        knew. They are woken at the next look, when all of that is settled.
        """
        late = self._cancelled
        held = {each.id for each in holding}
        self._cancelled = [
            each
            for each in self._known
            if each.effect.holds_back and each.id not in held and not each.over(now)
        ]
        self._known = list(holding)
        for reaction in late:
            await self._store.wake(reaction, now)

    async def count(self) -> None:
        """Count what was heard."""
        while self._heard:
            batch = [self._heard.popleft() for _ in range(min(_BATCH, len(self._heard)))]
            now = self._clock.now()
            try:
                changed = await self._store.count(batch, now)
            except DatabaseBusyError:
                self._heard.extendleft(reversed(batch))
                raise
            for reaction in changed:
                self._tell(reaction, new=reaction.began_at == now)

    def _tell(self, reaction: Reaction, *, new: bool) -> None:
        self._log.warning(
            "reaction_began" if new else "reaction_goes_on",
            reaction=reaction.id,
            name=reaction.name,
            scope=str(reaction.scope),
            effect=str(reaction.effect),
            reason=reaction.reason,
            ends_at=reaction.ends_at,
        )

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await asyncio.wait_for(self._work.wait(), POLL_S)
                await asyncio.sleep(LINGER_S)
            except TimeoutError:
                pass
            self._work.clear()
            await self._turn()
        await self._turn()

    async def _turn(self) -> None:
        try:
            self._read_rules()
            await self.count()
            await self.refresh()
        except DatabaseBusyError as error:
            self._log.warning("reactions_delayed", error=str(error))
        except Exception:
            # Mail must go on; what was in force stays so until it can be read again.
            self._log.exception("reactions_failed")

    def _read_rules(self) -> None:
        if not self._file.changed():
            return
        try:
            shipped, own = self._file.read()
            self._rules = rules_of(shipped, own)
        except RuleFileError as error:
            self._log.error("rules_refused", file=FILE, error=str(error))
            if not self._rules:
                self._rules = rules_of(RuleFile(FILE).read()[0], {})
