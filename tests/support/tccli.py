"""The official command line client, in an environment of its own made from its lock file.

It comes with the whole SDK, which would get in the way of the one for this API alone.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK_FILE = ROOT / "tests" / "tools" / "tccli.lock"
TIMEOUT_S = 300


@cache
def tccli() -> Path:
    """Return the command; installs it at first use."""
    cache_root = ROOT / "build" / "tccli"
    folder = cache_root / hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:16]
    cache_root.mkdir(parents=True, exist_ok=True)
    with (cache_root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run(sys.executable, "-m", "venv", folder)
            pip = (folder / "bin" / "python", "-m", "pip", "install", "--no-compile")
            _run(
                *pip, "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", LOCK_FILE
            )
            (folder / "complete").touch()
    return folder / "bin" / "tccli"


def _run(*words: str | Path) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    if done.returncode:
        raise RuntimeError(f"{words[1:3]} failed: {done.stderr}")
