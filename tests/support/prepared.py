"""Databases as a new installation has them: their schema is made once, and copied for each test."""

import asyncio
import atexit
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import asyncpg
from tests.support.postgresql import PostgresqlServer

from tayori.db import migrate
from tayori.db.open import EMBEDDED_NAME, database_url

TEMPLATE = "prepared"


def prepare_sqlite(folder: Path) -> str:
    """Put the embedded database into a folder, and return its URL."""
    shutil.copyfile(_prepared_file(), folder / EMBEDDED_NAME)
    return database_url("", folder)


@asynccontextmanager
async def prepared_postgresql(server: PostgresqlServer) -> AsyncIterator[str]:
    """Yield the URL of a database that lasts as long as the block."""
    async with postgresql_database(server, await _template(server)) as url:
        yield url


@asynccontextmanager
async def postgresql_database(
    server: PostgresqlServer, template: str = "template1"
) -> AsyncIterator[str]:
    """Yield the URL of a copy of a database, an empty one when none is named."""
    name = f"test_{uuid.uuid4().hex}"
    await execute(server.url("postgres"), f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield server.url(name)
    finally:
        await execute(server.url("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _prepared_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="tayori-prepared-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    _made(database_url("", folder))
    return folder / EMBEDDED_NAME


_TEMPLATES: set[PostgresqlServer] = set()


async def _template(server: PostgresqlServer) -> str:
    if server not in _TEMPLATES:
        await execute(server.url("postgres"), f"CREATE DATABASE {TEMPLATE}")
        await migrate.prepare(server.url(TEMPLATE))
        _TEMPLATES.add(server)
    return TEMPLATE


def _made(url: str) -> None:
    """Make the schema, whether or not a loop runs in this thread."""
    with asyncio.Runner() as runner:
        runner.run(migrate.prepare(url))


async def execute(url: str, sql: str) -> None:
    """Run one statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
