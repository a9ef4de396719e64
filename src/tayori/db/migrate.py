"""Brings the schema to what this release expects, with Alembic.

`serve` makes a fresh database by itself, and refuses to start on an older or newer schema with the
command to type. Migrations run one at a time; PostgreSQL waits at most four seconds for a
table that somebody else holds.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tayori.runtime.trouble import Trouble

_SCRIPTS = Path(__file__).with_name("migrations")


class SchemaError(Trouble):
    """The database's schema is not the one this release needs; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """Where a database stands: revisions by name; `current` is "" for an empty database."""

    current: str
    newest: str

    @property
    def up_to_date(self) -> bool:
        """Tell whether nothing is pending."""
        return self.current == self.newest


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def _status(connection: Connection) -> SchemaStatus:
    context = MigrationContext.configure(connection)
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    return SchemaStatus(current=context.get_current_revision() or "", newest=newest or "")


def _upgrade(connection: Connection) -> SchemaStatus:
    if connection.dialect.name == "postgresql":
        # Whoever migrates at the same time is waited for; only tables that others hold are not.
        connection.execute(text("SELECT pg_advisory_xact_lock(7461796)"))
        connection.execute(text("SET lock_timeout = '4s'"))
    command.upgrade(_config(connection), "head")
    return _status(connection)


def _prepare(connection: Connection) -> SchemaStatus:
    if inspect(connection).has_table("alembic_version"):
        return _status(connection)
    return _upgrade(connection)


async def status(url: str) -> SchemaStatus:
    """Return where the database stands."""
    return await _on(url, _status)


async def upgrade(url: str) -> SchemaStatus:
    """Run the pending migrations."""
    return await _on(url, _upgrade)


async def prepare(url: str) -> None:
    """Make an empty database ready; SchemaError when an existing one is not of this release."""
    found = await _on(url, _prepare)
    if not found.up_to_date:
        raise SchemaError(
            f"The database is at revision {found.current}, this release needs {found.newest}. "
            "Stop all processes, back the database up, and run `tayori db upgrade`."
        )


async def _on(url: str, work: Any) -> SchemaStatus:
    if url.startswith("sqlite:"):
        with _sqlite(url) as connection:
            found: SchemaStatus = work(connection)
            return found
    engine = create_async_engine(
        url.replace("postgresql:", "postgresql+asyncpg:", 1), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            result: SchemaStatus = await connection.run_sync(work)
            return result
    finally:
        await engine.dispose()


@contextmanager
def _sqlite(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            # The driver must not open transactions of its own accord: one begins here, and takes
            # the write lock at once, so that two processes never create the schema together.
            raw = connection.connection.driver_connection
            if raw is not None:
                raw.isolation_level = None
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("PRAGMA busy_timeout=30000")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()
