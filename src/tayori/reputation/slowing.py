"""How much slower a domain's bulk mail goes towards a provider that asks for it (pure)."""

from typing import Final

from tayori.reputation.figures import Figures

SAMPLE: Final = 50
"""Recipients of a day at a provider below which its shares say nothing."""
_DEFERRED: Final = ((0.3, 0.25), (0.1, 0.5))
_COMPLAINED: Final = ((0.003, 0.25), (0.001, 0.5))
"""Above such a share of the day's recipients, the pace towards a provider is this part."""


def pace_towards(figures: Figures) -> float:
    """Return the part of its pace that is left towards a provider, by its day so far."""
    if figures.sent < SAMPLE:
        return 1.0
    deferred = _part(figures.of_sent("deferred"), _DEFERRED)
    return min(deferred, _part(figures.of_delivered("complained"), _COMPLAINED))


def _part(share: float, steps: tuple[tuple[float, float], ...]) -> float:
    return next((part for above, part in steps if share > above), 1.0)
