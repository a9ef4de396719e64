"""All SQL of reactions: the exact counts, what is in force, its beginning and its end.

A count and the reaction that it leads to are one transaction, so however many processes hear
complaints, the match that reaches the threshold begins the reaction, once.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tayori.db.database import Database, Row, Transaction
from tayori.delivery.reactions import statements
from tayori.delivery.reactions.model import Effect, Reaction, Scope, again, step_of
from tayori.delivery.reactions.rules import Place, ReactionRule
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.queue.fairness import RANKS
from tayori.queue.states import State
from tayori.refusal.saying import Saying, keep, recall, say
from tayori.runtime.clock import DAY, MINUTE

TASK_FAILED = 7
"""Status of a task that goes on only when somebody resumes it; see `bulk.model.TaskStatus`."""
LATEST_WAKE_MS = MINUTE
"""How long after a reaction's last step the last of its mails is due."""
KEPT_MS = 30 * DAY
NOTICEABLE = 20
"""A reaction that holds is prolonged by no less than this part of its duration."""
_BATCH = 500
_REASON_LIMIT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A refusal that a rule counts; what its stage does not tell about is None."""

    rule: ReactionRule
    source: str
    destination: str
    account_id: int | None
    message_id: int | None
    at: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A reaction with whether its task was resumed meanwhile, which ends it."""

    reaction: Reaction
    resumed: bool


class ReactionStore:
    """Reactions in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_force(self) -> list[InForce]:
        """Return what nobody has ended yet, oldest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.IN_FORCE)
        return [InForce(reaction=_reaction(row), resumed=_resumed(row)) for row in rows]

    async def latest(self, most: int) -> list[Reaction]:
        """Return the last ones, ended or not, newest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(statements.LATEST, {"most": most})
        return [_reaction(row) for row in rows]

    async def tasks_of(self, message_ids: Sequence[int]) -> dict[int, int]:
        """Return the bulk tasks of messages; messages without one are left out."""
        async with self._database.read() as transaction:
            return await _tasks_of(transaction, message_ids)

    async def count(self, matches: Sequence[Match], now: int) -> list[Reaction]:
        """Count matches; return the reactions that this began or prolonged."""
        async with self._database.write() as transaction:
            of_tasks = {m.message_id for m in matches if m.rule.place is Place.TASK}
            numbers = sorted(number for number in of_tasks if number is not None)
            tasks = await _tasks_of(transaction, numbers)
            groups: defaultdict[tuple[str, str], list[tuple[Match, Scope]]] = defaultdict(list)
            for match in matches:
                task_id = None if match.message_id is None else tasks.get(match.message_id)
                scope = match.rule.scope(
                    source=match.source,
                    destination=match.destination,
                    account_id=match.account_id,
                    task_id=task_id,
                )
                if scope is not None:
                    groups[match.rule.name, scope.key].append((match, scope))
            # In one order everywhere, so that two processes never wait for each other.
            changed = [
                await _count_one(transaction, group, now) for _, group in sorted(groups.items())
            ]
        return [each for each in changed if each is not None]

    async def add(
        self, scope: Scope, effect: Effect, *, reason: str, by: str, duration_ms: int, now: int
    ) -> Reaction:
        """Begin a reaction at an operator's word, or change the one that holds at this place."""
        began = _Wish(
            name="operator",
            scope=scope,
            effect=effect,
            reason=reason,
            by=by,
            duration_ms=duration_ms,
        )
        async with self._database.write() as transaction:
            known = await _lock_in_force(transaction, began.name, scope, now)
            if known is None:
                return await _begin(transaction, began, now)
            return await _prolong(transaction, known, began, (now + duration_ms, 0))

    async def end(self, number: int, now: int, why: Saying) -> Reaction | None:
        """End a reaction now; None when there is none of that number in force."""
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(statements.LOCK, {"of_id": number})
            if row is None or row["ended_at"] is not None:
                return None
            reaction = _reaction(row)
            await _end(transaction, reaction, now, why)
        return reaction

    async def wake(self, reaction: Reaction, now: int) -> int:
        """Make mails that were put off up to the end of a reaction due now; return how many.

        Whatever was put off for another reason as well is put off again when it is looked at.
        """
        until = reaction.gone_at + LATEST_WAKE_MS
        woken = 0
        for rank in range(RANKS):
            values = {
                "of_rank": rank,
                "now": now,
                "until": until,
                "queued": int(State.QUEUED),
                "most": _BATCH,
            }
            full = True
            while full:
                async with self._database.write() as transaction:
                    rows = await transaction.fetch(statements.WAITING, values)
                    ids = [row["id"] for row in rows]
                    await transaction.execute(statements.MAKE_DUE, {"ids": ids, "now": now})
                woken += len(ids)
                full = len(ids) == _BATCH
        return woken

    async def sweep(self, now: int) -> None:
        """Forget counts whose window is over and reactions that ended long ago."""
        async with self._database.write() as transaction:
            await transaction.execute(statements.FORGET_COUNTS, {"before": now})
            await transaction.execute(statements.FORGET, {"before": now - KEPT_MS})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    name: str
    scope: Scope
    effect: Effect
    reason: str
    by: str
    duration_ms: int
    step_ms: int | None = None

    @property
    def step(self) -> int:
        return step_of(self.duration_ms) if self.step_ms is None else self.step_ms


