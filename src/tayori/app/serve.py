"""`tayori serve`: one process that does everything, or a supervisor of several."""

import asyncio
import contextlib
import fcntl
import os
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from tayori.app.chores import chores
from tayori.app.delivery import delivery
from tayori.app.doors import doors
from tayori.app.first_operator import invite_first_operator
from tayori.app.listeners import READY_FILE, Sockets, announced, bind_all
from tayori.app.parts import RUN_DIR, Parts, opened, prepare
from tayori.app.roles import ROLES, AlreadyRunningError, Kind, Role, kinds_of
from tayori.config.tree import Settings
from tayori.runtime import log, metrics
from tayori.runtime.control import ControlLine
from tayori.runtime.garbage import spare_the_lasting
from tayori.runtime.listening import address_of
from tayori.runtime.open_files import permit_open_files
from tayori.runtime.service import Service, run, stop_on_signals
from tayori.runtime.supervisor import ProcessSpec, Supervisor

STOP_S = 45.0
"""Seconds that a process has to finish its attempts and answers before it is killed."""
_CONTROL = "{control}"


def serve(settings: Settings, config: Path | None, roles: frozenset[Role]) -> None:
    """Serve until SIGTERM or SIGINT. `config` is handed to the processes as it is."""
    log.configure(settings.service.log_level, role="server")
    data_dir = Path(settings.data_dir)
    permit_open_files()
    with _only_one(data_dir):
        asyncio.run(prepare(settings))
        sockets = bind_all(settings, roles)
        settings = _with_address(settings, sockets)
        if "http" in sockets and Role.CONSOLE in roles:
            asyncio.run(_first_operator(settings))
        if settings.delivery.processes == 0:
            _loop(_alone(settings, sockets, roles))
        else:
            _loop(_supervise(settings, config, sockets, roles))


async def _first_operator(settings: Settings) -> None:
    async with opened(settings) as parts:
        await invite_first_operator(parts)


def _with_address(settings: Settings, sockets: Sockets) -> Settings:
    """Return the settings with the address of the HTTP listener as it was bound."""
    if "http" not in sockets:
        return settings
    http = msgspec.structs.replace(settings.http, listen=address_of(sockets["http"]))
    return msgspec.structs.replace(settings, http=http)


def serve_process(
    settings: Settings,
    kind: Kind,
    roles: frozenset[Role],
    descriptors: Mapping[str, int],
    control: int,
) -> None:
    """Be one process of a supervisor; `descriptors` are its inherited sockets by listener."""
    log.configure(settings.service.log_level, role=kind.value)
    sockets = {name: socket.socket(fileno=number) for name, number in descriptors.items()}
    _loop(_as_process(settings, kind, roles, sockets, control))


def _loop(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


def _services(kind: Kind, roles: frozenset[Role], parts: Parts, sockets: Sockets) -> list[Service]:
    match kind:
        case Kind.DOORS:
            return doors(parts, sockets, roles)
        case Kind.DELIVERY:
            return delivery(parts)
        case Kind.CHORES:
            return chores(parts, roles & ROLES[kind])


async def _alone(settings: Settings, sockets: Sockets, roles: frozenset[Role]) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    async with opened(settings) as parts:
        # Doors come last, and stop first, so that what they take has somebody to deliver it.
        kinds = reversed(kinds_of(roles))
        services = [part for kind in kinds for part in _services(kind, roles, parts, sockets)]
        with _announcing(parts.data_dir, sockets) as announce:

            def on_ready() -> None:
                spare_the_lasting()
                announce()

            await run(services, stopping, on_ready)


async def _as_process(
    settings: Settings, kind: Kind, roles: frozenset[Role], sockets: Sockets, control: int
) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    line = ControlLine(control)
    line.watch(stopping)
    async with opened(settings) as parts:

        def on_ready() -> None:
            spare_the_lasting()
            line.say_ready()

        await run(_services(kind, roles, parts, sockets), stopping, on_ready)
    line.close()


async def _supervise(
    settings: Settings, config: Path | None, sockets: Sockets, roles: frozenset[Role]
) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    data_dir = Path(settings.data_dir)
    counted = metrics.fresh_directory((data_dir / RUN_DIR / "metrics").absolute())
    supervisor = Supervisor(
        _specs(settings, config, sockets, roles, counted),
        stop_s=STOP_S,
        on_end=lambda process_id: metrics.process_ended(process_id, counted),
    )
    with _announcing(data_dir, sockets) as on_ready:
        await supervisor.run(stopping, on_ready)


def _specs(
    settings: Settings,
    config: Path | None,
    sockets: Sockets,
    roles: frozenset[Role],
    counted: Path,
) -> Sequence[ProcessSpec]:
    common = ["--roles", ",".join(sorted(roles)), "--control", _CONTROL]
    if config is not None:
        common += ["--config", str(config)]
    environment = {
        metrics.DIRECTORY_VARIABLE: str(counted),
        # Links of mails lead here where no public URL is set; the port may have been free choice.
        "TAYORI_HTTP_LISTEN": settings.http.listen,
    }
    specs = []
    for kind in kinds_of(roles):
        held = sockets if kind is Kind.DOORS else {}
        listening = [f"--socket={name}={bound.fileno()}" for name, bound in held.items()]
        arguments = ("-m", "tayori", "serve-process", kind.value, *common, *listening)
        copies = settings.delivery.processes if kind is Kind.DELIVERY else 1
        specs += [
            ProcessSpec(
                name=f"{kind.value}-{number}" if copies > 1 else kind.value,
                arguments=arguments,
                descriptors=[bound.fileno() for bound in held.values()],
                environment=environment,
            )
            for number in range(1, copies + 1)
        ]
    return specs


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
