"""Opens the database that the settings name."""

from pathlib import Path

from tayori.db.database import Database
from tayori.db.postgresql import PostgresqlDatabase
from tayori.db.sqlite import SqliteDatabase

EMBEDDED_NAME = "tayori.db"


def database_url(url: str, data_dir: Path) -> str:
    """Return the URL in use: the given one, or that of the embedded database."""
    return url or f"sqlite:///{(data_dir / EMBEDDED_NAME).absolute()}"


def open_database(url: str, pool_size: int) -> Database:
    """Return the database of a URL from `database_url`; it connects on first use."""
    if url.startswith("sqlite:///"):
        return SqliteDatabase(Path(url.removeprefix("sqlite:///")))
    return PostgresqlDatabase(url, pool_size)
