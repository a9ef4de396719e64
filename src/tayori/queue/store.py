"""Leases and settles recipients, and answers for their status.

A lease is a deadline in `due_at`: whoever holds it may attempt until then, and what a dead process
held becomes due by itself. Settling is one transaction per batch: states, attempts, events, and the
erasing of content whose last recipient ended.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from tayori.classify.model import BounceClass
from tayori.db.database import Database, Row, Transaction
from tayori.events.model import ATTEMPT, PROVIDER, Event, EventKind
from tayori.events.store import reactions, record
from tayori.mail.transcript import written
from tayori.queue import statements
from tayori.queue.fairness import RANKS, rank_of
from tayori.queue.leasing_store import Turns
from tayori.queue.model import Leased, Priority, Role, Settlement, Status
from tayori.queue.states import FINAL, State, check_move
from tayori.queue.unclassified_store import count_unclassified, unclassified
from tayori.refusal.saying import keep, recall
from tayori.runtime.crash import Point, reach
from tayori.suppress.full_mailbox_store import note_full, note_room
from tayori.suppress.model import BLOCKED_MS, Blocked
from tayori.suppress.store import block

_KINDS = {
    State.DELIVERED: EventKind.DELIVERED,
    State.DEFERRED: EventKind.DEFERRED,
    State.BOUNCED: EventKind.BOUNCE,
    State.EXPIRED: EventKind.BOUNCE,
    State.DROPPED: EventKind.DROPPED,
}
_FULL = BounceClass.MAILBOX_FULL


class QueueStore:
    """The queue in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = Turns()

    async def lease(
        self, owner: str, now: int, until: int, most: int, *, urgent: bool = False
    ) -> list[Leased]:
        """Lease up to `most` due recipients for `owner`, in the order of their service.

        That is trigger, normal, bulk, and longest due first; when more is due than `most`, accounts
        and tasks take turns (`queue.fairness`). `urgent` means new trigger mail only.
        """

        async def choose(transaction: Transaction) -> list[Row]:
            found = await self._turns.choose(transaction, now, most, urgent=urgent)
            if found:
                lease = {
                    "ids": [row["id"] for row in found],
                    "sending": int(State.SENDING),
                    "owner": owner,
                    "until": until,
                }
                await transaction.execute(statements.LEASE, lease)
                reach(Point.LEASE_BEFORE_COMMIT)
            return found

        found = await self._database.apply(choose)
        if found:
            reach(Point.LEASE_AFTER_COMMIT)
        return [_leased(row) for row in found]

    async def still_open(self, recipient_ids: Iterable[int]) -> list[Leased]:
        """Return those of some recipients that have not ended, whoever holds them."""
        values = {"ids": sorted(recipient_ids)}
        async with self._database.read() as transaction:
            return [_leased(row) for row in await transaction.fetch(statements.STILL_OPEN, values)]

    async def extend(self, owner: str, recipient_ids: Sequence[int], until: int) -> None:
        """Move the end of leases that `owner` still holds."""
        async with self._database.write() as transaction:
            values = {"ids": list(recipient_ids), "owner": owner, "until": until}
            await transaction.execute(statements.EXTEND, values)

    async def expire_unheld(self, owner: str, held: Sequence[int], now: int, latest: int) -> int:
        """End the leases of `owner` until `latest` that it does not know of; return how many.

        Such leases are left when a connection broke between a commit and its answer.
        """
        values = {"owner": owner, "held": list(held), "now": now, "latest": latest}
        async with self._database.write() as transaction:
            return await transaction.execute(statements.EXPIRE_UNHELD, values)

    async def next_due(self, *, urgent: bool = False) -> int | None:
        """Return when the next recipient is due, or None; `urgent` asks for new trigger mail."""
        ranks = [rank_of(Priority.TRIGGER, deferred=False)] if urgent else range(RANKS)

        async def ask(transaction: Transaction) -> int | None:
            found = await transaction.fetch_each(
                [(statements.NEXT_DUE, {"of_rank": rank}) for rank in ranks]
            )
            return min((row["due_at"] for rows in found for row in rows), default=None)

        return await self._database.look(ask)

    async def recipes(self, message_ids: Iterable[int]) -> dict[int, bytes]:
        """Return the recipes of messages by number; one that was erased is absent."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(
                statements.SELECT_RECIPES, {"messages": sorted(set(message_ids))}
            )
        return {row["message_id"]: bytes(row["recipe"]) for row in rows}

    async def small_recipes(self, message_ids: Iterable[int], largest: int) -> dict[int, bytes]:
        """Return the recipes of up to `largest` octets by message number."""
        values = {"messages": sorted(set(message_ids)), "largest": largest}

        async def ask(transaction: Transaction) -> list[Row]:
            return await transaction.fetch(statements.SELECT_SMALL_RECIPES, values)

        return {row["message_id"]: row["recipe"] for row in await self._database.look(ask)}

    async def settle(self, owner: str, batch: Sequence[Settlement]) -> list[bool]:
        """Settle recipients leased by `owner`; the answer tells which settlements took effect.

        A settlement has no effect when the lease was lost meanwhile, except that DELIVERED is true
        whoever holds the lease now, as long as nobody has ended the recipient.
        """
        effective = await self._database.apply(partial(_settle, owner, batch))
        reach(Point.SETTLE_AFTER_COMMIT)
        return effective

    async def status(
        self,
        account_id: int,
        period: tuple[int, int],
        page: tuple[int, int],
        *,
        message_id: str = "",
        to_address: str = "",
    ) -> list[Status]:
        """Return recipients accepted in [first, end) of `period`; `page` is (offset, limit)."""
        statement = {
            (False, False): statements.STATUS_OF_DAY,
            (True, False): statements.STATUS_OF_MESSAGE,
            (False, True): statements.STATUS_OF_ADDRESS,
            (True, True): statements.STATUS_OF_BOTH,
        }[bool(message_id), bool(to_address)]
        values = {
            "account": account_id,
            "first": period[0],
            "end": period[1],
            "skip": page[0],
            "most": page[1],
            "public_id": message_id,
            "to_address": to_address,
        }
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statement, values)
            reacted = await reactions(transaction, [row["id"] for row in rows])
        return [_status(row, reacted.get(row["id"], frozenset())) for row in rows]


async def _settle(owner: str, batch: Sequence[Settlement], transaction: Transaction) -> list[bool]:
    ended = sorted({s.recipient.message_id for s in batch if s.state in FINAL})
    if ended:
        # Two processes that end the last two recipients of a message must see each other.
        await transaction.fetch(statements.LOCK_CONTENT, {"messages": ended})
    effective = await _effective(transaction, owner, batch)
    chosen = [item for item, yes in zip(batch, effective, strict=True) if yes]
    await transaction.execute_many(statements.SETTLE, [_settled(s) for s in chosen])
    tried = [_attempt(s) for s in chosen if s.outcome is not None]
    await transaction.execute_many(statements.INSERT_ATTEMPT, tried)
    events = [_event(s) for s in chosen if s.state in _KINDS]
    delays = [_delay(s) for s in chosen if s.tells_delay]
    follows = [event for s in chosen for event in s.follows]
    await record(transaction, events + delays + follows)
    await block(transaction, [_blocked(s) for s in chosen if s.blocks])
    await note_full(transaction, [_blocked(s) for s in chosen if _is_full(s)])
    taken = [s.recipient.address for s in chosen if s.state is State.DELIVERED]
    await note_room(transaction, taken)
    if ended:
        await transaction.execute(statements.ERASE_CONTENT, {"messages": ended})
    await count_unclassified(transaction, unclassified(chosen))
    reach(Point.SETTLE_BEFORE_COMMIT)
    return effective


async def _effective(
    transaction: Transaction, owner: str, batch: Sequence[Settlement]
) -> list[bool]:
    ids = [item.recipient.id for item in batch]
    rows = await transaction.fetch(statements.LOCK_OPEN, {"ids": ids})
    held = {row["id"]: row for row in rows}
    effective = []
    for item in batch:
        row = held.get(item.recipient.id)
        mine = row is not None and row["lease_owner"] == owner
        yes = mine or (row is not None and item.state is State.DELIVERED)
        if yes and row is not None:
            check_move(State(row["state"]), item.state)
        effective.append(yes)
    return effective


def _leased(row: Row) -> Leased:
    return Leased(
        id=row["id"],
        message_id=row["message_id"],
        account_id=row["account_id"],
        address=row["address"],
        domain=row["domain"],
        role=Role(row["role"]),
        priority=Priority(row["priority"]),
        attempts=row["attempts"],
        accepted_at=row["accepted_at"],
        expires_at=row["expires_at"],
        source=row["source"],
        avoids=row["avoids"],
        flow=row["flow"],
        wait_cause=row["wait_cause"],
        wait_since=row["wait_since"],
        delay_told=bool(row["delay_told"]),
    )


def _settled(item: Settlement) -> dict[str, object]:
    left = item.source or None
    known = item.recipient
    final = item.state in FINAL
    attempts = known.attempts + (item.outcome is not None)
    waits = item.state is State.QUEUED and bool(item.cause)
    goes_on = waits or item.outcome is None
    return {
        # What did not leave from a source changes nothing about the next one.
        "to_source": (left if item.keeps_source else None) if left else known.source,
        "to_avoids": (left if item.avoids_source else None) if left else known.avoids,
        "of_id": known.id,
        "to_state": int(item.state),
        "to_rank": rank_of(known.priority, deferred=attempts > 0),
        "to_due_at": None if final else item.due_at,
        "to_attempts": attempts,
        "to_ended_at": item.at if final else None,
        "to_send_status": item.send_status,
        "to_reply": keep(item.reply),
        # A wait that goes on began when it began; an attempt ends it.
        "to_wait_cause": (keep(item.cause) or known.wait_cause) if goes_on else None,
        "to_wait_since": (known.wait_since or (item.at if waits else None)) if goes_on else None,
        "to_delay_told": int(known.delay_told or item.tells_delay),
    }


def _attempt(item: Settlement) -> dict[str, object]:
    outcome = item.outcome
    if outcome is None:
        raise ValueError("A settlement without an outcome is no attempt.")
    reply = outcome.reply
    return {
        "recipient_id": item.recipient.id,
        "number": item.recipient.attempts + 1,
        "kind": outcome.kind.value,
        "stage": outcome.stage.value,
        "started_at": outcome.started_at,
        "ended_at": outcome.ended_at,
        "peer_host": outcome.peer_host,
        "peer_address": outcome.peer_address,
        "tls": outcome.tls,
        "code": reply.code if reply else None,
        "enhanced": reply.enhanced if reply else "",
        "text": keep(outcome.said or (reply.text if reply else "")),
        "bounce_class": item.bounce_class,
        "detail": outcome.detail,
        "source": item.source or None,
        "rule": item.rule or None,
        "wait_cause": item.recipient.wait_cause,
        "wait_since": item.recipient.wait_since,
        "provider": item.provider or None,
        "conversation": written(outcome.conversation, brief=item.state is State.DELIVERED),
    }


def _blocked(item: Settlement) -> Blocked:
    return Blocked(
        address=item.recipient.address.lower(),
        account_id=item.recipient.account_id,
        at=item.at,
        expires_at=item.at + BLOCKED_MS,
        reason=str(item.reply),
        message_id=item.recipient.message_id,
    )


def _is_full(item: Settlement) -> bool:
    """Tell whether a mail failed because the mailbox had no room, be it at once or in the end."""
    failed = item.state in {State.BOUNCED, State.EXPIRED} and not item.simulated
    return failed and item.verdict is not None and item.verdict.bounce_class is _FULL


def _event(item: Settlement) -> Event:
    data: dict[str, str | int] = {"reason": keep(item.reply)} if item.reply else {}
    if item.bounce_class:
        data["class"] = item.bounce_class
    if item.verdict is not None and item.verdict.about is not None:
        data["about"] = item.verdict.about.value
    if item.outcome is not None:
        data[ATTEMPT] = item.recipient.attempts + 1
    if item.outcome is not None and item.provider:
        data[PROVIDER] = item.provider
    if item.state is State.DEFERRED and item.due_at is not None:
        data["next_at"] = item.due_at
    return Event(
        at=item.at,
        account_id=item.recipient.account_id,
        kind=_KINDS[item.state],
        message_id=item.recipient.message_id,
        recipient_id=item.recipient.id,
        data=data,
    )


def _delay(item: Settlement) -> Event:
    return Event(
        at=item.at,
        account_id=item.recipient.account_id,
        kind=EventKind.DELAYED,
        message_id=item.recipient.message_id,
        recipient_id=item.recipient.id,
        data={"reason": keep(item.cause or item.reply)},
    )


def _status(row: Row, reacted: frozenset[EventKind]) -> Status:
    return Status(
        message_id=row["public_id"],
        to_address=row["address"],
        from_address=row["from_address"],
        state=State(row["state"]),
        send_status=row["send_status"],
        reply=recall(row["reply"]),
        accepted_at=row["accepted_at"],
        ended_at=row["ended_at"],
        reactions=reacted,
    )
