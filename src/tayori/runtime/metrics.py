"""What Prometheus reads at /metrics, added up over all processes of this server.

Names of labels and their values are closed sets, so that no customer can grow the number of series.
"""

import os
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Set for the processes of a supervisor before they start: they count into files in it."""


class _ThisProcess:
    """The number of this process, which is asked for with each count: no system call for it."""

    def __init__(self) -> None:
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._number = os.getpid()

    def __call__(self) -> int:
        return self._number


if DIRECTORY_VARIABLE in os.environ:
    # The function has no types upstream.
    values.ValueClass = values.MultiProcessValue(_ThisProcess())  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_WAITING = (0.1, 0.5, 1, 5, 30, 60, 300, 1800, 3600, 6 * 3600, 24 * 3600, 72 * 3600)

API_CALLS = Counter("tayori_api_calls", "Calls of the API.", ["action", "code"])
API_SECONDS = Histogram(
    "tayori_api_seconds", "Time from a call's arrival to its answer.", ["action"], buckets=_SECONDS
)
API_LOG_DROPPED = Counter(
    "tayori_api_log_dropped", "Calls of the API that could not be written to the log of calls."
)
VISITS_DROPPED = Counter(
    "tayori_visits_dropped", "Opens and clicks that could not be kept, or were too many of one."
)
ACCEPTED = Counter("tayori_mails_accepted", "Mails taken by the door.", ["source"])
REFUSED = Counter("tayori_mails_refused", "Mails refused by the door.", ["source", "code"])
SCREENED = Counter(
    "tayori_mails_screened_out",
    "Mails in which the door's rules found something, by finding.",
    ["source", "finding"],
)
INBOUND_TAKEN = Counter("tayori_inbound_taken", "Mails taken by the inbound listener.")
INBOUND_REFUSED = Counter(
    "tayori_inbound_refused", "Recipients refused by the inbound listener.", ["status"]
)
INBOUND = Counter("tayori_inbound_understood", "Mails that came back, by kind.", ["kind"])
SETTLED = Counter("tayori_recipients_settled", "Attempts by what became of them.", ["state"])
DELIVERY_SECONDS = Histogram(
    "tayori_delivery_seconds", "Time from acceptance to delivery.", buckets=_WAITING
)
QUEUE_LAG = Gauge(
    "tayori_queue_lag_seconds",
    "How long the longest waiting due recipient has been due.",
    multiprocess_mode="mostrecent",
)
REACTIONS = Gauge(
    "tayori_reactions_in_force",
    "Reactions to receivers' complaints that hold now.",
    ["effect"],
    multiprocess_mode="mostrecent",
)


def exposition() -> bytes:
    """Return all metrics of the server in the text format of Prometheus."""
    if DIRECTORY_VARIABLE not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def fresh_directory(path: Path) -> Path:
    """Return the directory for the processes' files, emptied of an earlier run's."""
    path.mkdir(parents=True, exist_ok=True)
    for file in path.glob("*.db"):
        file.unlink(missing_ok=True)
    return path


def process_ended(process_id: int, path: Path) -> None:
    """Forget the live gauges of a process; its counters stay in the sums."""
    mark_process_dead(process_id, str(path))  # type: ignore[no-untyped-call]
