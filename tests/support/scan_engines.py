"""Real ClamAV, SpamAssassin and Rspamd out of Debian's packages, each on a port of its own."""

import asyncio
import contextlib
import os
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.support.debian_tools import DebianTools, debian_tools

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The public test file of all virus scanners."""
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"
"""The public test text of all spam scanners."""
SIGNATURE = f"Tayori.Eicar.Test:0:*:{EICAR.hex()}\n"
START_S = 120
LOOK_AGAIN_S = 0.05


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def clamd(folder: Path, port: int = 0) -> AsyncIterator[str]:
    """Run ClamAV's daemon with one signature; its address. Port 0 takes a free one."""
    tools = await asyncio.to_thread(debian_tools, ("clamav-daemon",))
    port = port or free_port()
    (folder / "db").mkdir()
    (folder / "db/test.ndb").write_text(SIGNATURE)
    (folder / "clamd.conf").write_text(
        f"Foreground yes\nTCPSocket {port}\nTCPAddr 127.0.0.1\nDatabaseDirectory {folder / 'db'}\n"
        f"TemporaryDirectory {folder}\nMaxThreads 2\n"
    )
    command = (tools.root / "usr/sbin/clamd", "-c", folder / "clamd.conf")
    async with _running(tools, port, *command):
        yield f"127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def spamd() -> AsyncIterator[str]:
    """Run SpamAssassin's daemon with Debian's rules and no look-ups; its address."""
    tools = await asyncio.to_thread(debian_tools, ("spamd", "spamassassin"))
    port = free_port()
    root = tools.root
    # Perl in taint mode reads no PERL5LIB.
    places = [
        root / "usr/share/perl5",
        *tools.libraries.glob("perl5/*"),
        tools.libraries / "perl-base",
    ]
    # The daemon gives root up, so its home cannot lie in a folder of root's alone.
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        user = ("-u", "nobody", "-g", "nogroup") if os.geteuid() == 0 else ()
        rules = (
            "-C",
            root / "usr/share/spamassassin",
            f"--siteconfigpath={root / 'etc/spamassassin'}",
        )
        command = ("perl", "-T", *(f"-I{place}" for place in places), root / "usr/sbin/spamd")
        bound = ("-L", "-x", "-i", "127.0.0.1", "-p", str(port), "-m", "1", "-H", home)
        async with _running(tools, port, *command, *bound, *rules, *user):
            yield f"127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def rspamd(folder: Path) -> AsyncIterator[str]:
    """Run Rspamd without rules of its own; its URL."""
    tools = await asyncio.to_thread(debian_tools, ("rspamd",))
    port = free_port()
    (folder / "tld.dat").write_text("com\norg\nexample\n")
    (folder / "rspamd.conf").write_text(
        f'options {{ pidfile = "{folder}/pid"; filters = ""; cache_file = "{folder}/cache"; '
        f'history_file = "{folder}/history"; url_tld = "{folder}/tld.dat"; tempdir = "{folder}"; '
        "disable_hyperscan = true; enable_test_patterns = true; "
        'dns { nameserver = ["127.0.0.1:1"]; timeout = 0.2s; retransmits = 1; } }\n'
        'logging { type = "console"; level = "warning"; }\n'
        f'worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}\n'
        "actions { reject = 15; add_header = 6; greylist = 4; }\n"
    )
    share = tools.root / "usr/share/rspamd"
    places = {
        "LUALIBDIR": share / "lualib",
        "RULESDIR": share / "rules",
        "PLUGINSDIR": share / "plugins",
        "SHAREDIR": share,
        **dict.fromkeys(("DBDIR", "RUNDIR", "LOGDIR"), folder),
    }
    user = ("-i", "-u", "root", "-g", "root") if os.geteuid() == 0 else ()
    command = (tools.root / "usr/bin/rspamd", "-f", "-c", folder / "rspamd.conf", *user)
    async with _running(tools, port, *command, *(f"--var={k}={v}" for k, v in places.items())):
        yield f"http://127.0.0.1:{port}"


@contextlib.asynccontextmanager
async def _running(tools: DebianTools, port: int, *command: str | Path) -> AsyncIterator[None]:
    """Run a daemon in the foreground until the block ends; it listens when the block begins."""
    libraries = f"{tools.libraries}:{tools.root / 'usr/lib'}:{tools.root / 'usr/lib/rspamd'}"
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        env=tools.environment | {"LD_LIBRARY_PATH": libraries},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=sys.stderr,
        start_new_session=True,
    )
    ended = asyncio.create_task(process.wait())
    try:
        async with asyncio.timeout(START_S):
            while not await _listens(port):
                assert not ended.done(), f"{command[0]} ended by itself"
                await asyncio.wait({ended}, timeout=LOOK_AGAIN_S)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        await ended


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
