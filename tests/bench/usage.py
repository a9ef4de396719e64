"""CPU time and memory of processes and their children, read from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """CPU seconds so far, and the largest resident memory of one process in MiB."""

    cpu_s: float
    peak_mib: float


def tree_of(process_id: int) -> list[int]:
    """Return a process and all that came from it."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            fields = _stat(int(folder.name))
            if fields:
                parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [process_id]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += parents.get(current, [])
    return found


def usage_of(process_id: int) -> Usage:
    """Return the usage of a process with everything it started."""
    cpu, peak = 0.0, 0.0
    for member in tree_of(process_id):
        fields = _stat(member)
        if fields:
            cpu += (int(fields[11]) + int(fields[12])) / _TICKS
            peak = max(peak, peak_mib(member))
    return Usage(cpu_s=cpu, peak_mib=peak)


def _stat(process_id: int) -> list[str]:
    try:
        text = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def server_cpu_s(process_id: int) -> float:
    """Return the CPU seconds of a server with its children, those that have ended included."""
    # What ended is in the sums of whoever forked it.
    ended = [ticks for member in tree_of(process_id) for ticks in _stat(member)[13:15]]
    return usage_of(process_id).cpu_s + sum(map(int, ended)) / _TICKS


def peak_mib(process_id: int) -> float:
    """Return the largest resident memory that a process ever had; 0 when it is gone."""
    try:
        text = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in text.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) / 1024