async def _count_one(
    transaction: Transaction, group: Sequence[tuple[Match, Scope]], now: int
) -> Reaction | None:
    """Count the matches of one rule at one place, and react when they are enough."""
    rule, scope = group[-1][0].rule, group[-1][1]
    key = {"of_rule": rule.name, "of_scope": scope.key}
    await transaction.execute(statements.BEGIN_COUNT, key | {"now": now})
    row = await transaction.fetch_one(statements.LOCK_COUNT, key)
    known = msgspec.json.decode(row["times"], type=list[int]) if row else []
    times = sorted(known + [match.at for match, _ in group])
    times = [at for at in times if at > times[-1] - rule.window_ms]
    reaction = await _lock_in_force(transaction, rule.name, scope, now)
    # What was heard while it held is no sign that the release was too early.
    returned = reaction is not None and any(m.at >= reaction.ends_at for m, _ in group)
    changed = None
    if returned or len(times) >= rule.threshold:
        times = []
        wish = _Wish(
            name=rule.name,
            scope=scope,
            effect=rule.effect,
            reason=group[-1][0].reason[:_REASON_LIMIT],
            by=f"rule {rule.name}",
            duration_ms=rule.duration_ms,
            step_ms=rule.step_ms,
        )
        if reaction is None:
            changed = await _begin(transaction, wish, now)
        elif returned or now + rule.duration_ms - reaction.ends_at > rule.duration_ms // NOTICEABLE:
            changed = await _prolong(transaction, reaction, wish, again(reaction, now))
    kept = {
        "to_times": msgspec.json.encode(times).decode(),
        "to_forget_at": now + rule.window_ms,
    }
    await transaction.execute(statements.KEEP_COUNT, key | kept)
    return changed


async def _lock_in_force(
    transaction: Transaction, name: str, scope: Scope, now: int
) -> Reaction | None:
    """Return the reaction in force; one whose time is up is ended on the way."""
    values = {"of_name": name, "of_scope": scope.key}
    row = await transaction.fetch_one(statements.LOCK_IN_FORCE, values)
    if row is None:
        return None
    reaction = _reaction(row)
    if not reaction.over(now):
        return reaction
    await _end(transaction, reaction, now, OVER)
    return None


OVER = say("its time was over")
RESUMED = say("the task was resumed")


