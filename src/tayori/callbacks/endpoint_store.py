"""The SQL of endpoints as their owner and operators see them."""

from typing import Any

from tayori.callbacks import statements
from tayori.callbacks.model import CallState, Endpoint, LogEntry
from tayori.callbacks.store import endpoint_of, secret_context
from tayori.db import numbers
from tayori.db.database import Database, Row
from tayori.db.statement import Statement
from tayori.refusal.saying import recall
from tayori.runtime.secrets import SecretBox

REPLAYED_AT_ONCE = 2_000
NEWEST = 2**62
LOOKED = 10_000
"""Attempts among which a page of failures is looked for."""


class EndpointStore:
    """Endpoints in the database."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def put(self, account_id: int, sender: str, url: str, secret: bytes, now: int) -> int:
        """Set the URL of an account's sender, "" for all; one that exists keeps its secret."""
        values: dict[str, Any] = {
            "account_id": account_id,
            "sender": sender,
            "url": url,
            "secret_sealed": self._box.seal(secret, secret_context(account_id)),
            "created_at": now,
            "failing_since": None,
            "rests_until": 0,
            "off_at": None,
            "off_reason": "",
            "lease_owner": None,
            "lease_ends_at": 0,
        }
        async with self._database.write() as transaction:
            return await numbers.insert(transaction, statements.PUT_ENDPOINT, values)

    async def get(self, endpoint_id: int) -> Endpoint | None:
        """Return one endpoint."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statements.GET_ENDPOINT, {"of_id": endpoint_id})
        return endpoint_of(row, self._box) if row else None

    async def of_account(self, account_id: int) -> list[Endpoint]:
        """Return an account's endpoints."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.ENDPOINTS_OF, {"accounts": [account_id]})
        return sorted((endpoint_of(row, self._box) for row in rows), key=lambda each: each.sender)

    async def every(self) -> list[Endpoint]:
        """Return all endpoints, by account."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.ALL_ENDPOINTS)
        return [endpoint_of(row, self._box) for row in rows]

    async def waiting(self) -> dict[int, int]:
        """Return how many calls wait, by endpoint."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.WAITING_CALLS)
        return {row["endpoint_id"]: row["total"] for row in rows}

    async def switch_on(self, endpoint_id: int) -> None:
        """Send to an endpoint again, at once; what was kept meanwhile needs a replay."""
        values = {"of_id": endpoint_id, "to_off_at": None, "to_reason": ""}
        async with self._database.write() as transaction:
            await transaction.execute(statements.SWITCH, values)

    async def delete(self, endpoint_id: int) -> None:
        """Delete an endpoint with its calls and its log."""
        async with self._database.write() as transaction:
            for statement in (
                statements.DELETE_ENDPOINT,
                statements.DELETE_CALLS_OF,
                statements.DELETE_ATTEMPTS_OF,
            ):
                await transaction.execute(statement, {"of_id": endpoint_id})

    async def replay(
        self, endpoint_id: int, period: tuple[int, int], now: int, *, failed_only: bool
    ) -> int:
        """Send calls made in [first, end) again, oldest first; return how many."""
        least = CallState.GIVEN_UP if failed_only else CallState.WAITING
        values = {
            "of_id": endpoint_id,
            "first": period[0],
            "end": period[1],
            "least_state": int(least),
            "most": REPLAYED_AT_ONCE,
            "now": now,
        }
        total, moved = 0, REPLAYED_AT_ONCE
        while moved == REPLAYED_AT_ONCE:
            async with self._database.write() as transaction:
                moved = await transaction.execute(statements.REPLAY, values)
            total += moved
        return total

    async def replay_one(self, endpoint_id: int, call_id: int, now: int) -> bool:
        """Send one call again; False when the endpoint has no such one, or it waits already."""
        values = {"of_id": endpoint_id, "of_call": call_id, "now": now}
        async with self._database.write() as transaction:
            return await transaction.execute(statements.REPLAY_ONE, values) == 1

    async def log(self, endpoint_id: int, most: int, *, before: int = NEWEST) -> list[LogEntry]:
        """Return the last attempts, newest first; only those with a smaller number."""
        return await self._logged(statements.LOG, endpoint_id, most, before)

    async def failures(
        self, endpoint_id: int, most: int, *, before: int = NEWEST
    ) -> list[LogEntry]:
        """Return those of the last attempts that nobody took, newest first."""
        return await self._logged(statements.FAILURES, endpoint_id, most, before)

    async def waiting_of(self, endpoint_id: int, most: int) -> int:
        """Return how many calls of an endpoint wait, `most` when there are more."""
        values = {"of_id": endpoint_id, "most": most}
        async with self._database.read() as transaction:
            return await numbers.total(transaction, statements.WAITING_OF, values)

    async def _logged(
        self, statement: Statement, endpoint_id: int, most: int, before: int
    ) -> list[LogEntry]:
        values = {"of_id": endpoint_id, "most": most, "before": before, "looked": LOOKED}
        async with self._database.read() as transaction:
            return [_entry(row) for row in await transaction.fetch(statement, values)]


def _entry(row: Row) -> LogEntry:
    return LogEntry(
        call_id=row["id"],
        attempt_id=row["attempt_id"],
        event=row["event"],
        email=row["email"],
        created_at=row["created_at"],
        state=CallState(row["state"]),
        attempts=row["attempts"],
        at=row["at"],
        duration_ms=row["duration_ms"],
        status=row["status"],
        response=row["response"],
        error=recall(row["error"]),
    )
