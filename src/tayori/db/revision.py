"""Tells quickly whether a database has the schema of this release.

The migration machinery takes a second to load, which every command and process would spend for the
answer "nothing to do"; this asks for one row instead.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import asyncpg

_VERSIONS = Path(__file__).with_name("migrations") / "versions"
_REVISION = re.compile(r'^(revision|down_revision) = "(\w+)"$', re.MULTILINE)
_QUESTION = "SELECT version_num FROM alembic_version"


def newest_revision() -> str:
    """Return the revision that no migration follows."""
    revisions: set[str] = set()
    followed: set[str] = set()
    for file in _VERSIONS.glob("*.py"):
        for name, value in _REVISION.findall(file.read_text()):
            (revisions if name == "revision" else followed).add(value)
    (newest,) = revisions - followed
    return newest


async def is_current(url: str) -> bool:
    """Tell whether the database is there and at the newest revision; False when in doubt."""
    if url.startswith("sqlite:///"):
        return _of_file(Path(url.removeprefix("sqlite:///"))) == newest_revision()
    try:
        connection = await asyncpg.connect(url)
    except (OSError, asyncpg.PostgresError):
        return False
    try:
        found = await connection.fetchval(_QUESTION)
    except asyncpg.PostgresError:
        return False
    finally:
        await connection.close()
    return bool(found == newest_revision())


def _of_file(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            row = connection.execute(_QUESTION).fetchone()
    except sqlite3.Error:
        return ""
    return str(row[0]) if row else ""
