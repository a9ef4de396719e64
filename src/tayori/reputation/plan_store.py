"""Reads how a domain stands now, from which a forecast begins."""

from collections.abc import Iterable
from datetime import tzinfo

from tayori.db.database import Database, Row
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.reputation import level_statements as sql
from tayori.reputation.figures import Figures
from tayori.reputation.judging_store import Bench, day_row, domain_of, figures_of
from tayori.reputation.mixing import mix_of
from tayori.reputation.planner import USUAL_DELIVERED, Plan, Start, forecast
from tayori.reputation.provider_caps import caps_of
from tayori.reputation.room import windows
from tayori.reputation.standing_store import standings
from tayori.reputation.stops import domain_stopped, suspended
from tayori.reputation.store import used
from tayori.runtime.clock import DAY, Clock, day_of, day_range

MOST_RECIPIENTS = 10_000_000
MIX_DAYS = 7
"""Days whose recipients tell which providers a list has."""


class Planner:
    """Forecasts for the domains of all accounts."""

    def __init__(self, database: Database, clock: Clock, bench: Bench) -> None:
        self._database = database
        self._clock = clock
        self._bench = bench

    async def plan(
        self, domain: str, recipients: int, *, delivered: float = USUAL_DELIVERED
    ) -> Plan | Refusal:
        """Return when so many bulk mails from a domain (A-labels) would be out.

        `delivered` is the share of them that arrives. A refusal when the domain may not send at
        all; one that is stopped for today begins tomorrow.
        """
        if not 1 <= recipients <= MOST_RECIPIENTS:
            return refuse(
                Code.INVALID_PARAMETER_VALUE,
                say("A plan is for 1 to {most} recipients.", most=MOST_RECIPIENTS),
                parameter="Recipients",
            )
        start = await self._start(domain)
        if isinstance(start, Refusal):
            return start
        bench = self._bench
        return forecast(
            start, recipients, bench.rules, bench.quotas, bench.zone, delivered=delivered
        )

    async def _start(self, name: str) -> Start | Refusal:
        quotas, zone = self._bench.quotas, self._bench.zone
        now = self._clock.now()
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(sql.ONE, {"of_domain": name})
            if row is None:
                return refuse(Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN, domain=name)
            domain = domain_of(row)
            found = await standings(transaction, [], [domain.account_id])
            if domain.account_id in found.suspended:
                return suspended(found.suspended[domain.account_id])
            own = found.overrides.get(domain.account_id, {})
            now = _begins_at(domain.standing.blocked_until, now)
            standing = domain.standing.settled(now)
            stop = domain_stopped(name, standing, now)
            if stop is not None:
                return stop
            whose = (domain.account_id, name)
            days = await transaction.fetch(sql.DAYS, _of_days(domain.identity_id, now, zone))
            today = day_of(now, zone)
            by_provider = {
                row["provider"]: figures_of(row)
                for row in days
                if row["day"] == today and row["provider"] != sql.ALL
            }
            mix = _mix(days)
            per_day = quotas.domain_per_day(standing.level, own)
            caps = caps_of(quotas, name, per_day, now, by_provider)
            claims = [one.claim() for one in windows(quotas, whose, standing.level, own, now)]
            claims += [caps.claim(provider) for provider in mix] if caps else []
            counted = await used(transaction, claims)
            of_day = {"identities": [domain.identity_id], "of_day": day_of(now, zone)}
            day = await transaction.fetch_one(sql.DAYS_OF_ALL, of_day)
            since = {"identities": [domain.identity_id], "since": _midnight(now, zone)}
            rises = await transaction.fetch_one(sql.RISES, since)
        return Start(
            account_id=domain.account_id,
            domain=name,
            standing=standing,
            at=now,
            overrides=own,
            used={claim.counter: n for claim, n in zip(claims, counted, strict=True)},
            figures=day_row(day).figures if day else Figures(),
            by_provider=by_provider,
            rises=int(rises["rises"]) if rises else 0,
            mix=mix,
        )


def _of_days(identity_id: int, now: int, zone: tzinfo) -> dict[str, object]:
    return {"of_identity": identity_id, "since": day_of(now - MIX_DAYS * DAY, zone)}


def _mix(days: Iterable[Row]) -> dict[str, float]:
    """Return the providers' parts of the recipients of days."""
    sent: dict[str, int] = {}
    for row in days:
        if row["provider"] != sql.ALL:
            sent[row["provider"]] = sent.get(row["provider"], 0) + int(row["sent"])
    return mix_of(sent)


def _begins_at(blocked_until: int | None, now: int) -> int:
    return now if blocked_until is None else max(now, blocked_until)


def _midnight(now: int, zone: tzinfo) -> int:
    return day_range(day_of(now, zone), zone)[0]
