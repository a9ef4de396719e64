"""Shares and reservations in the database: one transaction for all that a process asks at a time.

Promises: what is granted over all processes never exceeds a limit, and reserved pieces of a rate
never overlap. A share is only lost by giving it up or by `dead`: its owner stopped to renew, and
whoever asks has watched that for a while (moving clocks kill nobody).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.db.database import Database, Transaction
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.pacing import pacing_key, pacing_owner, pacing_share
from tayori.delivery.pacing.shares import Claim, Share, divide
from tayori.delivery.shaping import MICRO
from tayori.runtime.clock import DAY, SECOND

HORIZON_US = 30 * SECOND * MICRO
"""How far ahead events of a rate are reserved at most."""
_KEY: dict[str, Any] = {"key": bindparam("key"), "next_us": bindparam("next_us")}
_NEW_KEY = Statement(
    by_dialect(
        sqlite=sqlite.insert(pacing_key).values(_KEY).on_conflict_do_nothing(),
        postgresql=postgresql.insert(pacing_key).values(_KEY).on_conflict_do_nothing(),
    )
)
_LOCK_KEYS = Statement(
    select(pacing_key.c.key, pacing_key.c.next_us)
    .where(among(pacing_key.c.key, "keys"))
    .order_by(pacing_key.c.key)
    .with_for_update()
)
_SET_NEXT = Statement(
    update(pacing_key)
    .where(pacing_key.c.key == bindparam("of_key"))
    .values(next_us=bindparam("to_next_us"))
)
_GIVE_BACK = Statement(
    update(pacing_key)
    .where(pacing_key.c.key == bindparam("of_key"))
    .where(pacing_key.c.next_us == bindparam("end_us"))
    .values(next_us=bindparam("unused_us"))
)
_OWNER: dict[str, Any] = {"owner": bindparam("owner"), "ends_at": bindparam("ends_at")}
_LATER: dict[str, Any] = {"ends_at": bindparam("ends_at")}
_RENEW = Statement(
    by_dialect(
        sqlite=sqlite.insert(pacing_owner)
        .values(_OWNER)
        .on_conflict_do_update(index_elements=["owner"], set_=_LATER),
        postgresql=postgresql.insert(pacing_owner)
        .values(_OWNER)
        .on_conflict_do_update(index_elements=["owner"], set_=_LATER),
    )
)
_LATE_OWNERS = Statement(
    select(pacing_owner.c.owner, pacing_owner.c.ends_at).where(
        pacing_owner.c.ends_at < bindparam("now")
    )
)
_BURY = Statement(
    delete(pacing_owner)
    .where(pacing_owner.c.owner == bindparam("of_owner"))
    .where(pacing_owner.c.ends_at == bindparam("ended_at"))
)
_LEAVE = Statement(delete(pacing_owner).where(pacing_owner.c.owner == bindparam("of_owner")))
_DROP_ALL = Statement(delete(pacing_share).where(pacing_share.c.owner == bindparam("of_owner")))
_SHARES = Statement(select(*pacing_share.c).where(among(pacing_share.c.key, "keys")))
_SHARE: dict[str, Any] = {column.name: bindparam(column.name) for column in pacing_share.c}
_NEW_VALUES: dict[str, Any] = {name: bindparam(name) for name in ("wanted", "granted", "since_at")}
_PUT_SHARE = Statement(
    by_dialect(
        sqlite=sqlite.insert(pacing_share)
        .values(_SHARE)
        .on_conflict_do_update(index_elements=["key", "owner"], set_=_NEW_VALUES),
        postgresql=postgresql.insert(pacing_share)
        .values(_SHARE)
        .on_conflict_do_update(index_elements=["key", "owner"], set_=_NEW_VALUES),
    )
)
_DROP_SHARES = Statement(
    delete(pacing_share)
    .where(pacing_share.c.owner == bindparam("of_owner"))
    .where(among(pacing_share.c.key, "keys"))
)
_FORGET_KEYS = Statement(
    delete(pacing_key)
    .where(pacing_key.c.next_us < bindparam("before_us"))
    .where(~exists().where(pacing_share.c.key == pacing_key.c.key))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareAsk:
    """A wish for connections; `keep` of them may be open at any moment until the answer comes."""

    key: str
    limit: int
    wanted: int
    keep: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateAsk:
    """A wish for `count` events; `tail` is an unusable (end, begin), which goes back if last."""

    key: str
    interval_us: int
    count: int
    tail: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The answer: shares and blocks by key; owners that are late, with the end of their time."""

    shares: Mapping[str, Share] = field(default_factory=dict)
    blocks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)


