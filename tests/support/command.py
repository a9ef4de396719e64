"""Runs the real `tayori` command as operators and scripts do."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    """The command with the settings of one installation, as TAYORI_ variables."""

    settings: dict[str, str]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("TAYORI_")}
        return subprocess.run(
            [sys.executable, "-m", "tayori", *words],
            env=clean | self.settings,
            capture_output=True,
            text=True,
            check=False,
        )

    def json(self, *words: str) -> Any:
        """Run it with --json, expect success, and return what it printed."""
        done = self.run(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def table(self, *words: str) -> list[str]:
        """Run it, expect success, and return the lines it printed."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def complaint(self, *words: str) -> str:
        """Run it, expect status 1 and nothing but a sentence on stderr, and return that."""
        done = self.run(*words)
        assert (done.returncode, done.stdout) == (1, "")
        assert "Traceback" not in done.stderr
        return " ".join(done.stderr.split())
