"""Each test in this folder runs on the embedded database and on a real PostgreSQL."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest
from tests.support.command import Command
from tests.support.postgresql import PostgresqlServer

from tayori.db import migrate
from tayori.db.database import Database
from tayori.db.open import database_url, open_database


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresqlServer]:
    with PostgresqlServer.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield database_url("", tmp_path)
        return
    server: PostgresqlServer = request.getfixturevalue("postgresql_server")
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(_statement(server.url("postgres"), f"CREATE DATABASE {name}"))
    yield server.url(name)
    asyncio.run(_statement(server.url("postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


async def _statement(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture
async def database(empty_url: str) -> AsyncIterator[Database]:
    await migrate.prepare(empty_url)
    opened = open_database(empty_url, 4)
    yield opened
    await opened.close()


@pytest.fixture
def tayori(empty_url: str, tmp_path: Path) -> Command:
    url = "" if empty_url.startswith("sqlite") else empty_url
    return Command({"TAYORI_DATA_DIR": str(tmp_path), "TAYORI_DATABASE_URL": url})
