"""The load and the installation that scenario tests let loose on the zoo."""

from pathlib import Path
from typing import Any

from tests.support.installations import MakeServer
from tests.support.ledger import Ledger
from tests.support.tayori_process import TayoriProcess
from tests.support.zoo.china import NETEASE, QQ
from tests.support.zoo.menagerie import (
    BLOCKER,
    CLEAR,
    GMAIL,
    GMX,
    GREYLISTER,
    ICLOUD,
    NARROW,
    OFFICE365,
    OUTLOOK,
    PLAIN,
    SLOW,
    TARPIT,
    YAHOO,
)
from tests.support.zoo.species import Species
from tests.support.zoo.zoo import ZooProcess

from tayori.queue.states import FINAL, State

SHARES: tuple[tuple[Species, int], ...] = (
    (PLAIN, 280),
    (GMAIL, 200),
    (OUTLOOK, 120),
    (OFFICE365, 120),
    (YAHOO, 100),
    (GMX, 40),
    (QQ, 30),
    (NETEASE, 40),
    (ICLOUD, 20),
    (CLEAR, 20),
    (GREYLISTER, 10),
    (SLOW, 5),
    (TARPIT, 5),
    (NARROW, 5),
    (BLOCKER, 5),
)
"""Of a thousand mails."""
SHAPING = """
[domain."narrow.test"]
connections = 2
[domain."blocker.test"]
connections = 2
mails_per_connection = 10
"""
"""What an operator was told by two receivers."""


async def zoo_server(
    make_server: MakeServer,
    zoo: ZooProcess,
    folder: Path,
    database: str = "sqlite",
    **delivery: Any,
) -> TayoriProcess:
    """Return an installation that sends to the zoo by two processes."""
    roots = folder / "roots.pem"
    roots.write_bytes(zoo.authority)
    settings = {"processes": 2, "port": zoo.port, "tls_ca_file": str(roots)}
    server = await make_server(database, delivery={**settings, **delivery})
    rules = server.data_dir / "rules"
    rules.mkdir(parents=True)
    (rules / "shaping.toml").write_text(SHAPING)
    return server


async def all_ended(server: TayoriProcess, ledger: Ledger, timeout_s: float) -> None:
    """Return when nothing is open; what waits for its next attempt gets it whenever all wait."""

    async def ended() -> bool:
        states = {state for state in await ledger.states() if state not in FINAL}
        if states == {State.DEFERRED}:
            await server.command("queue", "retry", "--state", "deferred")
        return not states

    await server.until(ended, timeout_s=timeout_s)
