"""Postfix and Exim as receivers that take a mail, hand it on, and send it back when that fails.

Each stands before a mailbox server that refuses; what it sends back goes to our inbound listener.
Nothing of the machine's is used, and all traffic stays on loopback.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.debian_tools import DebianTools, debian_tools
from tests.support.relay import TIMEOUT_S, as_root, free_port, running_postfix, until_it_listens

EXIM_PACKAGES = ("exim4-base", "exim4-daemon-light", "libnss-wrapper")
RECEIVER = "receiver.test"
SENDER_DOMAIN = "mail.shop.test"

Receiver = Callable[[int, int], AbstractContextManager[int]]
"""Takes the ports of the mailbox server and of our listener; yields its own."""


@contextmanager
def bouncing_postfix(mailboxes: int, ours: int) -> Iterator[int]:
    """Run Postfix before the mailbox server at one port, with our listener at the other."""
    settings = {
        "myhostname": "postfix.receiver.test",
        "relay_domains": RECEIVER,
        "relay_recipient_maps": "",
        "transport_maps": f"inline:{{ {{ {RECEIVER} = smtp:[127.0.0.1]:{mailboxes} }}, "
        f"{{ {SENDER_DOMAIN} = smtp:[127.0.0.1]:{ours} }} }}",
        "smtp_host_lookup": "native",
        "smtp_tls_security_level": "may",
        "smtp_tls_session_cache_database": "",
        "smtpd_tls_session_cache_database": "",
        # What is refused for now is told as delayed after a second, and given up after a minute.
        "delay_warning_time": "1s",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "2s",
        "queue_run_delay": "1s",
    }
    with (
        tempfile.TemporaryDirectory(prefix="tayori-postfix-") as folder,
        running_postfix(debian_tools(), Path(folder), settings) as postfix,
    ):
        yield postfix.port


_EXIM = """\
primary_hostname = exim.receiver.test
exim_path = {folder}/exim
exim_user = mail
exim_group = mail
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
deliver_drop_privilege = true
acl_smtp_rcpt = take
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
prdr_enable = false
delay_warning = 1s
ignore_bounce_errors_after = 0s
retry_interval_max = 1s
begin acl
take:
  accept
begin routers
mailboxes:
  driver = manualroute
  domains = receiver.test
  transport = remote
  route_list = * 127.0.0.1::{mailboxes}
  self = send
ours:
  driver = manualroute
  domains = mail.shop.test
  transport = remote
  route_list = * 127.0.0.1::{ours}
  self = send
begin transports
remote:
  driver = smtp
  allow_localhost = true
  hosts_try_dane =
  hosts_try_fastopen =
begin retry
* * F,1h,1s
"""
_START = """\
set -e
cd "$1"
chown -R mail:mail spool log
exec "$1/exim" -C "$1/config" -bdf -q1s
"""


@contextmanager
def bouncing_exim(mailboxes: int, ours: int) -> Iterator[int]:
    """Run Exim likewise. It wants a user of its own name, which only it sees."""
    tools = debian_tools(EXIM_PACKAGES)
    # Deliveries under way outlive the daemon for a moment, with files of theirs.
    with tempfile.TemporaryDirectory(prefix="tayori-exim-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        port = free_port()
        for name in ("spool", "log"):
            (folder / name).mkdir()
        # Without the setuid bit, which would keep the library with the user's name from loading.
        shutil.copyfile(tools.root / "usr/sbin/exim4", folder / "exim")
        (folder / "exim").chmod(0o755)
        text = _EXIM.format(folder=folder, port=port, mailboxes=mailboxes, ours=ours)
        (folder / "config").write_text(text)
        with subprocess.Popen(
            [*as_root(), "sh", "-c", _START, "sh", str(folder)],
            env=_with_user(tools, folder),
            stdin=subprocess.DEVNULL,
        ) as process:
            try:
                until_it_listens(port, process, folder / "log" / "mainlog")
                yield port
            finally:
                process.terminate()
                process.wait(TIMEOUT_S)


def _with_user(tools: DebianTools, folder: Path) -> dict[str, str]:
    """Return the environment in which the user Debian-exim is another name for mail."""
    names = {"passwd": "Debian-exim:x:8:8::/nonexistent:/bin/false", "group": "Debian-exim:x:8:"}
    for name, line in names.items():
        known = Path("/etc", name).read_text()
        (folder / name).write_text(f"{known.rstrip()}\n{line}\n")
    library = next(tools.libraries.glob("libnss_wrapper.so*"))
    return {
        **tools.environment,
        "LD_PRELOAD": str(library),
        "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
        "NSS_WRAPPER_GROUP": str(folder / "group"),
    }
