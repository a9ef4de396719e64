"""The supervisor with real processes: ready, restart, stop, and a supervisor that dies."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tayori.runtime.supervisor import ProcessSpec, Supervisor

CHILD = """
import os, signal, sys
from pathlib import Path
folder, name, mode, line = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
starts = folder / f"{name}.starts"
with starts.open("a") as file:
    file.write(f"{os.getpid()}\\n")
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda *_: (folder / f"{name}.stopped").touch() or sys.exit(0))
os.write(line, b"ready\\n")
if mode == "dies-once" and starts.read_text().count("\\n") == 1:
    sys.exit(3)
os.read(line, 1)
(folder / f"{name}.orphaned").touch()
"""

ORPHANING = """
import asyncio, sys
from tests.unit.runtime.test_supervisor import spec
from tayori.runtime.supervisor import Supervisor
from pathlib import Path
async def main():
    folder = Path(sys.argv[1])
    supervisor = Supervisor([spec(folder, "child")], stop_s=5)
    await supervisor.run(asyncio.Event(), (folder / "all-ready").touch)
asyncio.run(main())
"""


def spec(folder: Path, name: str, mode: str = "steady") -> ProcessSpec:
    arguments = ("-c", CHILD, str(folder), name, mode, "{control}")
    return ProcessSpec(name=name, arguments=arguments)


async def until(path: Path) -> None:
    async with asyncio.timeout(30):
        while not path.exists():
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)


async def starts(folder: Path, name: str, count: int) -> list[int]:
    file = folder / f"{name}.starts"
    async with asyncio.timeout(30):
        while not file.exists() or file.read_text().count("\n") < count:
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)
    return [int(line) for line in file.read_text().splitlines()]


@contextlib.asynccontextmanager
async def running(folder: Path, *specs: ProcessSpec, stop_s: float = 5) -> AsyncIterator[None]:
    stopping, ready = asyncio.Event(), asyncio.Event()
    supervisor = Supervisor(specs, stop_s=stop_s)
    task = asyncio.create_task(supervisor.run(stopping, ready.set))
    try:
        async with asyncio.timeout(30):
            await ready.wait()
        yield
    finally:
        stopping.set()
        async with asyncio.timeout(30):
            await task


async def test_all_are_started_and_stopped_by_a_signal(tmp_path: Path) -> None:
    async with running(tmp_path, spec(tmp_path, "a"), spec(tmp_path, "b")):
        assert (tmp_path / "a.starts").exists()
        assert (tmp_path / "b.starts").exists()
    assert (tmp_path / "a.stopped").exists()
    assert (tmp_path / "b.stopped").exists()


async def test_a_process_that_ends_is_started_again(tmp_path: Path) -> None:
    async with running(tmp_path, spec(tmp_path, "a", "dies-once")):
        first, second = await starts(tmp_path, "a", 2)
    assert first != second


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    async with running(tmp_path, spec(tmp_path, "a")):
        (first,) = await starts(tmp_path, "a", 1)
        os.kill(first, signal.SIGKILL)
        assert len(await starts(tmp_path, "a", 2)) == 2


async def test_a_process_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    async with running(tmp_path, spec(tmp_path, "a", "stubborn"), stop_s=0.2):
        (child,) = await starts(tmp_path, "a", 1)
    assert not Path(f"/proc/{child}").exists()


async def test_a_process_notices_that_its_supervisor_was_killed(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ORPHANING, str(tmp_path))
    await until(tmp_path / "all-ready")
    process.kill()
    await process.wait()
    await until(tmp_path / "child.orphaned")
    assert not (tmp_path / "child.stopped").exists()