class PacingStore:
    """The tables of pacing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ask(
        self,
        owner: str,
        now: int,
        ends_at: int,
        *,
        shares: Sequence[ShareAsk] = (),
        rates: Sequence[RateAsk] = (),
        dropped: Sequence[str] = (),
        dead: Mapping[str, int] | None = None,
    ) -> Asked:
        """Renew `owner` until `ends_at` and answer what it asks; `dropped` keys are given up.

        `dead` are owners that were late too often, with the end of their time as it was seen. Times
        in milliseconds; blocks in microseconds, an empty one begins where the next could.
        """
        keys = sorted({ask.key for ask in shares} | {ask.key for ask in rates})
        async with self._database.write() as transaction:
            next_us = await _lock(transaction, keys, now)
            for late_owner, ended_at in sorted((dead or {}).items()):
                await _bury(transaction, late_owner, ended_at)
            await transaction.execute(_RENEW, {"owner": owner, "ends_at": ends_at})
            if dropped:
                values = {"of_owner": owner, "keys": list(dropped)}
                await transaction.execute(_DROP_SHARES, values)
            granted = await _divide(transaction, owner, shares, now) if shares else {}
            blocks = {ask.key: _reserve(ask, next_us, now) for ask in rates}
            moved = [{"of_key": ask.key, "to_next_us": next_us[ask.key]} for ask in rates]
            await transaction.execute_many(_SET_NEXT, moved)
            late = await transaction.fetch(_LATE_OWNERS, {"now": now})
        return Asked(
            shares=granted,
            blocks=blocks,
            late={row["owner"]: row["ends_at"] for row in late if row["owner"] != owner},
        )

    async def leave(self, owner: str, tails: Mapping[str, tuple[int, int]]) -> None:
        """Give everything back at once, unspent ends of blocks included."""
        rows = [
            {"of_key": key, "end_us": end, "unused_us": unused}
            for key, (end, unused) in sorted(tails.items())
        ]
        async with self._database.write() as transaction:
            await transaction.execute_many(_GIVE_BACK, rows)
            await transaction.execute(_LEAVE, {"of_owner": owner})
            await transaction.execute(_DROP_ALL, {"of_owner": owner})

    async def forget(self, now: int) -> None:
        """Delete keys that nobody used for a day."""
        async with self._database.write() as transaction:
            await transaction.execute(_FORGET_KEYS, {"before_us": (now - DAY) * MICRO})


async def _lock(transaction: Transaction, keys: Sequence[str], now: int) -> dict[str, int]:
    """Lock the keys in one order for all, making those that are new; return their next times."""
    if not keys:
        return {}
    rows = await transaction.fetch(_LOCK_KEYS, {"keys": list(keys)})
    while len(rows) < len(keys):
        known = {row["key"] for row in rows}
        new = [{"key": key, "next_us": now * MICRO} for key in keys if key not in known]
        await transaction.execute_many(_NEW_KEY, new)
        rows = await transaction.fetch(_LOCK_KEYS, {"keys": list(keys)})
    return {row["key"]: row["next_us"] for row in rows}


async def _bury(transaction: Transaction, owner: str, ended_at: int) -> None:
    gone = await transaction.execute(_BURY, {"of_owner": owner, "ended_at": ended_at})
    if gone:
        await transaction.execute(_DROP_ALL, {"of_owner": owner})


async def _divide(
    transaction: Transaction, owner: str, asks: Sequence[ShareAsk], now: int
) -> dict[str, Share]:
    rows = await transaction.fetch(_SHARES, {"keys": [ask.key for ask in asks]})
    claims: dict[str, dict[str, Claim]] = {ask.key: {} for ask in asks}
    for row in rows:
        claims[row["key"]][row["owner"]] = Claim(
            row["owner"], row["wanted"], row["granted"], row["since_at"]
        )
    granted, changed = {}, []
    for ask in asks:
        others = claims[ask.key]
        before = others.pop(owner, None)
        as_before = before is not None and bool(before.granted) == bool(ask.keep)
        since_at = before.since_at if before and as_before else now
        mine = Claim(owner, ask.wanted, ask.keep, since_at)
        share = granted[ask.key] = divide(ask.limit, mine, list(others.values()), now)
        if bool(share.granted) != bool(ask.keep):
            since_at = now
        after = Claim(owner, ask.wanted, share.granted, since_at)
        if after != before:
            changed.append(_row(ask.key, after))
    await transaction.execute_many(_PUT_SHARE, changed)
    return granted


def _row(key: str, claim: Claim) -> dict[str, object]:
    return {
        "key": key,
        "owner": claim.owner,
        "wanted": claim.wanted,
        "granted": claim.granted,
        "since_at": claim.since_at,
    }


def _reserve(ask: RateAsk, next_us: dict[str, int], now: int) -> tuple[int, int]:
    """Return the block and move `next_us` behind it."""
    free_us = next_us[ask.key]
    if ask.tail is not None and ask.tail[0] == free_us:
        free_us = ask.tail[1]
    start = max(free_us, now * MICRO)
    if start > now * MICRO + HORIZON_US:
        next_us[ask.key] = free_us
        return (start, start)
    next_us[ask.key] = start + ask.count * ask.interval_us
    return (start, next_us[ask.key])
