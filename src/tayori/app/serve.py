"""`tayori serve`: one process that does everything, or a supervisor of several."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from tayori.app.first_operator import invite_first_operator
from tayori.app.listeners import READY_FILE, Sockets, announced, bind_all
from tayori.app.parts import RUN_DIR, opened, prepare
from tayori.app.roles import AlreadyRunningError, Kind, Role, kinds_of
from tayori.config.tree import Settings
from tayori.runtime import log, metrics
from tayori.runtime.control import ControlLine
from tayori.runtime.garbage import spare_the_lasting
from tayori.runtime.listening import address_of
from tayori.runtime.open_files import permit_open_files
from tayori.runtime.service import run, stop_on_signals
from tayori.runtime.supervisor import ProcessSpec, Supervisor, read_ahead

STOP_S = 45.0
"""Seconds that a process has to finish its attempts and answers before it is killed."""
_READ_AHEAD = ("tayori.app.serve", "tayori.app.process")
"""Everything that a process runs, so that it is read once for all of them."""


def serve(settings: Settings, roles: frozenset[Role]) -> None:
    """Serve until SIGTERM or SIGINT."""
    log.configure(settings.service.log_level, role="server")
    data_dir = Path(settings.data_dir)
    permit_open_files()
    with _only_one(data_dir):
        counted = metrics.fresh_directory((data_dir / RUN_DIR / "metrics").absolute())
        alone = settings.delivery.processes == 0
        if not alone:
            # The server that forks the processes inherits it, and counters ask for it when read.
            os.environ[metrics.DIRECTORY_VARIABLE] = str(counted)
            read_ahead(_READ_AHEAD)
        asyncio.run(prepare(settings))
        shared = bind_all(settings, roles)
        sockets = shared[0]
        settings = _with_address(settings, sockets)
        if "http" in sockets and Role.CONSOLE in roles:
            asyncio.run(_first_operator(settings))
        if alone:
            _loop(_alone(settings, sockets, roles))
        else:
            _loop(_supervise(settings, shared, roles, counted))


def serve_process(
    settings: Settings, kind: Kind, roles: frozenset[Role], sockets: Sockets, line: ControlLine
) -> None:
    """Be one process of a supervisor."""
    # Imported here because the supervisor itself, which names this function, runs none of it.
    from tayori.app.process import run_process

    log.configure(settings.service.log_level, role=kind.value)
    _loop(run_process(settings, kind, roles, sockets, line))


def _loop(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


async def _first_operator(settings: Settings) -> None:
    async with opened(settings) as parts:
        await invite_first_operator(parts)


def _with_address(settings: Settings, sockets: Sockets) -> Settings:
    """Return the settings with the address of the HTTP listener as it was bound."""
    if "http" not in sockets:
        return settings
    http = msgspec.structs.replace(settings.http, listen=address_of(sockets["http"]))
    return msgspec.structs.replace(settings, http=http)


async def _alone(settings: Settings, sockets: Sockets, roles: frozenset[Role]) -> None:
    # Imported here because the processes of a supervisor read all of it, and it need not.
    from tayori.app.process import services_of

    stopping = asyncio.Event()
    stop_on_signals(stopping)
    async with opened(settings) as parts:
        # Doors come last, and stop first, so that what they take has somebody to deliver it.
        kinds = reversed(kinds_of(roles))
        services = [part for kind in kinds for part in services_of(kind, roles, parts, sockets)]
        with _announcing(parts.data_dir, sockets) as announce:

            def on_ready() -> None:
                spare_the_lasting()
                announce()

            await run(services, stopping, on_ready)


async def _supervise(
    settings: Settings, shared: Sequence[Sockets], roles: frozenset[Role], counted: Path
) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    supervisor = Supervisor(
        _specs(settings, shared, roles),
        stop_s=STOP_S,
        on_end=lambda process_id: metrics.process_ended(process_id, counted),
    )
    with _announcing(Path(settings.data_dir), shared[0]) as on_ready:
        await supervisor.run(stopping, on_ready)


def _specs(
    settings: Settings, shared: Sequence[Sockets], roles: frozenset[Role]
) -> list[ProcessSpec]:
    """Return the processes; `shared` are the sockets of each process of the doors."""
    nothing: Sockets = {}
    held = {
        Kind.DOORS: shared,
        Kind.DELIVERY: (nothing,) * settings.delivery.processes,
        Kind.CHORES: (nothing,),
    }
    return [
        ProcessSpec(
            name=f"{kind.value}-{number}" if len(held[kind]) > 1 else kind.value,
            target=serve_process,
            arguments=(settings, kind, roles, sockets),
        )
        for kind in kinds_of(roles)
        for number, sockets in enumerate(held[kind], start=1)
    ]


@contextmanager
def _announcing(data_dir: Path, sockets: Sockets) -> Iterator[Callable[[], None]]:
    """Yield what to call when all is ready: it writes ready.json, which goes with the block."""
    with contextlib.ExitStack() as stack:

        def on_ready() -> None:
            stack.enter_context(announced(data_dir, sockets))
            log.get("server").info("ready", pid=os.getpid())

        yield on_ready


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    directory = data_dir / RUN_DIR
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunningError(
                f"Another server runs on the data directory {data_dir}. Stop it first, or give "
                "this one a directory of its own."
            ) from error
        # A server that was killed left its announcement behind; nobody may believe it now.
        (data_dir / READY_FILE).unlink(missing_ok=True)
        yield
