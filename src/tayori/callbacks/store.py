"""Callbacks in the database: what waits, whose turn it is, what became of it.

Selecting moves the feed's cursor in the transaction that makes the calls, so each event becomes a
call once. An endpoint belongs to one process at a time, which is why its order can be kept.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tayori.callbacks import statements
from tayori.callbacks.body import EVENT_IDS, Fact, body_of
from tayori.callbacks.model import Answer, Call, CallState, Endpoint, next_attempt
from tayori.db.database import Database, Row, Transaction
from tayori.events.feed_store import advance, position
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.refusal.saying import Saying, keep, recall
from tayori.runtime.crash import Point, reach
from tayori.runtime.secrets import SecretBox

READER: Final = "callbacks"
"""The name of the feed's cursor."""
SWEPT_AT_ONCE: Final = 5_000


class CallbackStore:
    """Calls in the database; `box` opens the endpoints' secrets."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def select(self, until: int, most: int, now: int) -> int:
        """Make calls of the next events up to number `until`; return how many were read."""
        async with self._database.write() as transaction:
            was = await position(transaction, READER)
            values = {"after": was, "until": until, "most": most}
            rows = await transaction.fetch(statements.FACTS, values)
            if not rows:
                return 0
            told = [row for row in rows if row["address"] and _kind(row) in EVENT_IDS]
            accounts = sorted({row["account_id"] for row in told})
            endpoints = await self._of(transaction, accounts)
            calls = [
                _new_call(row, where, now)
                for row in told
                if (where := _endpoint_for(endpoints, row)) is not None
            ]
            await transaction.execute_many(statements.INSERT_CALL, calls)
            # Another process may have read the same events: one of us leaves nothing behind.
            if not await advance(transaction, READER, was, rows[-1]["id"]):
                raise LostRaceError
            reach(Point.CALLBACKS_BEFORE_COMMIT)
        reach(Point.CALLBACKS_AFTER_COMMIT)
        return len(rows)

    async def claim(self, owner: str, now: int, until: int, most: int) -> list[Endpoint]:
        """Take endpoints that have something due and belong to nobody."""
        values = {"owner": owner, "now": now, "until": until, "most": most}
        async with self._database.write() as transaction:
            rows = await transaction.fetch(statements.CLAIM, values)
        return [endpoint_of(row, self._box) for row in rows]

    async def extend(self, owner: str, endpoints: Sequence[int], until: int) -> None:
        """Keep endpoints for longer."""
        values = {"owner": owner, "ids": list(endpoints), "until": until}
        async with self._database.write() as transaction:
            await transaction.execute(statements.EXTEND, values)

    async def release(self, owner: str, endpoint_id: int) -> None:
        """Leave an endpoint to whoever comes."""
        async with self._database.write() as transaction:
            values = {"owner": owner, "of_id": endpoint_id}
            await transaction.execute(statements.RELEASE, values)

    async def due(self, endpoint_id: int, now: int, most: int) -> list[Call]:
        """Return calls that may go out now: of each stream the first one, and only that."""
        values = {"of_id": endpoint_id, "now": now, "most": most}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.HEADS, values)
        return [_call(row) for row in rows]

    async def settle(
        self,
        endpoint_id: int,
        results: Sequence[tuple[Call, Answer]],
        failing_since: int | None,
        rests_until: int,
    ) -> None:
        """Write what became of calls, and how the endpoint stands."""
        async with self._database.write() as transaction:
            settled = [_settled(call, answer) for call, answer in results]
            await transaction.execute_many(statements.SETTLE_CALL, settled)
            attempts = [_attempt(call, answer) for call, answer in results]
            await transaction.execute_many(statements.INSERT_ATTEMPT, attempts)
            standing = {
                "of_id": endpoint_id,
                "to_failing_since": failing_since,
                "to_rest": rests_until,
            }
            await transaction.execute(statements.MARK_ENDPOINT, standing)
            reach(Point.CALLBACKS_SETTLE_BEFORE_COMMIT)
        reach(Point.CALLBACKS_SETTLE_AFTER_COMMIT)

    async def switch_off(self, endpoint: Endpoint, reason: Saying, now: int) -> None:
        """Send no more to an endpoint; what waits is kept for a replay, and an event tells it."""
        endpoint_id = endpoint.id
        data: dict[str, str | int] = {"url": endpoint.url, "reason": keep(reason)}
        if endpoint.sender:
            data["sender"] = endpoint.sender
        told = Event(at=now, account_id=endpoint.account_id, kind=EventKind.CALLBACK_OFF, data=data)
        off = {"of_id": endpoint_id, "to_off_at": now, "to_reason": keep(reason)}
        kept = {
            "of_id": endpoint_id,
            "to_state": int(CallState.KEPT),
            "now": now,
            "most": SWEPT_AT_ONCE,
        }
        async with self._database.write() as transaction:
            await transaction.execute(statements.SWITCH, off)
            await record(transaction, [told])
        moved = SWEPT_AT_ONCE
        # A day of calls may be many: nobody else shall wait until all of them are marked.
        while moved == SWEPT_AT_ONCE:
            async with self._database.write() as transaction:
                moved = await transaction.execute(statements.KEEP_WAITING, kept)

    async def sweep(self, before: int) -> None:
        """Delete calls that are over and attempts of an earlier time, some at a time."""
        values = {"before": before, "most": SWEPT_AT_ONCE}
        for statement in (statements.SWEEP_ATTEMPTS, statements.SWEEP_CALLS):
            deleted = SWEPT_AT_ONCE
            while deleted == SWEPT_AT_ONCE:
                async with self._database.write() as transaction:
                    deleted = await transaction.execute(statement, values)

    async def _of(
        self, transaction: Transaction, accounts: Sequence[int]
    ) -> dict[tuple[int, str], Row]:
        if not accounts:
            return {}
        rows = await transaction.fetch(statements.ENDPOINTS_OF, {"accounts": list(accounts)})
        return {(row["account_id"], row["sender"]): row for row in rows}


class LostRaceError(Exception):
    """Another process made the calls of these events."""


def endpoint_of(row: Row, box: SecretBox) -> Endpoint:
    """Return the endpoint that a row holds."""
    return Endpoint(
        id=row["id"],
        account_id=row["account_id"],
        sender=row["sender"],
        url=row["url"],
        secret=box.open(bytes(row["secret_sealed"]), secret_context(row["account_id"])),
        created_at=row["created_at"],
        failing_since=row["failing_since"],
        rests_until=row["rests_until"],
        off_at=row["off_at"],
        off_reason=recall(row["off_reason"]),
    )


def secret_context(account_id: int) -> str:
    """Return the context under which an endpoint's secret is sealed."""
    return f"callback {account_id}"


