"""Crash points in processes of their own, since what they do is to die."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tayori.runtime.crash import KILL_VARIABLE, MARK_VARIABLE, Plan, Point, read_plan

REACHING = """
import sys
from tayori.runtime.crash import Point, reach
for number in range(1, 6):
    print(number, flush=True)
    reach(Point.LEASE_AFTER_COMMIT)
    reach(Point.DOOR_AFTER_COMMIT)
"""
SENDING = """
import asyncio, socket
from tayori.runtime.crash import Point, reach_when_sent
async def main():
    ours, theirs = socket.socketpair()
    _, writer = await asyncio.open_connection(sock=ours)
    loop = asyncio.get_running_loop()
    theirs.setblocking(False)
    heard = asyncio.create_task(loop.sock_recv(theirs, 9))
    writer.write(b"dot")
    reach_when_sent(Point.ATTEMPT_AFTER_DOT, loop)
    print(await heard, flush=True)
asyncio.run(main())
"""


def run(program: str, kill: str = "", mark: Path | None = None) -> tuple[int, str]:
    environment = dict(os.environ)
    if kill:
        environment[KILL_VARIABLE] = kill
    if mark is not None:
        environment[MARK_VARIABLE] = str(mark)
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not done.stderr
    return done.returncode, done.stdout


def test_a_point_does_nothing_unless_it_is_asked_for() -> None:
    assert run(REACHING) == (0, "1\n2\n3\n4\n5\n")


def test_the_process_dies_when_it_reaches_the_point_the_given_time() -> None:
    assert run(REACHING, "door.after_commit:3") == (-signal.SIGKILL, "1\n2\n3\n")


def test_other_points_do_not_count() -> None:
    assert run(REACHING, "settle.after_commit:1") == (0, "1\n2\n3\n4\n5\n")


def test_the_mark_lets_only_the_first_process_die(tmp_path: Path) -> None:
    mark = tmp_path / "killed"
    assert run(REACHING, "door.after_commit:2", mark) == (-signal.SIGKILL, "1\n2\n")
    assert int(mark.read_text()) > 1_700_000_000_000
    assert run(REACHING, "door.after_commit:2", mark) == (0, "1\n2\n3\n4\n5\n")
    assert [file.name for file in tmp_path.iterdir()] == ["killed"]


def test_a_point_after_sending_comes_before_any_answer() -> None:
    assert run(SENDING, "attempt.after_dot:1") == (-signal.SIGKILL, "")


@pytest.mark.parametrize("text", ["door:1", "door.after_commit:x", ":3"])
def test_a_plan_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Point|invalid literal"):
        read_plan({KILL_VARIABLE: text})


def test_nothing_is_planned_without_the_variable() -> None:
    assert read_plan({}) is None
    assert isinstance(read_plan({KILL_VARIABLE: f"{Point.LEASE_BEFORE_COMMIT}:2"}), Plan)
