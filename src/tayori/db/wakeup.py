"""Tells other processes that there is work, so that nobody polls for it in haste.

A signal carries nothing and may be lost; whoever waits looks again after a second anyway. With the
embedded database each waiter has a named pipe beside it; with PostgreSQL it is LISTEN and NOTIFY.
"""

import asyncio
import contextlib
import errno
import os
import uuid
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from tayori.runtime import log

PAUSE_S = 0.005
"""PostgreSQL serialises commits that notify, so announcements are put together for this long."""
RECONNECT_S = 1.0


class Wakeup(Protocol):
    """A signal under one topic, between all processes of the installation."""

    def announce(self) -> None:
        """Wake all who wait; costs next to nothing and never blocks."""
        ...

    async def wait(self, timeout_s: float) -> None:
        """Return at a signal since the last wait, or after the time."""
        ...

    async def close(self) -> None:
        """Stop listening."""
        ...


def open_wakeup(url: str, run_dir: Path, topic: str) -> Wakeup:
    """Return the signal of a topic for the database in use; it listens from its first wait on."""
    if url.startswith("sqlite:"):
        return PipeWakeup(run_dir, topic)
    return PostgresqlWakeup(url, topic)


class PipeWakeup:
    """Named pipes in a directory: one per waiter, found by those who announce."""

    def __init__(self, run_dir: Path, topic: str) -> None:
        self._directory = run_dir
        self._prefix = f"{topic}-"
        self._signal = asyncio.Event()
        self._path: Path | None = None
        self._pipe = -1

    def announce(self) -> None:
        """Wake all who wait."""
        try:
            entries = os.scandir(self._directory)
        except FileNotFoundError:
            return
        with entries:
            for entry in entries:
                if entry.name.startswith(self._prefix):
                    _poke(Path(entry.path))

    async def wait(self, timeout_s: float) -> None:
        """Return at a signal since the last wait, or after the time."""
        if self._pipe < 0:
            self._listen()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._signal.wait(), timeout_s)
        self._signal.clear()

    async def close(self) -> None:
        """Stop listening and take the pipe away."""
        if self._path is not None:
            asyncio.get_running_loop().remove_reader(self._pipe)
            os.close(self._pipe)
            self._path.unlink(missing_ok=True)
            self._pipe, self._path = -1, None

    def _listen(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._path = self._directory / f"{self._prefix}{uuid.uuid4().hex}"
        os.mkfifo(self._path, 0o600)
        # Open for writing as well, so that the pipe has no end when the last writer is gone.
        self._pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._pipe, self._heard)

    def _heard(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._pipe, 65_536)
        self._signal.set()


def _poke(pipe: Path) -> None:
    try:
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            # Nobody has it open: its process was killed and left it behind.
            pipe.unlink(missing_ok=True)
        return
    try:
        os.write(descriptor, b"!")
    except BlockingIOError:
        # The pipe is full of signals already.
        pass
    finally:
        os.close(descriptor)


class PostgresqlWakeup:
    """LISTEN and NOTIFY on a connection of its own, made again whenever it breaks."""

    def __init__(self, url: str, topic: str) -> None:
        self._url = url
        self._channel = f"tayori_{topic}"
        self._signal = asyncio.Event()
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listening = False

    def announce(self) -> None:
        """Wake all who wait, within a few milliseconds."""
        self._begin()
        self._wanted.set()

    async def wait(self, timeout_s: float) -> None:
        """Return at a signal since the last wait, or after the time."""
        self._listening = True
        self._begin()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._signal.wait(), timeout_s)
        self._signal.clear()

    async def close(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _begin(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"wake-up {self._channel}")

    async def _run(self) -> None:
        while True:
            try:
                await self._converse()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.get("db").warning("wakeup_broken", channel=self._channel, error=str(error))
                await asyncio.sleep(RECONNECT_S)

    async def _converse(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            listening = False
            while True:
                if self._listening and not listening:
                    await connection.add_listener(self._channel, self._heard)
                    listening = True
                    self._signal.set()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wanted.wait(), RECONNECT_S)
                if self._wanted.is_set():
                    self._wanted.clear()
                    await connection.execute(f"NOTIFY {self._channel}")
                    await asyncio.sleep(PAUSE_S)
                elif connection.is_closed():
                    return
        finally:
            connection.terminate()

    def _heard(self, *_: Any) -> None:
        self._signal.set()
