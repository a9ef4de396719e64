"""Reads, inside a transaction that takes mails, what their domains and accounts may send.

So what an operator or the domain's figures changed holds for the very next mail, in all processes.
"""

from collections.abc import Collection

from sqlalchemy import select

from tayori.db.database import Row, Transaction
from tayori.db.statement import Statement, among
from tayori.db.tables.tenants import account, account_limit, identity
from tayori.reputation.standing import Standing, Standings

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
_OVERRIDES = Statement(select(account_limit).where(among(account_limit.c.account_id, "accounts")))
_SUSPENDED = Statement(
    select(account.c.id, account.c.suspended_reason)
    .where(among(account.c.id, "accounts"))
    .where(account.c.suspended_at.is_not(None))
)


async def standings(
    transaction: Transaction, domains: Collection[str], accounts: Collection[int]
) -> Standings:
    """Return what is true of these domains (A-labels) and accounts now."""
    of_accounts = {"accounts": sorted(accounts)}
    found, limits, suspended = await transaction.fetch_each(
        [
            (_DOMAINS, {"domains": sorted(domains)}),
            (_OVERRIDES, of_accounts),
            (_SUSPENDED, of_accounts),
        ]
    )
    overrides: dict[int, dict[str, int]] = {}
    for row in limits:
        overrides.setdefault(row["account_id"], {})[row["name"]] = row["value"]
    return Standings(
        domains={row["domain"]: _standing(row) for row in found},
        overrides=overrides,
        suspended={row["id"]: row["suspended_reason"] for row in suspended},
    )


def _standing(row: Row) -> Standing:
    return Standing(**{name: row[name] for name in Standing.__dataclass_fields__})