def _kind(row: Row) -> EventKind:
    return EventKind(row["kind"])


def _endpoint_for(endpoints: Mapping[tuple[int, str], Row], row: Row) -> Row | None:
    account_id, sender = row["account_id"], row["from_address"].lower()
    return endpoints.get((account_id, sender)) or endpoints.get((account_id, ""))


def _new_call(row: Row, endpoint: Row, now: int) -> dict[str, Any]:
    off = endpoint["off_at"] is not None
    fact = Fact(
        kind=_kind(row),
        at=row["at"],
        email=row["address"],
        public_id=row["public_id"],
        app_id=row["app_id"],
        from_address=row["from_address"],
        subject=row["subject"],
        rfc_message_id=row["rfc_message_id"],
        accepted_at=row["accepted_at"],
        template_id=row["template_id"],
        task_id=row["task_id"],
        headers=msgspec.json.decode(row["callback_headers"]),
        data=msgspec.json.decode(row["data"]),
    )
    return {
        "endpoint_id": endpoint["id"],
        "stream": row["recipient_id"],
        "event": row["kind"],
        "email": row["address"],
        "body": body_of(fact),
        "created_at": now,
        "since": now,
        "state": int(CallState.KEPT if off else CallState.WAITING),
        "attempts": 0,
        "due_at": None if off else now,
        "ended_at": now if off else None,
    }


def _call(row: Row) -> Call:
    return Call(
        id=row["id"],
        endpoint_id=row["endpoint_id"],
        stream=row["stream"],
        event=row["event"],
        body=row["body"],
        since=row["since"],
        attempts=row["attempts"],
    )


def _settled(call: Call, answer: Answer) -> dict[str, Any]:
    now, attempts = answer.at + answer.duration_ms, call.attempts + 1
    due_at = None if answer.taken else next_attempt(attempts, call.since, now)
    if answer.taken:
        state = CallState.DONE
    else:
        state = CallState.GIVEN_UP if due_at is None else CallState.WAITING
    return {
        "of_id": call.id,
        "to_state": int(state),
        "to_attempts": attempts,
        "to_due_at": due_at,
        "to_ended_at": now if due_at is None else None,
    }


def _attempt(call: Call, answer: Answer) -> dict[str, Any]:
    return {
        "call_id": call.id,
        "endpoint_id": call.endpoint_id,
        "at": answer.at,
        "duration_ms": answer.duration_ms,
        "status": answer.status,
        "response": answer.response,
        "error": keep(answer.error),
    }
