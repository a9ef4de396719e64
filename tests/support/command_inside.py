"""The `tayori` command inside the test's own process: no interpreter is started for each call."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from tayori.cli.main import build
from tayori.runtime.trouble import Trouble


@dataclass(frozen=True)
class CommandInside:
    """The command with the settings of one installation, as TAYORI_ variables."""

    settings: dict[str, str]

    def run(self, *words: str) -> Result:
        """Run it to its end; what went wrong is in the result."""
        # A command runs a loop of its own, which a test's thread may already do.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(self._run, words).result()

    def _run(self, words: tuple[str, ...]) -> Result:
        return CliRunner().invoke(build(words[:1]), list(words), env=self.settings)

    def json(self, *words: str) -> Any:
        """Run it with --json, expect success, and return what it printed."""
        done = self.run(*words, "--json")
        assert done.exit_code == 0, (done.stderr, done.exception)
        return json.loads(done.stdout)

    def table(self, *words: str) -> list[str]:
        """Run it, expect success, and return the lines it printed."""
        done = self.run(*words)
        assert done.exit_code == 0, (done.stderr, done.exception)
        return done.stdout.splitlines()

    def complaint(self, *words: str) -> str:
        """Run it, expect a known trouble, and return its sentence."""
        done = self.run(*words)
        assert isinstance(done.exception, Trouble), (done.stdout, done.exception)
        return str(done.exception)
