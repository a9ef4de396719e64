"""Postfix, where the machine has it, as a peer: it takes mails durably and holds them.

An instance of its own in a folder, on a free port of loopback. Nothing of it leaves the machine:
every mail goes to the hold queue. Postfix starts only as root.
"""

import asyncio
import os
import shutil
import socket
from pathlib import Path
from typing import Self

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = peer.test
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
smtpd_client_restrictions = check_client_access static:HOLD
smtpd_client_connection_count_limit = 0
default_transport = discard
disable_dns_lookups = yes
default_process_limit = 200
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
"""


def is_there() -> bool:
    """Tell whether Postfix can be run here."""
    return os.geteuid() == 0 and shutil.which("postfix", path="/usr/sbin:/usr/bin") is not None


class PostfixProcess:
    """Runs from entering to leaving; `port` is where it listens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._configure)
        await self._say("start")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._say("stop")

    def _configure(self) -> None:
        # Postfix works as a user of its own, which must be able to come here.
        self._folder.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (self._folder / name).mkdir()
        shutil.chown(self._folder / "data", "postfix")
        (self._folder / "etc" / "main.cf").write_text(_MAIN.format(folder=self._folder))
        (self._folder / "etc" / "master.cf").write_text(_MASTER.format(port=self.port))

    async def _say(self, word: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *("/usr/sbin/postfix", "-c", str(self._folder / "etc"), word),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"postfix {word}: {said.decode(errors='replace')}")
