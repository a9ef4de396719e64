"""Opens the installation for one command, beside a server that may be running.

Data directory, key file and schema are made when they are absent, exactly as the server makes them.
What goes wrong is a `CommandError`, whose text is a sentence for the operator.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from tayori.app import parts
from tayori.cli.options import settings
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import message
from tayori.runtime.trouble import Trouble
from tayori.tenants.model import Account

T = TypeVar("T")


class CommandError(Trouble):
    """The command cannot be carried out; the message is a sentence for the operator."""


@asynccontextmanager
async def opened(config: Path | None) -> AsyncIterator[parts.Parts]:
    """Open the installation of these settings; it is closed at the end of the block."""
    tree = settings(config)
    await parts.prepare(tree)
    async with parts.opened(tree) as installation:
        yield installation


def run(config: Path | None, work: Callable[[parts.Parts], Awaitable[T]]) -> T:
    """Run the work of a command on the opened installation and return what it found."""

    async def inside() -> T:
        async with opened(config) as installation:
            return await work(installation)

    return asyncio.run(inside())


def done(answer: T | Refusal) -> T:
    """Return an answer; a refusal ends the command with its sentence."""
    if isinstance(answer, Refusal):
        # An operator needs the sentence of this case more than the code's general one.
        raise CommandError(answer.detail or message(answer))
    return answer


async def account_named(installation: parts.Parts, text: str) -> Account:
    """Return the account that is meant by its id, its AppId or its name; CommandError."""
    for account in await installation.accounts.list():
        if text in {str(account.id), str(account.app_id)}:
            return account
    return done(await installation.accounts.find(text))
