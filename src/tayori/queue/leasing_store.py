"""Chooses what is leased: all that is due, or a fair part of it when there is more than room.

The cost of a choice does not depend on the length of the queue: due mails are counted up to the
size of a batch, and flows (accounts, and tasks of an account) are found by skipping from one to the
next in an index, at most `MOST_FLOWS` from where the last turn ended.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import TextClause, text

from tayori.db.database import Row, Transaction
from tayori.db.statement import Statement, by_dialect
from tayori.queue import statements
from tayori.queue.fairness import RANKS, Flow, divide, fair_shares, in_turns, interleaved
from tayori.queue.model import Priority

MOST_FLOWS = 128
FLOWS_FRESH_MS = 1_000
"""How long the flows that were found are used; who comes later has its turn a moment later."""
ORDER = tuple(rank for priority in Priority for rank in (int(priority), int(priority) + 3))
"""Ranks as they are served: of each priority the new mail, then what is tried again."""

_COLUMNS = ", ".join(f"r.{column.name}" for column in statements.LEASED_COLUMNS)
# The next flow is looked for among those of the same account, then in the next account. Both
# numbers compared at once would be one condition too many for SQLite's index: it would read all
# mails of the account.
_SKIP = """
WITH RECURSIVE found(account_id, flow, hops) AS (
    SELECT :after_account, :after_flow, 0
    UNION ALL
    SELECT r.account_id, r.flow, found.hops + 1 FROM found JOIN recipient AS r ON r.id = COALESCE(
        (
            SELECT id FROM recipient
            WHERE "rank" = :of_rank AND due_at IS NOT NULL
                AND account_id = found.account_id AND flow > found.flow
            ORDER BY flow LIMIT 1
        ),
        (
            SELECT id FROM recipient
            WHERE "rank" = :of_rank AND due_at IS NOT NULL AND account_id > found.account_id
            ORDER BY account_id, flow LIMIT 1
        )
    )
    WHERE found.hops < :most
)
SELECT account_id, flow FROM found WHERE hops > 0
"""


def _typed(sql: str, kinds: Mapping[str, str]) -> TextClause:
    """Return the text with PostgreSQL's types behind the parameters, which it cannot infer."""
    for name, kind in kinds.items():
        sql = sql.replace(f":{name}", f"CAST(:{name} AS {kind})")
    return text(sql)


FLOWS = Statement(
    by_dialect(
        sqlite=text(_SKIP),
        postgresql=_typed(
            _SKIP,
            {
                "of_rank": "INTEGER",
                "after_account": "BIGINT",
                "after_flow": "BIGINT",
                "most": "INTEGER",
            },
        ),
    )
)
"""The flows that have open mail of a rank, behind one of them in the order of their numbers."""

DUE_OF_FLOWS = Statement(
    by_dialect(
        sqlite=text(
            f"""
SELECT {_COLUMNS} FROM json_each(:flows__list) AS wanted JOIN recipient AS r ON r.id IN (
    SELECT id FROM recipient
    WHERE "rank" = :of_rank AND account_id = wanted.value ->> 0 AND flow = wanted.value ->> 1
        AND due_at IS NOT NULL AND due_at <= :now
    ORDER BY due_at LIMIT :share
)
"""  # noqa: S608 - names of columns
        ),
        postgresql=text(
            f"""
SELECT {_COLUMNS} FROM unnest(
    CAST(:accounts__list AS BIGINT[]), CAST(:tasks__list AS BIGINT[])
) AS wanted(account_id, flow), LATERAL (
    SELECT * FROM recipient
    WHERE "rank" = CAST(:of_rank AS INTEGER) AND account_id = wanted.account_id
        AND flow = wanted.flow AND due_at <= CAST(:now AS BIGINT)
    ORDER BY due_at LIMIT CAST(:share AS INTEGER)
    FOR UPDATE SKIP LOCKED
) AS r
"""  # noqa: S608 - names of columns
        ),
    )
)
"""Due mails of a rank of certain flows, up to a share of each, longest due first."""


