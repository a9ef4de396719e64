"""What a day's figures mean for a domain's level (pure; wire facts 4.1, spec 4).

Shares count only from `least_sample` recipients on. Mails under way are no hope and no blame: a
rise asks for what was delivered, a fall during the day for what was refused; once the day is over,
what was not delivered counts against it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from tayori.config.reputation import ReputationSettings
from tayori.refusal.saying import Saying, say
from tayori.reputation.figures import Figures
from tayori.reputation.standing import of_level

HABIT_DAYS = 30
"""Days within which the stops of an account's domains are counted together."""


class Kind(StrEnum):
    """A decision about a domain."""

    RAISED = "raised"
    LOWERED = "lowered"
    """One level less from the next day on."""
    SPARED = "spared"
    """The figures became better again, so the fall of the next day is called off."""
    STOPPED = "stopped"
    """Nothing goes out for the rest of the day."""
    WARNED = "warned"
    SET = "set"
    """An operator chose the level."""
    UNBLOCKED = "unblocked"
    """Let go again: from level 0, or from the stop of a day."""
    SUSPENDED = "suspended"
    """The account was found sending spam: nothing of it goes on until an operator lifts it."""
    IDLE = "idle"
    """Silent for so long that it begins again at level 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided, by which rule, and the sentence with the figures behind it."""

    kind: Kind
    rule: str
    reason: Saying
    level: int = 0
    """The level that a rise or fall leads to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of a domain as it is judged.

    `level` is the one that holds now, `per_day` its quota (0 = no limit). `rises` are those of
    today. `is_today` and `closed`: the day is the present one, or over and judged as a whole.
    """

    figures: Figures
    level: int
    per_day: int
    rises: int = 0
    falls: bool = False
    """A fall is decided on already for the next day."""
    lowered: bool = False
    """This day has cost a level already."""
    warned: bool = False
    stopped: bool = False
    is_today: bool = True
    closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A share beside the figure at which something follows from it."""

    name: str
    value: float
    threshold: float
    bad: bool
    follows: str


class Step(NamedTuple):
    """One thing that a rise asks for: mails, or a share of 1."""

    name: str
    value: float
    wanted: float
    met: bool


class Rules:
    """The rules of one installation; `levels` are the mails a day of levels 1 and up."""

    def __init__(self, settings: ReputationSettings, levels: Sequence[int]) -> None:
        self._settings = settings
        self._levels = levels

    def judge(self, day: Day) -> list[Decision]:
        """Return what follows from the figures of a day, in the order in which it is done."""
        decided: list[Decision] = []
        if day.is_today and not day.stopped:
            decided += self._stop(day.figures)
        if not decided and day.is_today and not day.stopped:
            decided += self._rises(day)
        decided += self._fall(day)
        stopped = day.stopped or any(one.kind is Kind.STOPPED for one in decided)
        if not day.warned and not stopped:
            decided += self._warning(day)
        return decided

    def suspicion(self, figures: Figures) -> Decision | None:
        """Return why the account of a domain with such a day is taken for a sender of spam."""
        if not self.is_enough(figures):
            return None
        of = self._settings
        for name, value, limit in (
            ("complained", figures.of_delivered("complained"), of.suspend_complaint),
            ("spam", figures.of_sent("spam"), of.suspend_spam),
        ):
            if 0 < limit < value:
                rate = Rate(name=name, value=value, threshold=limit, bad=True, follows="suspension")
                return _decision(Kind.SUSPENDED, rate, figures)
        return None

    def habit(self, stopped_days: int) -> Decision | None:
        """Return why an account whose domains were stopped on so many days has to be looked at."""
        most = self._settings.suspend_stops
        if not most or stopped_days < most:
            return None
        reason = say(
            "Domains of the account were stopped on {days} days within {span}.",
            days=stopped_days,
            span=HABIT_DAYS,
        )
        return Decision(kind=Kind.SUSPENDED, rule="stops", reason=reason)

    def rates(self, figures: Figures, *, closed: bool = False) -> list[Rate]:
        """Return each share of a day beside the thresholds of stop, fall and warning."""
        of = self._settings
        shares = self._shares(figures, closed=closed)
        lines = (
            ("invalid", of.stop_invalid, True, "stop"),
            ("spam", of.stop_spam, True, "stop"),
            ("rejected", of.stop_rejected, True, "stop"),
            ("invalid", of.lower_invalid, True, "fall"),
            ("delivered", of.lower_delivery, False, "fall"),
            ("spam", of.lower_spam, True, "fall"),
            ("complained", of.lower_complaint, True, "fall"),
            ("rejected", of.warn_bounce, True, "warning"),
            ("opened", of.warn_open, False, "warning"),
        )
        return [
            Rate(
                name=name,
                value=shares[name],
                threshold=limit,
                bad=_beyond(name, shares[name], limit, above=above, follows=follows)
                and (name != "opened" or figures.opened > 0),
                follows=follows,
            )
            for name, limit, above, follows in lines
        ]

    def rise(self, figures: Figures, per_day: int) -> list[Step]:
        """Return what a rise asks for, each with the figure of the day (the "clean" rule).

        Empty when nothing is asked, since the day has no quota.
        """
        of = self._settings
        if not per_day:
            return []
        wanted = per_day * of.raise_at
        complained, delivered = figures.of_delivered("complained"), figures.of_sent("delivered")
        invalid, spam = figures.of_sent("invalid"), figures.of_sent("spam")
        return [
            # Rounded up for readers: a part of a mail cannot be sent.
            Step("mails", figures.mails, math.ceil(round(wanted, 6)), figures.mails >= wanted),
            Step("delivered", delivered, of.raise_delivery, delivered > of.raise_delivery),
            Step("invalid", invalid, of.raise_invalid, invalid < of.raise_invalid),
            Step("spam", spam, of.raise_spam, spam < of.raise_spam),
            Step("complained", complained, of.raise_complaint, complained < of.raise_complaint),
        ]

    def is_enough(self, figures: Figures) -> bool:
        """Tell whether the shares of a day count at all."""
        return figures.sent > self._settings.least_sample

    def _shares(self, figures: Figures, *, closed: bool) -> Mapping[str, float]:
        under_way = 0 if closed else figures.sent - figures.delivered - figures.rejected
        arrived = figures.delivered + max(0, under_way)
        return {
            "invalid": figures.of_sent("invalid"),
            "spam": figures.of_sent("spam"),
            "rejected": figures.of_sent("rejected"),
            "delivered": arrived / figures.sent if figures.sent else 1.0,
            "complained": figures.of_delivered("complained"),
            "opened": figures.of_delivered("opened"),
        }

    def _bad(self, figures: Figures, follows: str, *, closed: bool = False) -> Iterator[Rate]:
        if self.is_enough(figures):
            rates = self.rates(figures, closed=closed)
            yield from (rate for rate in rates if rate.bad and rate.follows == follows)

    def _stop(self, figures: Figures) -> list[Decision]:
        for rate in self._bad(figures, "stop"):
            return [_decision(Kind.STOPPED, rate, figures)]
        return []

    def _rises(self, day: Day) -> Iterator[Decision]:
        level, per_day, rises = day.level, day.per_day, day.rises
        most = self._settings.levels_per_day
        while not day.falls and 0 < level < len(self._levels) and (not most or rises < most):
            rule = self._rise(day.figures, per_day)
            if not rule:
                return
            level, rises = level + 1, rises + 1
            per_day = of_level(self._levels, level)
            yield Decision(kind=Kind.RAISED, rule=rule, level=level, reason=_told(day.figures))

    def _rise(self, figures: Figures, per_day: int) -> str:
        """Return the name of the rule by which a domain rises; "" when it does not."""
        of = self._settings
        wanted = per_day * of.raise_at
        # A small quota is used up before the sample is large; half of what is asked for is enough.
        enough = figures.sent >= min(of.least_sample, wanted / 2)
        complained = figures.of_delivered("complained")
        if not per_day or figures.mails < wanted or not enough or complained >= of.raise_complaint:
            return ""
        delivered = figures.of_sent("delivered")
        clean = figures.of_sent("invalid") < of.raise_invalid
        if clean and delivered > of.raise_delivery and figures.of_sent("spam") < of.raise_spam:
            return "clean"
        opened = figures.of_delivered("opened")
        if delivered > of.raise_open_delivery and opened > of.raise_open:
            return "read"
        return ""

    def _fall(self, day: Day) -> list[Decision]:
        found = next(self._bad(day.figures, "fall", closed=day.closed), None)
        if found is None:
            if day.falls and day.lowered and day.is_today:
                told = _told(day.figures)
                return [Decision(kind=Kind.SPARED, rule="better", level=day.level, reason=told)]
            return []
        if day.lowered or day.falls or day.level == 0:
            return []
        return [_decision(Kind.LOWERED, found, day.figures, level=day.level - 1)]

    def _warning(self, day: Day) -> list[Decision]:
        for rate in self._bad(day.figures, "warning", closed=day.closed):
            # Mails are opened for hours: only a day that is over was opened too seldom.
            if rate.name != "opened" or day.closed:
                return [_decision(Kind.WARNED, rate, day.figures, level=day.level)]
        return []


def _beyond(name: str, value: float, limit: float, *, above: bool, follows: str) -> bool:
    if name == "rejected" and follows == "stop":
        return 0 < limit <= value
    return value > limit if above else value < limit


def _decision(kind: Kind, rate: Rate, figures: Figures, level: int = 0) -> Decision:
    reason = say(
        "{rate} {what} (limit {limit}); {figures}",
        rate=f"{rate.value:.1%}",
        what=_WORDS[rate.name],
        limit=f"{rate.threshold:.1%}",
        figures=_told(figures),
    )
    return Decision(kind=kind, rule=rate.name, reason=reason, level=level)


_WORDS = {
    "invalid": say("invalid addresses"),
    "spam": say("refused as spam"),
    "rejected": say("refused by receivers"),
    "delivered": say("delivered"),
    "complained": say("complaints"),
    "opened": say("opened"),
}


def _told(figures: Figures) -> Saying:
    return say(
        "{sent} recipients, {delivered} delivered, {rejected} refused, {invalid} invalid, "
        "{spam} as spam, {complained} complaints, {opened} opened.",
        sent=figures.sent,
        delivered=figures.delivered,
        rejected=figures.rejected,
        invalid=figures.invalid,
        spam=figures.spam,
        complained=figures.complained,
        opened=figures.opened,
    )
