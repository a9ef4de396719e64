"""Reads, inside a transaction that takes mails, what their domains and accounts may send.

So what an operator or the domain's figures changed holds for the very next mail, in all processes.
"""

from collections.abc import Collection, Mapping
from functools import partial

from sqlalchemy import or_, select

from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import Statement, among
from tayori.db.tables.queue import message
from tayori.db.tables.tenants import account, account_limit, identity
from tayori.refusal.saying import Saying, recall
from tayori.reputation.model import Claim, Scope
from tayori.reputation.standing import DayUse, Quotas, Standing, Standings
from tayori.reputation.stops import Stop, stop_of
from tayori.reputation.store import used

_DOMAINS = Statement(
    select(
        identity.c.domain,
        identity.c.level,
        identity.c.next_level,
        identity.c.next_level_at,
        identity.c.blocked_until,
        identity.c.blocked_reason,
    ).where(among(identity.c.domain, "domains"))
)
_OF_MESSAGES = Statement(
    select(message.c.id, identity.c.domain)
    .select_from(message.join(identity, identity.c.id == message.c.identity_id))
    .where(among(message.c.id, "messages"))
)
_ACCOUNTS = Statement(
    select(
        account.c.id,
        account.c.suspended_at,
        account.c.suspended_reason,
        account_limit.c.name,
        account_limit.c.value,
    )
    .select_from(account.outerjoin(account_limit, account_limit.c.account_id == account.c.id))
    .where(among(account.c.id, "accounts"))
    .where(or_(account.c.suspended_at.is_not(None), account_limit.c.name.is_not(None)))
)


async def standings(
    transaction: Transaction, domains: Collection[str], accounts: Collection[int]
) -> Standings:
    """Return what is true of these domains (A-labels) and accounts now."""
    found, own = await transaction.fetch_each(
        [(_DOMAINS, {"domains": sorted(domains)}), (_ACCOUNTS, {"accounts": sorted(accounts)})]
    )
    overrides: dict[int, dict[str, int]] = {}
    suspended: dict[int, Saying] = {}
    for row in own:
        if row["name"] is not None:
            overrides.setdefault(row["id"], {})[row["name"]] = row["value"]
        if row["suspended_at"] is not None:
            suspended[row["id"]] = recall(row["suspended_reason"])
    return Standings(
        domains={row["domain"]: standing_of(row) for row in found},
        overrides=overrides,
        suspended=suspended,
    )


class StopStore:
    """What delivery asks about mail that was accepted before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def stops(
        self, keys: Collection[tuple[int, str]], now: int
    ) -> dict[tuple[int, str], Stop]:
        """Return the stops of (account, domain); what may go is left out."""
        domains, accounts = {domain for _, domain in keys}, {account for account, _ in keys}
        found = await self._database.look(partial(standings, domains=domains, accounts=accounts))
        stops = {key: stop_of(*key, found, now) for key in keys}
        return {key: stop for key, stop in stops.items() if stop is not None}

    async def domains(self, message_ids: Collection[int]) -> dict[int, str]:
        """Return the sender domains of messages by number."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_OF_MESSAGES, {"messages": sorted(message_ids)})
        return {row["id"]: row["domain"] for row in rows}


class StandingStore:
    """What customers and operators see of a domain's day."""

    def __init__(self, database: Database, quotas: Quotas) -> None:
        self._database = database
        self._quotas = quotas

    async def days(self, domains: Mapping[str, int], now: int) -> dict[str, DayUse]:
        """Return level, quota and use of domains (A-labels), each with its account, for today."""
        if not domains:
            return {}
        ends_at = self._quotas.end_of_day(now)
        claims = [
            Claim(scope=Scope.DOMAIN_DAY, key=domain, amount=0, limit=0, window_ends_at=ends_at)
            for domain in domains
        ]
        async with self._database.read() as transaction:
            found = await standings(transaction, domains.keys(), set(domains.values()))
            counted = await used(transaction, claims)
        uses = {}
        for (domain, account_id), already in zip(domains.items(), counted, strict=True):
            standing = found.domains.get(domain, Standing(level=0))
            level = standing.level_at(now)
            own = found.overrides.get(account_id, {})
            uses[domain] = DayUse(
                level=level,
                per_day=self._quotas.domain_per_day(level, own) if level else 0,
                used=already,
                stopped=stop_of(account_id, domain, found, now) is not None,
            )
        return uses


def standing_of(row: Row) -> Standing:
    """Return the standing that a domain's row has."""
    values = {name: row[name] for name in Standing.__dataclass_fields__}
    return Standing(**values | {"blocked_reason": recall(row["blocked_reason"])})
