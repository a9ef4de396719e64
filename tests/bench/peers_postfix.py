"""Postfix with OpenDKIM out of Debian's packages, as a peer: unpacked, never installed."""

import asyncio
import contextlib
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
from tests.support.debian_tools import DebianTools, debian_tools
from tests.support.relay import Postfix, running_postfix

PACKAGES = ("libsasl2-modules", "opendkim", "postfix")
TIMEOUT_S = 30
_OPENDKIM = """\
Mode s
Domain {domain}
Selector {selector}
KeyFile {key}
Canonicalization relaxed/relaxed
SignatureAlgorithm rsa-sha256
RequireSafeKeys no
InternalHosts 127.0.0.0/8
Syslog no
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostfixPeer(Peer):
    """Both of them at work."""

    postfix: Postfix
    milter: int

    @property
    def port(self) -> int:
        """Return where mail is taken."""
        return self.postfix.port

    def cpu_s(self) -> float:
        """Return the CPU seconds of both so far."""
        return usage_of(self.postfix.process_id).cpu_s + usage_of(self.milter).cpu_s

    async def release(self) -> None:
        """Let the held mails go."""
        await asyncio.to_thread(self.postfix.run, "postsuper", "-H", "ALL")
        await asyncio.to_thread(self.postfix.run, "postqueue", "-f")


@contextmanager
def postfix_with_opendkim(sink: int, key: str, domain: str, *, held: bool) -> Iterator[PostfixPeer]:
    """Run both, everything to 127.0.0.1:`sink`; `held` keeps mails until they are released."""
    tools = debian_tools(PACKAGES)
    with (
        tempfile.TemporaryDirectory(prefix="tayori-peer-") as made,
        contextlib.ExitStack() as stack,
    ):
        folder = Path(made)
        port, milter = stack.enter_context(_opendkim(tools, folder, key, domain))
        settings = {
            "relayhost": f"[127.0.0.1]:{sink}",
            "smtp_tls_security_level": "none",
            "smtpd_milters": f"inet:127.0.0.1:{port}",
            "milter_default_action": "tempfail",
            "smtpd_client_connection_count_limit": "0",
            "default_process_limit": "200",
            "default_destination_concurrency_limit": "20",
            "initial_destination_concurrency": "20",
            "smtpd_client_restrictions": "check_client_access static:HOLD" if held else "",
        }
        own = folder / "postfix"
        own.mkdir()
        folder.chmod(0o755)
        postfix = stack.enter_context(running_postfix(tools, own, settings))
        yield PostfixPeer(postfix=postfix, milter=milter)


@contextmanager
def _opendkim(tools: DebianTools, folder: Path, key: str, domain: str) -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    (folder / "key.pem").write_text(key)
    text = _OPENDKIM.format(domain=domain, selector=SELECTOR, key=folder / "key.pem")
    (folder / "opendkim.conf").write_text(text)
    program = tools.root / "usr/sbin/opendkim"
    command = (program, "-f", "-x", folder / "opendkim.conf", "-p", f"inet:{port}@127.0.0.1")
    with subprocess.Popen(
        command, env=tools.environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            _until_it_listens(port, process)
            yield port, process.pid
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)


def _until_it_listens(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S).close()
        except ConnectionRefusedError:
            continue
        return
    process.kill()
    told = process.stderr.read().decode(errors="replace") if process.stderr else ""
    raise RuntimeError(f"OpenDKIM does not listen: {told}")
