"""Reports over days, by whatever counts are kept by, with rates beside their thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayori.config.reputation import ReputationSettings
from tayori.stats.model import KeysWanted, Kind, Volume, Wanted
from tayori.stats.store import StatsStore


class By(StrEnum):
    """What a report has a line for."""

    DAY = "day"
    DOMAIN = "domain"
    """Sender domains."""
    MAILBOX = "mailbox"
    """The recipients' domains."""
    PROVIDER = "provider"
    TASK = "task"
    TEMPLATE = "template"
    SENDER = "sender"


class Verdict(StrEnum):
    """How a rate stands to its threshold."""

    FEW = "few"
    """Too few mails to judge by."""
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`part` of `whole`, and from where on it is bad."""

    part: int
    whole: int
    threshold: float
    verdict: Verdict

    @property
    def share(self) -> float:
        """Return the rate as a part of 1; 0 without any mails."""
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line; `rates` are bounced, opened and complained."""

    key: str
    volume: Volume
    rates: Mapping[str, Rate]


_KINDS: Final = {
    By.DOMAIN: Kind.DOMAIN,
    By.PROVIDER: Kind.PROVIDER,
    By.TASK: Kind.TASK,
    By.TEMPLATE: Kind.TEMPLATE,
    By.SENDER: Kind.SENDER,
}


class Reports:
    """Answers for one account at a time; `rules` have the thresholds."""

    def __init__(self, store: StatsStore, rules: ReputationSettings) -> None:
        self._store = store
        self._rules = rules

    async def lines(self, account_id: int, by: By, days: Sequence[str]) -> list[Line]:
        """Return a line for each key that has something to tell, in the order of keys."""
        found = await self._found(account_id, by, days)
        return [self.line(key, volume) for key, volume in sorted(found.items(), key=_order)]

    async def _found(self, account_id: int, by: By, days: Sequence[str]) -> Mapping[str, Volume]:
        if by is By.DAY:
            return await self._store.report(Wanted(account_id=account_id, days=days))
        if by is By.MAILBOX:
            return await self._store.by_mailbox_type(account_id, days)
        return await self._store.by_key(
            KeysWanted(account_id=account_id, kind=_KINDS[by], days=days)
        )

    def line(self, key: str, volume: Volume) -> Line:
        """Return the line of some counts, also of a sum of lines."""
        ended, rules = volume.delivered + volume.bounced, self._rules
        rates = {
            "bounced": self._rate(volume.bounced, ended, rules.warn_bounce),
            "opened": self._rate(volume.opened, volume.delivered, rules.warn_open, least=True),
            "complained": self._rate(volume.complained, volume.delivered, rules.lower_complaint),
        }
        return Line(key=key, volume=volume, rates=rates)

    def _rate(self, part: int, whole: int, threshold: float, *, least: bool = False) -> Rate:
        if whole < self._rules.least_sample:
            verdict = Verdict.FEW
        else:
            bad = part < threshold * whole if least else part > threshold * whole
            verdict = Verdict.BAD if bad else Verdict.GOOD
        return Rate(part=part, whole=whole, threshold=threshold, verdict=verdict)


def _order(item: tuple[str, Volume]) -> tuple[int, str]:
    """Numbers come in their order, before all texts."""
    return (int(item[0]), "") if item[0].isdecimal() else (2**63, item[0])
