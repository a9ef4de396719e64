"""All SQL of receivers' TLS: policies, hosts that need less, and who of us requires it.

Times are milliseconds since the epoch. What one process learns, the others read by `changed_at`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from tayori.db.database import Database, Row
from tayori.delivery.security import statements
from tayori.dns.sts import StsMode, StsPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPolicy:
    """A domain's policy as it was fetched last, and how the last try went."""

    domain: str
    policy: StsPolicy | None = None
    policy_id: str = ""
    fetched_at: int = 0
    expires_at: int = 0
    tried_id: str = ""
    tried_at: int = 0
    trouble: str = ""
    """Why the last try failed, "" when it did not."""
    changed_at: int = 0

    def valid(self, now: int) -> StsPolicy | None:
        """Return the policy unless its time is over."""
        return self.policy if self.fetched_at <= now < self.expires_at else None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHost:
    """A host that does not manage the best TLS, until when that is believed, and why."""

    host: str
    rung: int
    reason: str
    ends_at: int
    changed_at: int


@dataclass(frozen=True, slots=True)
class Required:
    """Whose mail never travels in clear: accounts, and identities by their domain."""

    accounts: frozenset[int] = frozenset()
    identities: frozenset[int] = frozenset()


class SecurityStore:
    """The tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def policy(self, domain: str) -> KnownPolicy | None:
        """Return what is known of a domain."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.POLICY, {"of_domain": domain})
        return None if row is None else _policy(row)

    async def put_policy(self, known: KnownPolicy) -> None:
        """Write what is known of a domain now."""
        policy = known.policy
        values = {
            "domain": known.domain,
            "policy_id": known.policy_id,
            "mode": policy.mode.value if policy else "",
            "mx": msgspec.json.encode(policy.mx if policy else ()).decode(),
            "max_age_s": policy.max_age_s if policy else 0,
            "fetched_at": known.fetched_at,
            "expires_at": known.expires_at,
            "tried_id": known.tried_id,
            "tried_at": known.tried_at,
            "trouble": known.trouble,
            "changed_at": known.changed_at,
        }
        async with self._database.write() as transaction:
            await transaction.execute(statements.PUT_POLICY, values)

    async def claim_policy(self, domain: str, number: str, now: int, before: int) -> bool:
        """Tell whether this process may fetch now: nobody has tried for this id since `before`."""
        values = {"of_domain": domain, "of_id": number, "now": now, "before": before}
        async with self._database.write() as transaction:
            return await transaction.execute(statements.CLAIM_POLICY, values) == 1

    async def changed(self, since: int) -> tuple[list[KnownPolicy], list[KnownHost]]:
        """Return the policies and hosts that were written since an instant, oldest first."""
        async with self._database.read() as transaction:
            policies = await transaction.fetch(statements.CHANGED_POLICIES, {"since": since})
            hosts = await transaction.fetch(statements.CHANGED_HOSTS, {"since": since})
        return [_policy(row) for row in policies], [_host(row) for row in hosts]

    async def put_hosts(self, hosts: Sequence[KnownHost]) -> None:
        """Write what was learnt of hosts."""
        rows = [
            {
                "host": each.host,
                "rung": each.rung,
                "reason": each.reason[:500],
                "ends_at": each.ends_at,
                "changed_at": each.changed_at,
            }
            for each in sorted(hosts, key=lambda each: each.host)
        ]
        async with self._database.write() as transaction:
            await transaction.execute_many(statements.PUT_HOST, rows)

    async def required(self) -> Required:
        """Return whose mail never travels in clear."""
        async with self._database.read() as transaction:
            accounts = await transaction.fetch(statements.ACCOUNTS)
            identities = await transaction.fetch(statements.IDENTITIES)
        return Required(
            frozenset(row["id"] for row in accounts), frozenset(row["id"] for row in identities)
        )

    async def require_account(self, account_id: int, *, required: bool) -> None:
        """Let an account's mail never travel in clear, or let it again."""
        values = {"of_id": account_id, "to_tls": "required" if required else None}
        async with self._database.write() as transaction:
            await transaction.execute(statements.REQUIRE_ACCOUNT, values)

    async def require_identity(self, account_id: int, domain: str, *, required: bool) -> bool:
        """Do the same for one sender domain; False when the account has no such domain."""
        values = {
            "of_account": account_id,
            "of_domain": domain,
            "to_tls": "required" if required else None,
        }
        async with self._database.write() as transaction:
            return await transaction.execute(statements.REQUIRE_IDENTITY, values) == 1

    async def sweep(self, before: int) -> None:
        """Forget policies and hosts whose time was over at `before`."""
        async with self._database.write() as transaction:
            await transaction.execute(statements.FORGET_POLICIES, {"before": before})
            await transaction.execute(statements.FORGET_HOSTS, {"before": before})


def _policy(row: Row) -> KnownPolicy:
    known = KnownPolicy(
        domain=row["domain"],
        policy_id=row["policy_id"],
        fetched_at=row["fetched_at"],
        expires_at=row["expires_at"],
        tried_id=row["tried_id"],
        tried_at=row["tried_at"],
        trouble=row["trouble"],
        changed_at=row["changed_at"],
    )
    if not row["mode"]:
        return known
    policy = StsPolicy(
        mode=StsMode(row["mode"]),
        mx=msgspec.json.decode(row["mx"], type=tuple[str, ...]),
        max_age_s=row["max_age_s"],
    )
    return replace(known, policy=policy)


def _host(row: Row) -> KnownHost:
    return KnownHost(
        host=row["host"],
        rung=row["rung"],
        reason=row["reason"],
        ends_at=row["ends_at"],
        changed_at=row["changed_at"],
    )
