"""Who of a piece of a list is written to now, and who waits for his provider (pure)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from tayori.catalog.receiver_model import Receiver

MOST_ASIDE: Final = 50_000
"""Receivers of a task who wait for their providers; with so many the list is not read on."""


class Dealt(NamedTuple):
    """Receivers to write to, those set aside with their providers, and up to where they reach."""

    chosen: list[Receiver]
    aside: list[tuple[int, str]]
    reached: int


def dealt(
    receivers: Sequence[Receiver],
    provider_of: Callable[[Receiver], str],
    left: Mapping[str, int] | None,
    most: tuple[int, int],
    end: int,
) -> Dealt:
    """Go through receivers in order, up to the first that has no place.

    `left` is what each provider may still get, None for no limits; `most` is how many may be
    chosen and how many may be set aside, each at least one; `end` is reached when all have a place.
    """
    chosen: list[Receiver] = []
    aside: list[tuple[int, str]] = []
    rest = dict(left or {})
    reached = 0
    for one in receivers:
        if len(chosen) >= most[0] or len(aside) >= most[1]:
            return Dealt(chosen, aside, reached)
        provider = provider_of(one)
        if left is not None and rest.get(provider, 0) <= 0:
            aside.append((one.id, provider))
        else:
            rest[provider] = rest.get(provider, 0) - 1
            chosen.append(one)
        reached = one.id
    return Dealt(chosen, aside, end)


def moved(aside: Mapping[str, int], providers: Sequence[str], by: int) -> dict[str, int]:
    """Return how many wait for each provider, with `by` more for each that is named."""
    counts = dict(aside)
    for provider in providers:
        counts[provider] = counts.get(provider, 0) + by
    return {provider: count for provider, count in counts.items() if count > 0}
