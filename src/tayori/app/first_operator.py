"""How the first operator comes in: by a link in a file that only the server's own user can read.

The link stands in no log, because logs travel further than the data directory.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from tayori.app.parts import Parts
from tayori.config.tree import Settings
from tayori.runtime import log
from tayori.runtime.clock import SECOND
from tayori.tenants.users.links import console_link
from tayori.tenants.users.model import LinkKind

FILE = "first-operator.txt"


async def invite_first_operator(parts: Parts) -> None:
    """Write a link for the first operator while there is none; else take the file away."""
    file = parts.data_dir / FILE
    drawn = await parts.people.links.first_operator()
    if drawn is None:
        file.unlink(missing_ok=True)
        return
    token, link = drawn
    until = datetime.fromtimestamp(link.expires_at / SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")
    address = console_link(public_url(parts.settings), LinkKind.FIRST_OPERATOR, token)
    _write(file, f"{address}\nThis link makes the first operator. It works once, until {until}.\n")
    log.get("console").warning("no_operator_yet", link_in=str(file), expires=until)


def public_url(settings: Settings) -> str:
    """Return the URL under which people reach the console, without a slash at its end."""
    return settings.http.public_url.rstrip("/") or f"http://{settings.http.listen}"


def _write(file: Path, text: str) -> None:
    draft = file.with_name(f"{FILE}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)
    draft.replace(file)
