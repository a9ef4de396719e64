"""The rule files of the repository's `rules/` folder, and an operator's additions to them.

A rule file is data (TOML). The shipped one travels with the package; an operator's file of the same
name in `<data_dir>/rules` is laid over it by whoever reads the rules. A `RuleFile` tells when
either of them has changed, so that rules are taken up without a restart.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tayori.runtime.trouble import Trouble

_INSTALLED = Path(__file__).resolve().parents[1] / "rules"
_CHECKED_OUT = Path(__file__).resolve().parents[3] / "rules"
OWN_RULES = "rules"
"""The operator's folder inside the data directory."""


class RuleFileError(Trouble):
    """A rule file cannot be read; the message names file and place."""


class RuleFile:
    """One rule file by name, such as "shaping.toml"; `data_dir` may hold the operator's."""

    def __init__(self, name: str, data_dir: Path | None = None) -> None:
        self._shipped = shipped(name)
        self._own = data_dir / OWN_RULES / name if data_dir else None
        self._seen: tuple[float, float] | None = None

    def changed(self) -> bool:
        """Tell whether a file differs from when this was asked last; the first answer is yes."""
        seen = (_modified(self._shipped), _modified(self._own))
        differs, self._seen = seen != self._seen, seen
        return differs

    def read(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return the shipped tables and the operator's, {} without any; RuleFileError."""
        own = self._own if self._own is not None and self._own.exists() else None
        return _parsed(self._shipped), _parsed(own) if own else {}


def shipped(name: str) -> Path:
    """Return the path of a rule file that comes with the package."""
    return next((at / name for at in (_INSTALLED, _CHECKED_OUT) if at.exists()), _INSTALLED / name)


def _modified(path: Path | None) -> float:
    try:
        return path.stat().st_mtime if path else 0.0
    except OSError:
        return 0.0


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RuleFileError(f"The rules {path} cannot be read: {error}") from error
