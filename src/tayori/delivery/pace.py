"""One site's limits as its workers meet them: how many they may be, and when each may go on."""

from collections.abc import Callable

from tayori.delivery.pacing.lane import Counted, Lane
from tayori.delivery.pacing.pacer import Pacer
from tayori.delivery.pacing.pool import Slot
from tayori.delivery.plan import Route
from tayori.delivery.shaping import Limits, Shape
from tayori.delivery.window import Window
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.runtime.clock import Clock

LONGEST_TURN_S = 10.0
"""How long a worker keeps its connection while it waits for the turn of its next mail."""
BUSY_S = 2.0
"""Seconds of mail at the permitted rate for which one connection is enough."""
SOON_S = 10
"""Seconds of work that may wait here, rather than in the queue."""
_CLOSING = 421
UNLIMITED_WORKERS = 1_000


class Pace:
    """Follows the rules of a route; `refresh` takes up changes."""

    def __init__(
        self,
        route: Route,
        *,
        pacer: Pacer,
        shape_of: Callable[[Route], Shape],
        window: Window,
        clock: Clock,
        free: Callable[[], None],
    ) -> None:
        self._shape_of = shape_of
        self._window = window
        self._clock = clock
        self._lane: Lane = pacer.lane(free)
        self.shape = Shape()
        self._limit = 1
        self.refresh(route)

    def refresh(self, route: Route) -> None:
        """Take up the rules in force."""
        self.shape = shape = self._shape_of(route)
        self._lane.count(_counted(route, shape))
        limits = [shape.site.connections, shape.together.connections]
        per_second = self._lane.mails_per_second
        if per_second is not None:
            limits.append(max(1, round(per_second * BUSY_S)))
        known = [limit for limit in limits if limit is not None]
        self._limit = min(known, default=UNLIMITED_WORKERS)

    @property
    def most_workers(self) -> int:
        """Return how many connections this process may try to have."""
        return self._window.size(self._limit)

    @property
    def most_waiting(self) -> int | None:
        """Return how many mails can go soon at the permitted rate; None when there is none."""
        per_second = self._lane.mails_per_second
        return None if per_second is None else self._limit + int(per_second * SOON_S)

    @property
    def mails_per_second(self) -> float | None:
        """Return the permitted rate; None is unlimited."""
        return self._lane.mails_per_second

    @property
    def starved(self) -> bool:
        """Tell whether no connection can be had because others have them all."""
        return self._lane.starved

    @property
    def must_yield(self) -> bool:
        """Tell whether a connection has to end after its mail."""
        return self._lane.must_yield

    @property
    def paced(self) -> bool:
        """Tell whether mails have to wait for their turns."""
        return self._lane.paced

    def take(self, *, urgent: bool) -> Slot | None:
        """Return the right to a new connection, or None for now; `urgent` as of `want`."""
        return self._lane.take(urgent=urgent)

    def want(self, count: int, *, urgent: bool) -> None:
        """Say how many more connections have work; `urgent` is of the lane's meaning."""
        self._lane.want(count, urgent=urgent)

    def queue(self, count: int, urgent: int) -> None:
        """Say how many mails wait, and how many of them a person waits for."""
        if self._lane.paced:
            self._lane.queue(count, urgent)

    async def turn(self) -> bool:
        """Wait for the turn of a mail and spend it; False when it does not come soon."""
        return await self._lane.turn(LONGEST_TURN_S)

    def note(self, outcome: Outcome, others: int) -> None:
        """Learn from an outcome how many connections the site bears; `others` are open now."""
        if outcome.kind is Kind.DELIVERED:
            self._window.delivered(self._clock.now(), self._limit)
        elif _is_refusal(outcome):
            self._window.refused(self._clock.now(), others)

    def close(self) -> None:
        """Want nothing any more."""
        self._lane.close()


def _is_refusal(outcome: Outcome) -> bool:
    """Tell whether the connection was refused, by them or by us, as against a mail on it."""
    if outcome.reply is not None and outcome.reply.code == _CLOSING:
        return True
    if outcome.stage is Stage.ENGINE:
        return outcome.scope is Scope.CONNECTION
    return outcome.stage in {Stage.CONNECT, Stage.GREETING, Stage.HELLO, Stage.TLS}


def _counted(route: Route, shape: Shape) -> tuple[Counted, ...]:
    """Return what is counted where: by the site or the domain's own rule, and by the provider.

    Every source is counted by itself, since receivers see only its address.
    """
    source = route.source.name
    name = f"domain|{source}|{route.own_rule}" if route.own_rule else f"site|{source}|{route.site}"
    counted = [Counted(name, shape.site)]
    if shape.provider and shape.together != Limits():
        counted.append(Counted(f"provider|{source}|{shape.provider}", shape.together))
    return tuple(counted)
