"""Connections of a client are counted over all processes, and those of a dead one are forgotten."""

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tayori.edge.connection_counts import SPARE, ConnectionCounts

KEY = b"k" * 32


def be_a_process(path: Path, line: Connection) -> None:
    """Hold two connections of a client until the line ends the process without a goodbye."""
    counts = ConnectionCounts(path, 2, KEY)
    line.send([counts.enter("192.0.2.1"), counts.enter("192.0.2.1")])
    line.recv()


def test_each_client_has_a_count_of_its_own(tmp_path: Path) -> None:
    counts = ConnectionCounts(tmp_path / "run" / "mx", 1, KEY)
    assert [counts.enter("192.0.2.1"), counts.enter("192.0.2.1")] == [1, 2]
    assert counts.enter("2001:db8::/64") == 1
    counts.leave("192.0.2.1")
    assert counts.enter("192.0.2.1") == 2
    counts.close()


def test_processes_count_together_and_a_killed_one_counts_no_more(tmp_path: Path) -> None:
    path = tmp_path / "mx"
    mine = ConnectionCounts(path, 2, KEY)
    assert mine.enter("192.0.2.1") == 1
    ours, theirs = multiprocessing.Pipe()
    other = multiprocessing.get_context("spawn").Process(target=be_a_process, args=(path, theirs))
    other.start()
    theirs.close()
    assert ours.recv() == [2, 3]
    assert mine.enter("192.0.2.1") == 4
    mine.leave("192.0.2.1")
    other.kill()
    other.join()
    # What takes the place of the dead process clears what that had counted.
    successor = ConnectionCounts(path, 2, KEY)
    assert successor.enter("192.0.2.1") == 2
    assert mine.enter("192.0.2.1") == 3
    successor.close()
    mine.close()


def test_what_is_held_by_too_many_is_said(tmp_path: Path) -> None:
    held = [ConnectionCounts(tmp_path / "mx", 1, KEY) for _ in range(1 + SPARE)]
    with pytest.raises(OSError, match="held by other processes"):
        ConnectionCounts(tmp_path / "mx", 1, KEY)
    held.pop().close()
    ConnectionCounts(tmp_path / "mx", 1, KEY).close()
    for each in held:
        each.close()
