"""How the service is: what needs an operator now, its processes, scanners and settings."""

import asyncio
import shutil
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from starlette.responses import Response

from tayori.catalog.template_store import Waiting
from tayori.config.shown import shown
from tayori.db.revision import newest_revision
from tayori.db.roll_store import Process
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.lists import read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.events.feed_store import Lag, lags
from tayori.runtime.clock import MINUTE
from tayori.screen.scanners.model import Clean, EngineState, ScanResult
from tayori.screen.scanners.scanner import scanner_of

MOST_WAITING: Final = 100
LATE_MS: Final = 15 * MINUTE
"""Mail that is due for so long, or events that wait so long, are worth a look."""
NEARLY_FULL: Final = 0.9
PROBE: Final = (
    b"From: probe@tayori.invalid\r\nTo: probe@tayori.invalid\r\nSubject: Probe\r\n"
    b"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <probe@tayori.invalid>\r\n"
    b"\r\nThis mail asks whether the scanner answers.\r\n"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """An engine as one process sees it."""

    process: Process
    engine: EngineState


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk of the data directory, in octets."""

    total: int
    free: int

    @property
    def nearly_full(self) -> bool:
        """Tell whether there is little room left."""
        return self.total > 0 and self.free < self.total * (1 - NEARLY_FULL)


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator", Right.OPERATE, overview),
        page("/operator/health", Right.OPERATE, health),
        page("/operator/scanners", Right.OPERATE, scanners),
        action("/operator/scanners/check", Right.OPERATE, check_scanners),
        page("/operator/configuration", Right.OPERATE, configuration),
    ]


async def overview(visit: Visit) -> Response:
    """Show what needs an operator, each with the page where it is done."""
    waiting = await visit.services.templates.queue(Waiting(), MOST_WAITING + 1)
    reactions = await visit.services.operating.reactions.in_force()
    now = visit.services.clock.now()
    return visit.page(
        "operator_system/overview.html.j2",
        **await _health(visit),
        waiting=waiting,
        overdue=[each for each in waiting if each.due_at is not None and each.due_at < now],
        most_waiting=MOST_WAITING,
        reactions=[each for each in reactions if not each.reaction.over(now)],
        replies=await visit.services.operating.replies.most(MOST_WAITING + 1),
    )


async def health(visit: Visit) -> Response:
    """Show processes, database, queue, events and disk."""
    return visit.page("operator_system/health.html.j2", **await _health(visit))


async def scanners(visit: Visit) -> Response:
    """Show how the scanners stand with each process that asks them."""
    return await _scanners(visit, ())


async def check_scanners(visit: Visit) -> Response:
    """Have every scanner look at a harmless mail now, and show the answers."""
    scanner = scanner_of(visit.services.settings.scan, visit.services.clock)
    results: list[tuple[EngineState, ScanResult]] = []
    if scanner is not None:
        try:
            results = await scanner.probe(PROBE)
        finally:
            await scanner.close()
    return await _scanners(visit, results)


async def configuration(visit: Visit) -> Response:
    """Show every setting in force; passwords are masked."""
    asked = read_list(
        url("/operator/configuration"), visit.query, sorts=("key",), filters={"q": None}
    )
    wanted = asked["q"].casefold()
    rows = [
        (key, _written(value))
        for key, value in shown(visit.services.settings)
        if wanted in key.casefold()
    ]
    return visit.page("operator_system/configuration.html.j2", rows=rows, query=asked)


async def _scanners(visit: Visit, results: Any) -> Response:
    settings = visit.services.settings.scan
    processes = await visit.services.operating.roll.all()
    now = visit.services.clock.now()
    return visit.page(
        "operator_system/scanners.html.j2",
        standings=_standings(processes, now),
        configured=bool(settings.clamd or settings.spamd or settings.rspamd),
        results=[
            (state, isinstance(result, Clean), getattr(result, "detail", ""))
            for state, result in results
        ],
        now=now,
    )


async def _health(visit: Visit) -> dict[str, Any]:
    operating, now = visit.services.operating, visit.services.clock.now()
    processes = await operating.roll.all()
    length = await operating.overview.length()
    readers: list[Lag] = await lags(visit.services.database)
    disk = await asyncio.to_thread(shutil.disk_usage, operating.data_dir)
    engines = _standings(processes, now)
    late = length.oldest_due_at is not None and now - length.oldest_due_at > LATE_MS
    return {
        "processes": processes,
        "silent": [each for each in processes if each.silent(now)],
        "engines": engines,
        "faulty": [each for each in engines if each.engine.fault],
        "length": length,
        "late": late,
        "readers": readers,
        "behind": [r for r in readers if r.since is not None and now - r.since > LATE_MS],
        "disk": Disk(disk.total, disk.free),
        "octets": await operating.roll.octets(),
        "dialect": visit.services.database.dialect,
        "revision": newest_revision(),
        "now": now,
        "late_ms": LATE_MS,
    }


def _standings(processes: list[Process], now: int) -> list[Standing]:
    found = []
    for process in processes:
        if not process.silent(now):
            engines = msgspec.json.decode(process.engines, type=list[EngineState])
            found += [Standing(process, engine) for engine in engines]
    return found


def _written(value: object) -> str:
    """Return a value as the settings file writes it, more or less."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
