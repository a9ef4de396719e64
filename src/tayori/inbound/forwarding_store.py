"""Where mail to customers' domains goes, in the database."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.database import Database, Row
from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.inbound import forwarding
from tayori.db.tables.tenants import identity

_DOMAINS = (
    select(
        identity.c.id,
        identity.c.account_id,
        identity.c.domain,
        identity.c.verified,
        forwarding.c.address,
    )
    .select_from(identity.outerjoin(forwarding, forwarding.c.identity_id == identity.c.id))
    .order_by(identity.c.domain)
)
_DOMAIN = Statement(_DOMAINS.where(identity.c.domain == bindparam("of_domain")))
_FORWARDED = Statement(_DOMAINS.where(forwarding.c.address.is_not(None)))
_ROW: dict[str, Any] = {
    "identity_id": bindparam("identity_id"),
    "address": bindparam("address"),
    "created_at": bindparam("created_at"),
}
_SET: dict[str, Any] = {"address": bindparam("address"), "created_at": bindparam("created_at")}
_PUT = Statement(
    by_dialect(
        sqlite=sqlite_insert(forwarding)
        .values(_ROW)
        .on_conflict_do_update(index_elements=["identity_id"], set_=_SET),
        postgresql=postgresql_insert(forwarding)
        .values(_ROW)
        .on_conflict_do_update(index_elements=["identity_id"], set_=_SET),
    )
)
_REMOVE = Statement(delete(forwarding).where(forwarding.c.identity_id == bindparam("identity_id")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A customer's domain; `forward_to` is "" while its mail is not forwarded."""

    identity_id: int
    account_id: int
    name: str
    forward_to: str = ""


class ForwardingStore:
    """Reads and changes where mail goes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def domain(self, name: str) -> Domain | None:
        """Return a customer's domain; one that is not verified forwards nothing."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_DOMAIN, {"of_domain": name})
        return _domain(row) if row else None

    async def forwarded(self) -> list[Domain]:
        """Return all domains with an address, by name."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_FORWARDED)
        return [_domain(row) for row in rows]

    async def put(self, identity_id: int, address: str, now: int) -> None:
        """Set where the mail of a domain goes."""
        row = {"identity_id": identity_id, "address": address, "created_at": now}
        async with self._database.write() as transaction:
            await transaction.execute(_PUT, row)

    async def remove(self, identity_id: int) -> bool:
        """Forward no more; False when nothing was."""
        async with self._database.write() as transaction:
            return await transaction.execute(_REMOVE, {"identity_id": identity_id}) > 0


def _domain(row: Row) -> Domain:
    return Domain(
        identity_id=row["id"],
        account_id=row["account_id"],
        name=row["domain"],
        forward_to=(row["address"] or "") if row["verified"] else "",
    )
