"""Who gets how much of a batch when more is due than there is room for (pure).

Mail that is tried again gets at most a quarter of a batch while new mail waits. Within new mail and
within deferred mail trigger goes before normal before bulk, of which the lower ones keep a
sixteenth each, so that nothing waits for ever. What one side does not use passes to the other.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import NamedTuple, TypeVar

RANKS = 6
"""Priorities 0 to 2 of new mail, then the same of deferred mail."""
_CLASSES = 3
DEFERRED_SHARE = 4
"""Deferred mail gets one part in so many."""
LOWER_SHARE = 16
"""A lower class keeps one part in so many."""

T = TypeVar("T")


class Flow(NamedTuple):
    """Mails that take turns with others: an account's single mails (0), or one of its tasks."""

    account_id: int
    flow: int


def rank_of(priority: int, *, deferred: bool) -> int:
    """Return the place in the order of service."""
    return priority + _CLASSES if deferred else priority


def divide(due: Sequence[int], room: int) -> list[int]:
    """Return how many of each rank go into a batch; all of `due` if there is room for it."""
    new, deferred = due[:_CLASSES], due[_CLASSES:]
    for_deferred = min(sum(deferred), max(room // DEFERRED_SHARE, room - sum(new)))
    return _by_class(new, room - for_deferred) + _by_class(deferred, for_deferred)


def _by_class(due: Sequence[int], room: int) -> list[int]:
    least = -(-room // LOWER_SHARE) if room > _CLASSES else 0
    kept = [0, *(min(count, least) for count in due[1:])]
    shares = []
    for index, count in enumerate(due):
        share = min(count, room - sum(kept[index + 1 :]))
        shares.append(share)
        room -= share
    return shares


def in_turns(flows: Iterable[Flow]) -> list[Flow]:
    """Return the flows so that accounts take turns, and each account's flows among themselves."""
    by_account: dict[int, list[Flow]] = {}
    for flow in flows:
        by_account.setdefault(flow.account_id, []).append(flow)
    return interleaved(by_account.values())


def interleaved(rows: Iterable[Iterable[T]]) -> list[T]:
    """Return the first of each, then the second of each, and so on."""
    missing = object()
    turns = zip_longest(*rows, fillvalue=missing)
    return [item for item in chain.from_iterable(turns) if item is not missing]  # type: ignore[misc]  # `missing` is left out


def fair_shares(flows: Sequence[Flow], room: int) -> dict[Flow, int]:
    """Return how many each flow may give: the same for each account, divided among its flows."""
    accounts: dict[int, list[Flow]] = {}
    for flow in flows[:room]:
        accounts.setdefault(flow.account_id, []).append(flow)
    each = -(-room // max(1, len(accounts)))
    return {flow: -(-each // len(own)) for own in accounts.values() for flow in own}
