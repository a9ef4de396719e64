"""What a mail costs with ten thousand recipients in the queue, and with millions of them.

Two databases are filled straight in SQL with copies of one mail: nine tenths due bulk mail of
twenty tasks, one tenth mail that is tried again tomorrow. Then mails are taken by the door, and a
delivery process takes others out, in turns on the small and the large one. The budget is 1.2 times
the cost of the small one, and 200 MiB. Run: python -m tests.bench.backlog [--large 10000000]
[--database sqlite|postgresql] [--rounds 3] [--folder DIRECTORY]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop
from tests.bench.backlog_filling import pile_up
from tests.bench.drain import Drained, Way, drain
from tests.bench.drain_parts import fill, take
from tests.bench.usage import server_cpu_s
from tests.support.postgresql import PostgresqlServer

from tayori.accept.submission import Submission
from tayori.app.parts import Parts

SMALL = 10_000
MAILS = 2_000
RECEIVERS = 40
_BUDGET = 1.2
_BUDGET_MIB = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU milliseconds of one mail taken by the door, and of one delivered; memory in MiB."""

    accepted_ms: float
    delivered_ms: float
    peak_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A filled database, and what its mails are made of."""

    way: Way
    folder: Path
    submission: Submission
    server: int
    """Process id of the database server, 0 where there is none."""

    @property
    def database_cpu_s(self) -> float:
        """Return what the database server has used so far."""
        return server_cpu_s(self.server) if self.server else 0.0


async def costs(place: Place) -> Cost:
    """Take mails in and deliver twice as many, in a database that was filled before."""
    accepting, then = 0.0, 0.0

    async def more(parts: Parts, _: Way) -> None:
        nonlocal accepting, then
        began = time.process_time() + place.database_cpu_s
        await take(parts, place.submission, MAILS, RECEIVERS)
        then = place.database_cpu_s
        accepting = time.process_time() + then - began

    drained: Drained = await drain(place.way, place.folder, more)
    delivering = drained.cpu_s_per_1000 * drained.taken / 1_000 + place.database_cpu_s - then
    return Cost(
        accepted_ms=1_000 * accepting / MAILS,
        delivered_ms=1_000 * delivering / drained.taken,
        peak_mib=drained.peak_mib,
    )


async def prepared(way: Way, folder: Path, backlog: int, server: int) -> Place:
    """Fill a database, and empty a little of it, so that caches and statistics are warm."""
    submission: list[Submission] = []

    async def filled(parts: Parts, way: Way) -> None:
        submission.append(await fill(parts, 1, way.size))
        began = time.perf_counter()
        await pile_up(parts.database, backlog, RECEIVERS)
        _say(f"{backlog:,} recipients queued in {time.perf_counter() - began:,.0f} s")

    await drain(replace(way, mails=500), folder, filled)
    return Place(way=way, folder=folder, submission=submission[0], server=server)


@contextmanager
def databases(database: str, folder: Path) -> Iterator[Callable[[int], tuple[Path, str, int]]]:
    """Yield what gives directory, URL and server process of a database of its own for each size."""

    def embedded(size: int) -> tuple[Path, str, int]:
        own = folder / str(size)
        own.mkdir(exist_ok=True)
        return own, "", 0

    def served(size: int) -> tuple[Path, str, int]:
        server = small if size == SMALL else large
        process = Path(server.socket_directory, "postmaster.pid").read_text().split()[0]
        return embedded(size)[0], server.url("postgres"), int(process)

    if database == "sqlite":
        yield embedded
        return
    with (
        PostgresqlServer.running(durable=True) as small,
        PostgresqlServer.running(durable=True) as large,
    ):
        yield served


def measure(database: str, folder: Path, large: int, rounds: int) -> dict[int, Cost]:
    """Return the medians by the size of the queue."""
    found: dict[int, list[Cost]] = {SMALL: [], large: []}
    with databases(database, folder) as database_of:
        places = {}
        for size in found:
            own, url, server = database_of(size)
            way = Way(mails=2 * MAILS, processes=1, receivers=RECEIVERS, signed=False, url=url)
            places[size] = uvloop.run(prepared(way, own, size, server))
        for _ in range(rounds):
            for size, place in places.items():
                found[size].append(uvloop.run(costs(place)))
    return {size: _median(some) for size, some in found.items()}


def _median(some: list[Cost]) -> Cost:
    return Cost(
        accepted_ms=statistics.median(cost.accepted_ms for cost in some),
        delivered_ms=statistics.median(cost.delivered_ms for cost in some),
        peak_mib=max(cost.peak_mib for cost in some),
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where there is room for the databases")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = measure(given.database, Path(folder), given.large, given.rounds)
    small, large = found[SMALL], found[given.large]
    for name in ("accepted_ms", "delivered_ms"):
        one, other = getattr(small, name), getattr(large, name)
        _say(
            f"{name:14} {one:.3f} with {SMALL:,}, {other:.3f} with {given.large:,}: "
            f"{other / one:.2f} x (budget {_BUDGET})"
        )
    _say(
        f"largest process {large.peak_mib:.0f} MiB (budget {_BUDGET_MIB}), small {small.peak_mib:.0f}"
    )


if __name__ == "__main__":
    main()
