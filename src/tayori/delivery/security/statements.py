"""The SQL of receivers' TLS policies and hosts, each statement by name."""

from typing import Any

from sqlalchemy import Table, bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.statement import Statement, by_dialect
from tayori.db.tables.security import sts_policy, tls_host
from tayori.db.tables.tenants import account, identity


def _put(table: Table, key: str) -> Statement:
    """Return the statement that writes a row in the place of the one with its key."""
    values: dict[str, Any] = {column.name: bindparam(column.name) for column in table.c}
    later: dict[str, Any] = {name: bind for name, bind in values.items() if name != key}
    return Statement(
        by_dialect(
            sqlite=sqlite.insert(table)
            .values(values)
            .on_conflict_do_update(index_elements=[key], set_=later),
            postgresql=postgresql.insert(table)
            .values(values)
            .on_conflict_do_update(index_elements=[key], set_=later),
        )
    )


PUT_POLICY = _put(sts_policy, "domain")
POLICY = Statement(select(sts_policy).where(sts_policy.c.domain == bindparam("of_domain")))
CHANGED_POLICIES = Statement(
    select(sts_policy).where(sts_policy.c.changed_at >= bindparam("since")).order_by("changed_at")
)
CLAIM_POLICY = Statement(
    update(sts_policy)
    .where(sts_policy.c.domain == bindparam("of_domain"))
    .where(
        or_(
            sts_policy.c.tried_at <= bindparam("before"),
            sts_policy.c.tried_id != bindparam("of_id"),
        )
    )
    .values(tried_at=bindparam("now"), tried_id=bindparam("of_id"), changed_at=bindparam("now"))
)
FORGET_POLICIES = Statement(delete(sts_policy).where(sts_policy.c.expires_at < bindparam("before")))
PUT_HOST = _put(tls_host, "host")
CHANGED_HOSTS = Statement(
    select(tls_host).where(tls_host.c.changed_at >= bindparam("since")).order_by("changed_at")
)
FORGET_HOST = Statement(delete(tls_host).where(tls_host.c.host == bindparam("of_host")))
FORGET_HOSTS = Statement(delete(tls_host).where(tls_host.c.ends_at < bindparam("before")))
ACCOUNTS = Statement(select(account.c.id).where(account.c.tls == "required"))
IDENTITIES = Statement(select(identity.c.id, identity.c.domain).where(identity.c.tls == "required"))
REQUIRE_ACCOUNT = Statement(
    update(account).where(account.c.id == bindparam("of_id")).values(tls=bindparam("to_tls"))
)
REQUIRE_IDENTITY = Statement(
    update(identity)
    .where(identity.c.account_id == bindparam("of_account"))
    .where(identity.c.domain == bindparam("of_domain"))
    .values(tls=bindparam("to_tls"))
)
