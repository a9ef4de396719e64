"""A process under a supervisor that leaves marks in a folder of what happens to it."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from tayori.runtime.control import ControlLine
from tayori.runtime.supervisor import ProcessSpec


def child_spec(folder: Path, name: str, mode: str = "steady") -> ProcessSpec:
    """Return a process whose start, end and orphanhood are files in the folder.

    `mode` is "steady", "stubborn" (it does not hear SIGTERM) or "dies-once".
    """
    return ProcessSpec(name=name, target=be, arguments=(folder, name, mode))


class ReadSlowly:
    """A folder whose reading, in the process that gets it, lasts until it has a file "go".

    Its file "reading" tells the process.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[Callable[[Path], Path], tuple[Path]]:
        """Return what pickle calls."""
        return _read_slowly, (self._folder,)


def _read_slowly(folder: Path) -> Path:
    draft = folder / "draft"
    draft.write_text(str(os.getpid()))
    draft.replace(folder / "reading")
    while not (folder / "go").exists():
        os.sched_yield()
    return folder


def be(folder: Path, name: str, mode: str, line: ControlLine) -> None:
    """Be the process."""

    def stop(*_: object) -> None:
        (folder / f"{name}.stopped").touch()
        sys.exit(0)

    starts = folder / f"{name}.starts"
    with starts.open("a") as file:
        file.write(f"{os.getpid()} {os.getsid(0)} {threading.active_count()}\n")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if mode == "stubborn" else stop)
    line.say_ready()
    if mode == "dies-once" and starts.read_text().count("\n") == 1:
        sys.exit(3)
    line.until_closed()
    (folder / f"{name}.orphaned").touch()
