"""Which provider a recipient's domain belongs to, as deliveries found it by the shaping rules.

It is kept by the reader of the event feed, in the transaction that moves its cursor. A domain
of which no provider is known has no row; one that moves is corrected by its next mail.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.reputation import mailbox_provider
from tayori.events.model import ATTEMPT, PROVIDER
from tayori.reputation.level_model import Fact
from tayori.reputation.provider_caps import OTHER, ProviderCaps
from tayori.reputation.store import used

_one = mailbox_provider.c


def _keep(build: Any) -> Any:
    row = build(mailbox_provider).values({column.name: bindparam(column.name) for column in _one})
    return row.on_conflict_do_update(
        index_elements=["domain"], set_={"provider": row.excluded.provider}
    )


KNOWN: Final = Statement(select(mailbox_provider).where(among(_one.domain, "domains")))
KEEP: Final = Statement(
    by_dialect(sqlite=_keep(sqlite_insert), postgresql=_keep(postgresql_insert))
)
_FORGET = Statement(delete(mailbox_provider).where(_one.domain == bindparam("of_domain")))


def domain_of(address: str) -> str:
    """Return the domain of an address as it is kept."""
    return address.rpartition("@")[2].lower()


async def learn(transaction: Transaction, facts: Iterable[Fact]) -> None:
    """Remember the providers of those who were tried; the last attempt counts."""
    found = {
        domain_of(fact.address): str(fact.data.get(PROVIDER, OTHER))
        for fact in facts
        # Without an attempt nobody looked who receives for the domain.
        if ATTEMPT in fact.data
    }
    known = await _of(transaction, found)
    changed = {
        domain: provider
        for domain, provider in sorted(found.items())
        if known.get(domain, OTHER) != provider
    }
    await transaction.execute_many(
        KEEP, [{"domain": name, "provider": one} for name, one in changed.items() if one]
    )
    await transaction.execute_many(
        _FORGET, [{"of_domain": name} for name, one in changed.items() if not one]
    )


class ProviderStore:
    """Answers whose a domain is, and what is left for a provider in the hour."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, domains: Collection[str]) -> Mapping[str, str]:
        """Return the providers of those domains of which one is known."""
        async with self._database.read() as transaction:
            return await _of(transaction, domains)

    async def left(self, caps: ProviderCaps, providers: Collection[str]) -> dict[str, int]:
        """Return how many mails may still go to each of the providers in the hour of `caps`."""
        claims = [caps.claim(provider) for provider in sorted(providers)]
        async with self._database.read() as transaction:
            counted = await used(transaction, claims)
        return {
            provider: max(0, claim.limit - already)
            for provider, claim, already in zip(sorted(providers), claims, counted, strict=True)
        }


async def _of(transaction: Transaction, domains: Collection[str]) -> dict[str, str]:
    rows = await transaction.fetch(KNOWN, {"domains": sorted(domains)})
    return {row["domain"]: row["provider"] for row in rows}
