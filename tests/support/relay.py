"""Postfix that hands everything to another server, logged in over verified TLS.

Its configuration, queue and log are in a folder of its own; nothing of the machine's is used. Its
master wants to be root: for everybody else it runs in a user namespace where it is.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.debian_tools import DebianTools

TIMEOUT_S = 30
_SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_START = """\
set -e
cd "$1"
mkdir -p data queue/incoming queue/active queue/bounce queue/corrupt queue/defer queue/deferred \
  queue/flush queue/hold queue/maildrop queue/pid queue/private queue/public queue/saved queue/trace
chown -R mail data queue
chown root queue queue/pid
chgrp games queue/public queue/maildrop
chmod 710 queue/public
chmod 730 queue/maildrop
exec "$2" -c "$1/config" -d
"""


@contextmanager
def relaying_postfix(
    tools: DebianTools, *, port: int, ca_file: Path, user: str, password: str
) -> Iterator[int]:
    """Run Postfix with the server at localhost:`port` as its relayhost; yield its own port."""
    with tempfile.TemporaryDirectory(prefix="tayori-relay-") as made:
        folder = Path(made)
        (folder / "roots.pem").write_bytes(ca_file.read_bytes())
        settings = _relaying(folder, port=port, user=user, password=password)
        with running_postfix(tools, folder, settings) as postfix:
            yield postfix.port


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """One that runs: its port on 127.0.0.1, its configuration, and its master's process."""

    tools: DebianTools
    folder: Path
    port: int
    process_id: int

    def run(self, *command: str) -> None:
        """Run one of its commands; RuntimeError when it failed."""
        program = self.tools.root / "usr/sbin" / command[0]
        configuration = ("-c", str(self.folder / "config"))
        self.tools.run(*as_root(), program, *configuration, *command[1:])


@contextmanager
def running_postfix(
    tools: DebianTools, folder: Path, settings: Mapping[str, str]
) -> Iterator[Postfix]:
    """Run Postfix in a folder of its own with `settings` beside those of every instance here."""
    folder.chmod(0o755)
    port = free_port()
    (folder / "config").mkdir()
    (folder / "config" / "master.cf").write_text(_SERVICES.format(port=port))
    lines = {**_settings(tools, folder), **settings}
    text = "".join(f"{name} = {value}\n" for name, value in lines.items())
    (folder / "config" / "main.cf").write_text(text)
    master = tools.root / "usr/lib/postfix/sbin/master"
    with subprocess.Popen(
        [*as_root(), "sh", "-c", _START, "sh", str(folder), str(master)],
        env=tools.environment,
        stdin=subprocess.DEVNULL,
    ) as process:
        try:
            until_it_listens(port, process, folder / "log")
            yield Postfix(tools=tools, folder=folder, port=port, process_id=process.pid)
        finally:
            process.terminate()
            process.wait(TIMEOUT_S)


def _settings(tools: DebianTools, folder: Path) -> dict[str, str]:
    libraries = tools.root / "usr/lib/postfix"
    return {
        "compatibility_level": "3.6",
        "queue_directory": str(folder / "queue"),
        "data_directory": str(folder / "data"),
        "daemon_directory": str(libraries / "sbin"),
        "command_directory": str(tools.root / "usr/sbin"),
        "shlib_directory": str(libraries),
        "meta_directory": str(folder / "config"),
        "maillog_file": str(folder / "log"),
        "maillog_file_prefixes": str(folder),
        "import_environment": "MAIL_CONFIG MAIL_LOGTAG LD_LIBRARY_PATH SASL_PATH TZ",
        # Accounts that every Debian has; none of them owns anything.
        "mail_owner": "mail",
        "setgid_group": "games",
        "default_privs": "nobody",
        "inet_interfaces": "loopback-only",
        "inet_protocols": "ipv4",
        "myhostname": "relay.shop.test",
        "mydestination": "",
        "local_recipient_maps": "",
        "alias_maps": "",
        "alias_database": "",
        "default_database_type": "texthash",
        "mynetworks": "127.0.0.0/8",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtputf8_enable": "no",
    }


def _relaying(folder: Path, *, port: int, user: str, password: str) -> dict[str, str]:
    return {
        "relayhost": f"[localhost]:{port}",
        "smtp_host_lookup": "native",
        "smtp_sasl_auth_enable": "yes",
        "smtp_sasl_password_maps": f"inline:{{ {{ [localhost]:{port} = {user}:{password} }} }}",
        "smtp_sasl_security_options": "noanonymous",
        "smtp_tls_security_level": "secure",
        "smtp_tls_secure_cert_match": "localhost",
        "smtp_tls_CAfile": str(folder / "roots.pem"),
        "smtp_tls_session_cache_database": "",
        "smtpd_tls_session_cache_database": "",
    }


def as_root() -> list[str]:
    """Return what goes before a command that wants to be root."""
    if os.geteuid() == 0:
        return []
    unshare = shutil.which("unshare")
    assert unshare is not None, "Postfix without root needs unshare of util-linux"
    return [unshare, "--user", "--map-root-user", "--map-auto"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
                if connection.recv(3) == b"220":
                    return
        except ConnectionRefusedError:
            continue
    told = log.read_text() if log.exists() else "no log"
    raise RuntimeError(f"Postfix does not listen: {told}")