class Turns:
    """Whose turn it is, as one process remembers it."""

    def __init__(self) -> None:
        self._flows: dict[int, tuple[int, list[Flow]]] = {}
        self._last: dict[int, Flow] = {}

    async def choose(
        self, transaction: Transaction, now: int, room: int, *, urgent: bool = False
    ) -> list[Row]:
        """Return up to `room` due recipients, locked, in the order of their service.

        `urgent` chooses among new trigger mail only.
        """
        look = await transaction.fetch_one(statements.COUNT_DUE, {"now": now, "most": room})
        if look is None:
            return []
        due = [int(look[f"rank_{rank}"]) for rank in range(RANKS)]
        if urgent:
            due[1:] = [0] * (RANKS - 1)
        shares = divide(due, room)
        rows: list[Row] = []
        for rank in ORDER:
            if due[rank] > shares[rank] or due[rank] == room:
                rows += await self._fairly(transaction, rank, now, shares[rank])
            elif due[rank]:
                rows += await _longest_due(transaction, rank, now, shares[rank])
        return rows

    async def _fairly(self, transaction: Transaction, rank: int, now: int, room: int) -> list[Row]:
        if not room:
            return []
        flows = in_turns(await self._waiting(transaction, rank, now))
        shares = fair_shares(flows, room)
        if len(flows) <= 1:
            return await _longest_due(transaction, rank, now, room)
        rows: list[Row] = []
        for share in sorted(set(shares.values())):
            values = _wanted(shares, share) | {"of_rank": rank, "now": now}
            rows += await transaction.fetch(DUE_OF_FLOWS, values)
        by_flow: dict[Flow, list[Row]] = {flow: [] for flow in shares}
        for row in rows:
            by_flow[Flow(row["account_id"], row["flow"])].append(row)
        self._next_turn(rank, list(shares))
        chosen = _in_turns(by_flow)[:room]
        if len(chosen) < room:
            # What the others leave over goes to whoever has waited longest.
            taken = {row["id"] for row in chosen}
            more = await _longest_due(transaction, rank, now, room)
            chosen += [row for row in more if row["id"] not in taken][: room - len(chosen)]
        return chosen

    async def _waiting(self, transaction: Transaction, rank: int, now: int) -> list[Flow]:
        """Return flows with open mail of the rank, beginning behind the one served last."""
        known = self._flows.get(rank)
        if known is not None and 0 <= now - known[0] < FLOWS_FRESH_MS:
            return known[1]
        after = self._last.get(rank, Flow(-1, -1))
        flows = await _flows(transaction, rank, after, MOST_FLOWS)
        if len(flows) < MOST_FLOWS and after != Flow(-1, -1):
            begin = await _flows(transaction, rank, Flow(-1, -1), MOST_FLOWS - len(flows))
            flows += [flow for flow in begin if flow <= after]
        self._flows[rank] = (now, flows)
        return flows

    def _next_turn(self, rank: int, served: Sequence[Flow]) -> None:
        """Let the next choice begin behind those who were served."""
        at, flows = self._flows[rank]
        if len(flows) < MOST_FLOWS:
            # All are known: the turn moves on by one account.
            self._last[rank] = served[0]
            first = [flow for flow in flows if flow.account_id == flows[0].account_id]
            self._flows[rank] = (at, flows[len(first) :] + first[1:] + first[:1])
        else:
            self._last[rank] = flows[-1]
            del self._flows[rank]


async def _flows(transaction: Transaction, rank: int, after: Flow, most: int) -> list[Flow]:
    values = {"after_account": after.account_id, "after_flow": after.flow}
    rows = await transaction.fetch(FLOWS, values | {"of_rank": rank, "most": most})
    return [Flow(row["account_id"], row["flow"]) for row in rows]


async def _longest_due(transaction: Transaction, rank: int, now: int, most: int) -> list[Row]:
    return await transaction.fetch(
        statements.SELECT_DUE, {"of_rank": rank, "now": now, "most": most}
    )


def _wanted(shares: Mapping[Flow, int], share: int) -> dict[str, object]:
    flows = [flow for flow, own in shares.items() if own == share]
    return {
        "share": share,
        "flows": flows,
        "accounts": [flow.account_id for flow in flows],
        "tasks": [flow.flow for flow in flows],
    }


def _in_turns(by_flow: Mapping[Flow, Sequence[Row]]) -> list[Row]:
    by_account: dict[int, list[Sequence[Row]]] = {}
    for flow, rows in by_flow.items():
        by_account.setdefault(flow.account_id, []).append(rows)
    return interleaved(interleaved(own) for own in by_account.values())
