"""What is in the repository, read once for all rules."""

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Return every file that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    files = (ROOT / name for name in sorted(set(listed.stdout.splitlines())))
    return tuple(file for file in files if file.is_file())


def python_files(under: str) -> list[Path]:
    """Return the Python files below a folder of the repository."""
    folder = ROOT / under
    return [file for file in tracked() if file.suffix == ".py" and folder in file.parents]


@cache
def parsed(file: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(file.read_text())


def name_of(file: Path) -> str:
    """Return the path within the repository."""
    return str(file.relative_to(ROOT))


def imported(file: Path) -> set[str]:
    """Return the full names of modules that a file imports."""
    found = set()
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found
