"""What a load generator measured, as it goes from its process to the one that reports."""

import time
from collections.abc import Sequence

import msgspec


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a load; latencies of single answers in milliseconds."""

    accepted: int
    refused: int
    seconds: float
    ended: float  # on the machine's monotonic clock, which all processes share
    p50_ms: float
    p99_ms: float
    first_refusal: str = ""

    @property
    def began(self) -> float:
        """Return when the first mail was sent, on the monotonic clock."""
        return self.ended - self.seconds

    @property
    def per_second(self) -> float:
        """Return what was accepted a second."""
        return self.accepted / self.seconds


def measured(
    accepted: int, refusals: Sequence[str], seconds: float, latencies: Sequence[float]
) -> Measured:
    """Return the figures of a run; `latencies` in seconds."""
    ordered = sorted(latencies) or [0.0]
    return Measured(
        accepted=accepted,
        refused=len(refusals),
        seconds=seconds,
        ended=time.monotonic(),
        p50_ms=1000 * ordered[len(ordered) // 2],
        p99_ms=1000 * ordered[len(ordered) * 99 // 100],
        first_refusal=refusals[0] if refusals else "",
    )
