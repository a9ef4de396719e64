"""A `tayori serve` of its own: the real server as a child process, with its log in a file."""

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from tayori.config.load import ENVIRONMENT_PREFIX, TESTING_PREFIX

LOG_FILE = "server.log"
START_S = 60.0
STOP_S = 60.0
_LINE = 1024 * 1024
_READY = b'"event": "ready"'
_SHOWN_LINES = 15


class ServerFailedError(Exception):
    """The server did not start, or ended by itself; the message has the end of its log."""


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens, each host:port or "" (ready.json)."""

    pid: int
    http: str
    submission: str = ""
    submission_tls: str = ""
    mx: str = ""


class ServerProcess:
    """Runs the server over `data_dir`; `settings` are `TAYORI_SECTION_KEY` variables."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str]) -> None:
        self._data_dir = data_dir
        self._settings = settings
        self._process: Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._last: deque[str] = deque(maxlen=_SHOWN_LINES)

    @property
    def log_file(self) -> Path:
        """Return the file with everything the server says."""
        return self._data_dir / LOG_FILE

    async def start(self) -> Addresses:
        """Start and return where it listens, once it does; ServerFailedError."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        command = (sys.executable, "-m", "tayori", "serve")
        self._process = process = await asyncio.create_subprocess_exec(
            *command, env=self._environment(), stdout=PIPE, stderr=STDOUT, limit=_LINE
        )
        self._reading = asyncio.create_task(self._read(process))
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait(
            {ready, self._reading}, timeout=START_S, return_when=asyncio.FIRST_COMPLETED
        )
        ready.cancel()
        if not self._ready.is_set():
            await self.stop()
            raise ServerFailedError(self.failure())
        text = (self._data_dir / "ready.json").read_bytes()
        return msgspec.json.decode(text, type=Addresses)

    async def ended(self) -> None:
        """Return when the server has ended."""
        if self._reading is not None:
            await asyncio.wait({self._reading})

    async def stop(self) -> None:
        """Let it finish what is under way and end; kill it when that takes too long."""
        process, reading = self._process, self._reading
        if process is None or reading is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        _, waiting = await asyncio.wait({reading}, timeout=STOP_S)
        if waiting:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.wait({reading})
        await process.wait()

    def failure(self) -> str:
        """Return a sentence and the end of the log."""
        return "\n".join(["The server ended by itself. The last it said:", *self._last])

    def _environment(self) -> dict[str, str]:
        """Return our environment without settings that are meant for another server."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(ENVIRONMENT_PREFIX) or name.startswith(TESTING_PREFIX)
        }
        return {**inherited, **self._settings}

    async def _read(self, process: Process) -> None:
        with self.log_file.open("ab", buffering=0) as file:
            while line := await _next_line(process):
                self._note(line, file)
        await process.wait()

    def _note(self, line: bytes, file: BinaryIO) -> None:
        file.write(line)
        self._last.append(line.decode("utf-8", "replace").rstrip())
        if _READY in line:
            self._ready.set()


async def _next_line(process: Process) -> bytes:
    if process.stdout is None:
        return b""
    try:
        return await process.stdout.readline()
    except ValueError:
        # A line beyond the limit was dropped; those behind it count.
        return b"(a line too long to be kept)\n"
