"""Each test in this folder runs on the embedded database and on a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.support.command_inside import CommandInside
from tests.support.postgresql import PostgresqlServer
from tests.support.prepared import postgresql_database, prepare_sqlite, prepared_postgresql

from tayori.db.database import Database
from tayori.db.open import database_url, open_database


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    with PostgresqlServer.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return where a database without any table is."""
    if request.param == "sqlite":
        yield database_url("", tmp_path)
        return
    with asyncio.Runner() as runner:
        made = postgresql_database(request.getfixturevalue("postgresql_server"))
        yield runner.run(made.__aenter__())
        runner.run(made.__aexit__(None, None, None))


@pytest.fixture(params=["sqlite", "postgresql"])
def installed_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return where the database of a new installation is."""
    if request.param == "sqlite":
        yield prepare_sqlite(tmp_path)
        return
    with asyncio.Runner() as runner:
        made = prepared_postgresql(request.getfixturevalue("postgresql_server"))
        yield runner.run(made.__aenter__())
        runner.run(made.__aexit__(None, None, None))


@pytest.fixture
async def database(installed_url: str) -> AsyncIterator[Database]:
    opened = open_database(installed_url, 4)
    yield opened
    await opened.close()


@pytest.fixture
def tayori(installed_url: str, tmp_path: Path) -> CommandInside:
    url = "" if installed_url.startswith("sqlite") else installed_url
    return CommandInside({"TAYORI_DATA_DIR": str(tmp_path), "TAYORI_DATABASE_URL": url})
