"""Haraka with its DKIM plugin out of the npm registry, as a peer (lock file: tests/node_haraka)."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.peers_signing import SELECTOR, Peer
from tests.bench.usage import usage_of
from tests.support.node import NODE, ROOT, node_project

PROJECT = ROOT / "tests" / "node_haraka"
WORKERS = 2
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class HarakaPeer(Peer):
    """One that runs."""

    port: int
    process_id: int
    hold: Path

    def cpu_s(self) -> float:
        """Return the CPU seconds of all workers so far."""
        return usage_of(self.process_id).cpu_s

    async def release(self) -> None:
        """Let the held mails go."""
        self.hold.unlink()


@contextmanager
def haraka_with_dkim(sink: int, key: str, domain: str, *, held: bool) -> Iterator[HarakaPeer]:
    """Run it, everything to 127.0.0.1:`sink`; `held` keeps mails until they are released."""
    project = node_project(PROJECT)
    with tempfile.TemporaryDirectory(prefix="tayori-peer-") as made:
        folder = Path(made)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        hold = folder / "config" / "bench_hold"
        _configure(folder, project, port=port, sink=sink, key=key, domain=domain)
        if held:
            hold.touch()
        program = project / "node_modules" / "Haraka" / "bin" / "haraka"
        log = folder / "log"
        with (
            log.open("wb") as said,
            subprocess.Popen(
                (NODE, program, "-c", folder),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                _until_it_listens(port, process, log)
                yield HarakaPeer(port=port, process_id=process.pid, hold=hold)
            finally:
                process.terminate()
                process.wait(TIMEOUT_S)


def _configure(folder: Path, project: Path, *, port: int, sink: int, key: str, domain: str) -> None:
    config = folder / "config"
    (config / "dkim" / domain).mkdir(parents=True)
    (folder / "plugins").mkdir()
    (folder / "queue").mkdir()
    (folder / "node_modules").symlink_to(project / "node_modules")
    (folder / "plugins" / "bench_route.js").write_bytes((project / "bench_route.js").read_bytes())
    shipped = project / "node_modules" / "Haraka" / "config"
    files = {
        # Without its own limits and texts the server falls over at the first connection.
        "connection.ini": (shipped / "connection.ini").read_text(),
        "smtp.ini": f"listen=127.0.0.1:{port}\nnodes={WORKERS}\n",
        "me": "peer.test",
        "plugins": "bench_route\ndkim\n",
        "plugin_timeout": "0",
        "loglevel": "ERROR",
        "log.ini": "level=ERROR\n",
        "bench_route": f"127.0.0.1:{sink}",
        "outbound.ini": "enable_tls=false\nlocal_mx_ok=true\n",
        "dkim.ini": "[sign]\nenabled=true\n[canon]\nbody=relaxed\n[verify]\nenabled=false\n",
        f"dkim/{domain}/private": key,
        f"dkim/{domain}/selector": SELECTOR,
    }
    for name, text in files.items():
        (config / name).write_text(text)


def _until_it_listens(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
                if connection.recv(3) == b"220":
                    return
        except ConnectionRefusedError:
            continue
    raise RuntimeError(f"Haraka does not listen: {log.read_text()[-2000:]}")
