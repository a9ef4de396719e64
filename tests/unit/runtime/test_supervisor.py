"""The supervisor with real processes: ready, restart, stop, and a supervisor that dies."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.supervised import ReadSlowly, be, child_spec

from tayori.runtime.supervisor import ProcessSpec, Supervisor, read_ahead

ORPHANING = """
import asyncio, sys
from tests.support.supervised import ReadSlowly, be, child_spec
from tayori.runtime.supervisor import Supervisor
from pathlib import Path
async def main():
    folder = Path(sys.argv[1])
    supervisor = Supervisor([child_spec(folder, "child")], stop_s=5)
    await supervisor.run(asyncio.Event(), (folder / "all-ready").touch)
if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def forking() -> None:
    """Have the forking server prepared as that of a real server is."""
    read_ahead(["tests.support.supervised"])


async def until(path: Path) -> None:
    async with asyncio.timeout(30):
        while not path.exists():
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)


async def starts(folder: Path, name: str, count: int) -> list[int]:
    file = folder / f"{name}.starts"
    async with asyncio.timeout(30):
        while not file.exists() or file.read_text().count("\n") < count:
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)
    return [int(line.split()[0]) for line in file.read_text().splitlines()]


async def gone(process: int) -> None:
    """Return when a process has ended; its status may still wait to be asked for."""
    async with asyncio.timeout(30):
        while Path(f"/proc/{process}/cmdline").read_bytes():
            await asyncio.get_running_loop().run_in_executor(None, os.sched_yield)


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
    async with running(tmp_path, child_spec(tmp_path, "a"), child_spec(tmp_path, "b")):
        assert (tmp_path / "a.starts").exists()
        assert (tmp_path / "b.starts").exists()
    assert (tmp_path / "a.stopped").exists()
    assert (tmp_path / "b.stopped").exists()


async def test_a_process_has_a_session_of_its_own_and_one_thread(tmp_path: Path) -> None:
    async with running(tmp_path, child_spec(tmp_path, "a")):
        process, session, threads = map(int, (tmp_path / "a.starts").read_text().split())
    assert (session, threads) == (process, 1)


async def test_the_end_of_the_forking_server_ends_no_process(tmp_path: Path) -> None:
    async with running(tmp_path, child_spec(tmp_path, "a")):
        (child,) = await starts(tmp_path, "a", 1)
        status = Path(f"/proc/{child}/stat").read_text()
        parent = int(status.rpartition(")")[2].split()[1])
        os.kill(parent, signal.SIGTERM)
        os.kill(parent, signal.SIGKILL)
        await gone(parent)
        assert Path(f"/proc/{child}").exists()
    assert (tmp_path / "a.stopped").exists()
    assert len(await starts(tmp_path, "a", 1)) == 1


async def test_a_process_that_ends_is_started_again(tmp_path: Path) -> None:
    async with running(tmp_path, child_spec(tmp_path, "a", "dies-once")):
        first, second = await starts(tmp_path, "a", 2)
    assert first != second


async def test_a_killed_process_is_started_again(tmp_path: Path) -> None:
    async with running(tmp_path, child_spec(tmp_path, "a")):
        (first,) = await starts(tmp_path, "a", 1)
        os.kill(first, signal.SIGKILL)
        assert len(await starts(tmp_path, "a", 2)) == 2


async def test_a_signal_reaches_a_process_that_is_hardly_born(tmp_path: Path) -> None:
    newborn = ProcessSpec(name="a", target=be, arguments=(ReadSlowly(tmp_path), "a", "steady"))
    stopping = asyncio.Event()
    task = asyncio.create_task(Supervisor([newborn], stop_s=5).run(stopping, stopping.set))
    await until(tmp_path / "reading")
    first = int((tmp_path / "reading").read_text())
    os.kill(first, signal.SIGTERM)
    (tmp_path / "go").touch()
    (second,) = await starts(tmp_path, "a", 1)
    assert second != first
    stopping.set()
    async with asyncio.timeout(30):
        await task


async def test_a_process_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    async with running(tmp_path, child_spec(tmp_path, "a", "stubborn"), stop_s=0.2):
        (child,) = await starts(tmp_path, "a", 1)
    assert not Path(f"/proc/{child}").exists()


async def test_a_process_notices_that_its_supervisor_was_killed(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ORPHANING, str(tmp_path))
    await until(tmp_path / "all-ready")
    process.kill()
    await process.wait()
    await until(tmp_path / "child.orphaned")
    assert not (tmp_path / "child.stopped").exists()