async def _begin(transaction: Transaction, wish: _Wish, now: int) -> Reaction:
    values = {
        "name": wish.name,
        "scope_key": wish.scope.key,
        "source": wish.scope.source,
        "destination": wish.scope.destination,
        "account_id": wish.scope.account_id,
        "task_id": wish.scope.task_id,
        "effect": msgspec.json.encode(wish.effect).decode(),
        "reason": wish.reason,
        "by": wish.by,
        "began_at": now,
        "ends_at": now + wish.duration_ms,
        "step_ms": wish.step,
        "duration_ms": wish.duration_ms,
        "returns": 0,
        "ended_at": None,
        "ended_why": "",
    }
    row = await transaction.fetch_one(statements.INSERT, values)
    if row is None:
        raise LookupError("The database stored a reaction and did not return it.")
    reaction = _reaction(row)
    if wish.effect.stop_task and wish.scope.task_id is not None:
        stopped = {"of_id": wish.scope.task_id, "stopped": TASK_FAILED, "now": now}
        why = say(
            "The task was stopped because of what a receiver said: {reason}", reason=wish.reason
        )
        await transaction.execute(statements.STOP_TASK, stopped | {"why": keep(why)})
    await record(transaction, _events(reaction, EventKind.REACTION_BEGAN, now, reaction.reason))
    return reaction


async def _prolong(
    transaction: Transaction, reaction: Reaction, wish: _Wish, until: tuple[int, int]
) -> Reaction:
    ends_at, returns = until
    values = {
        "of_id": reaction.id,
        "to_ends_at": ends_at,
        "to_returns": returns,
        "to_effect": msgspec.json.encode(wish.effect).decode(),
        "to_duration": wish.duration_ms,
        "to_step": wish.step,
        "to_reason": wish.reason,
    }
    await transaction.execute(statements.PROLONG, values)
    return Reaction(
        id=reaction.id,
        name=reaction.name,
        scope=reaction.scope,
        effect=wish.effect,
        reason=wish.reason,
        by=reaction.by,
        began_at=reaction.began_at,
        ends_at=ends_at,
        step_ms=wish.step,
        duration_ms=wish.duration_ms,
        returns=returns,
    )


async def _end(transaction: Transaction, reaction: Reaction, now: int, why: Saying) -> None:
    await transaction.execute(statements.END, {"of_id": reaction.id, "now": now, "why": keep(why)})
    await record(transaction, _events(reaction, EventKind.REACTION_ENDED, now, keep(why)))


async def _tasks_of(transaction: Transaction, message_ids: Sequence[int]) -> dict[int, int]:
    if not message_ids:
        return {}
    rows = await transaction.fetch(statements.TASKS_OF, {"messages": list(message_ids)})
    return {row["id"]: row["task_id"] for row in rows}


def _events(reaction: Reaction, kind: EventKind, now: int, reason: str) -> list[Event]:
    account_id = reaction.scope.account_id
    if account_id is None:
        return []
    data: dict[str, str | int] = {
        "reaction": reaction.id,
        "name": reaction.name,
        "effect": str(reaction.effect),
        "reason": reason,
    }
    if reaction.scope.destination is not None:
        data["destination"] = reaction.scope.destination
    if reaction.scope.task_id is not None:
        data["task"] = reaction.scope.task_id
    return [Event(at=now, account_id=account_id, kind=kind, data=data)]


def _resumed(row: Row) -> bool:
    if row["task_status"] in {None, TASK_FAILED} or row["task_updated_at"] <= row["began_at"]:
        return False
    return _reaction(row).effect.stop_task


def _reaction(row: Row) -> Reaction:
    return Reaction(
        id=row["id"],
        name=row["name"],
        scope=Scope(
            source=row["source"],
            destination=row["destination"],
            account_id=row["account_id"],
            task_id=row["task_id"],
        ),
        effect=msgspec.json.decode(row["effect"], type=Effect),
        reason=row["reason"],
        by=row["by"],
        began_at=row["began_at"],
        ends_at=row["ends_at"],
        step_ms=row["step_ms"],
        duration_ms=row["duration_ms"],
        returns=row["returns"],
        ended_at=row["ended_at"],
        ended_why=recall(row["ended_why"]),
    )
