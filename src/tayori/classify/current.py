"""The bounce rules in force: read once, and again when a file has changed.

Failure rules: a file with an error is refused as a whole at the start; later it is logged and the
rules stay as they were.
"""

from pathlib import Path

from tayori.classify.rule_file import FILE, ruleset
from tayori.classify.rules import Ruleset
from tayori.config.rules import RuleFile, RuleFileError
from tayori.runtime import log


class BounceRules:
    """Holds a `Ruleset`; `data_dir` may hold the operator's rules/bounce.toml. RuleFileError."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._file = RuleFile(FILE, data_dir)
        self._file.changed()
        self.current: Ruleset = ruleset(self._file)

    def refresh(self) -> bool:
        """Take up changed files; a mistake in them is logged and changes nothing."""
        if not self._file.changed():
            return False
        try:
            self.current = ruleset(self._file)
        except RuleFileError as error:
            log.get("classify").error("bounce_rules_refused", error=str(error))
            return False
        log.get("classify").info("bounce_rules_read", rules=len(self.current.rules))
        return True
