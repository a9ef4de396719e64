"""Tokens by which a caller may repeat a call without the work being done twice.

    claim(transaction, token, now) -> None      it is yours: do the work, then `remember` its answer
                                   -> str       what the same call was answered before
                                   -> Refusal   the key belongs to another call

A claim stands in the transaction that does the work, so work and token are committed together or
not at all: after a kill a token is known exactly when its work was done. Of two calls that run at
the same time the second waits in the database until the first has committed, in whatever process
they are. Whoever claimed a token and then refuses the work calls `forget` before the commit: a
refusal did nothing, and is not remembered. Work whose checks may turn out otherwise the second
time is to ask `recall` before them, or when they refuse.

A token is remembered for 24 hours, per account and action.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from tayori.accept.idempotency import HEADER, REMEMBERED_MS, Token
from tayori.db.database import DatabaseBusyError, Row, Transaction
from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.idempotency import idempotency
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

SWEPT_AT_ONCE: Final = 1_000

_row = idempotency.c
_VALUES: dict[str, Any] = {column.name: bindparam(column.name) for column in idempotency.c}
_EXPIRED = _row.expires_at <= bindparam("now")
_RENEWED: dict[str, Any] = {
    "index_elements": idempotency.primary_key.columns,
    "set_": {name: bindparam(name) for name in ("fingerprint", "answer", "expires_at")},
    "where": _EXPIRED,
}
# The row of a key that is remembered no more is taken over; a living one is left as it is.
_PLACE = Statement(
    by_dialect(
        sqlite=sqlite.insert(idempotency).values(_VALUES).on_conflict_do_update(**_RENEWED),
        postgresql=postgresql.insert(idempotency).values(_VALUES).on_conflict_do_update(**_RENEWED),
    )
)
_OF_TOKEN = and_(
    _row.token == bindparam("of_token"),
    _row.account_id == bindparam("of_account"),
    _row.action == bindparam("of_action"),
)
_GET = Statement(select(idempotency).where(_OF_TOKEN))
_AMONG = Statement(select(idempotency).where(among(_row.token, "tokens")))
_ANSWER = Statement(update(idempotency).where(_OF_TOKEN).values(answer=bindparam("to_answer")))
_FORGET = Statement(delete(idempotency).where(_OF_TOKEN))
_key = tuple_(*idempotency.primary_key.columns)
_old = (
    select(*idempotency.primary_key.columns)
    .where(_EXPIRED)
    .order_by(_row.expires_at)
    .limit(bindparam("most"))
)
_SWEEP = Statement(
    by_dialect(
        sqlite=delete(idempotency).where(_key.in_(_old)),
        # Nobody is waited for, so that it cannot stand across doors that claim.
        postgresql=delete(idempotency).where(_key.in_(_old.with_for_update(skip_locked=True))),
    )
)


async def claim(transaction: Transaction, token: Token, now: int) -> str | Refusal | None:
    """Take a token for this transaction, or return what is known of it; see above."""
    if await transaction.execute(_PLACE, _new(token, "", now)) == 1:
        return None
    row = await transaction.fetch_one(_GET, _named(token))
    if row is None:
        raise DatabaseBusyError("An idempotency token was forgotten while it was looked up.")
    return _known(row, token)


async def remember(transaction: Transaction, token: Token, answer: str) -> None:
    """Keep the answer of a call whose token was claimed in this transaction."""
    await transaction.execute(_ANSWER, _named(token) | {"to_answer": answer})


async def claim_all(
    transaction: Transaction, wishes: Sequence[tuple[Token, str]], now: int
) -> list[str | Refusal | None]:
    """Claim many at once, each with its answer, which nobody else may have; no key comes twice.

    All callers take them in one order, so that none can wait for another in a circle.
    """
    rows = [_new(token, answer, now) for token, answer in wishes]
    rows.sort(key=lambda row: (row["token"], row["account_id"], row["action"]))
    await transaction.execute_many(_PLACE, rows)
    found = await transaction.fetch(_AMONG, {"tokens": sorted({t.key for t, _ in wishes})})
    by_key = {(row["token"], row["account_id"], row["action"]): row for row in found}
    answers: list[str | Refusal | None] = []
    for token, answer in wishes:
        row = by_key[token.key, token.account_id, token.action]
        answers.append(None if row["answer"] == answer else _known(row, token))
    return answers


async def forget(transaction: Transaction, tokens: Iterable[Token]) -> None:
    """Give back tokens that were claimed in this transaction."""
    await transaction.execute_many(_FORGET, [_named(token) for token in tokens])


async def recall(transaction: Transaction, token: Token, now: int) -> str | Refusal | None:
    """Return what is known of a token and claim nothing."""
    row = await transaction.fetch_one(_GET, _named(token))
    return None if row is None or row["expires_at"] <= now else _known(row, token)


async def sweep(transaction: Transaction, now: int) -> bool:
    """Delete some tokens that are remembered no more; tell whether there may be others."""
    values = {"now": now, "most": SWEPT_AT_ONCE}
    return await transaction.execute(_SWEEP, values) == SWEPT_AT_ONCE


def _known(row: Row, token: Token) -> str | Refusal:
    if row["fingerprint"] == token.fingerprint:
        return str(row["answer"])
    return refuse(
        Code.INVALID_PARAMETER_VALUE,
        say(
            "This key was used in the last 24 hours for a call with other content. Nothing was "
            "done. Give each new call a key of its own."
        ),
        parameter=HEADER,
    )


def _named(token: Token) -> dict[str, object]:
    return {"of_token": token.key, "of_account": token.account_id, "of_action": token.action}


def _new(token: Token, answer: str, now: int) -> dict[str, object]:
    return {
        "token": token.key,
        "account_id": token.account_id,
        "action": token.action,
        "fingerprint": token.fingerprint,
        "answer": answer,
        "expires_at": now + REMEMBERED_MS,
        "now": now,
    }
