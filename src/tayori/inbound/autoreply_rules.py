"""The rules of `rules/autoreply.toml`: which header or subject tells an answer of a program.

A file with a mistake is refused as a whole with the place and the reason. Nothing here can be slow
on a hostile subject: words are plain searches.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from tayori.config.rules import RuleFile, RuleFileError
from tayori.mail.returned import Returned
from tayori.runtime import log

FILE: Final = "autoreply.toml"
_BEFORE: Final = re.compile(
    r"(?:(?:re|aw|sv|antw|回复|回覆|答复|res|rif|odp)\s*[:\uff1a]\s*|[\[【(<《]+\s*)+",
    re.IGNORECASE,
)
"""What mail programs put before a subject, and brackets around its first word."""


class RuleKind(StrEnum):
    """What a rule may say about a mail."""

    AUTO_REPLY = "auto_reply"
    UNSUBSCRIBE = "unsubscribe"


class RuleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A [[rule]] as it is written; a list may be written as a single value."""

    name: str
    kind: RuleKind
    example: str
    published: str
    header: str | list[str] = ""
    values: list[str] = []
    begins: list[str] = []
    says: list[str] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRule:
    """One rule; conditions that are empty hold always. Words are lower case."""

    name: str
    kind: RuleKind
    headers: tuple[str, ...] = ()
    values: frozenset[str] = frozenset()
    begins: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    example: str = ""

    def matches(self, mail: Returned) -> bool:
        """Tell whether all conditions hold."""
        if self.headers and not any(self._holds(mail.header(name)) for name in self.headers):
            return False
        subject = mail.header("Subject").strip().lower()
        if self.begins and not self._begins(subject):
            return False
        return not self.says or any(word in subject for word in self.says)

    def _holds(self, value: str) -> bool:
        plain = re.split(r"[;( ]", value.strip().lower(), maxsplit=1)[0]
        return plain in self.values if self.values else bool(plain)

    def _begins(self, subject: str) -> bool:
        match = _BEFORE.match(subject)
        rest = subject[match.end() :] if match else subject
        return any(rest.startswith(word) and _ends(rest, word) for word in self.begins)


def _ends(subject: str, word: str) -> bool:
    """Tell whether a word that is all of ASCII ends where it was found: "baja" is not "bajaj"."""
    behind = subject[len(word) : len(word) + 1]
    return not (word.isascii() and word[-1].isalpha() and behind.isascii() and behind.isalpha())


class ReplyRules:
    """Rules in the order in which they are asked; a value that is never changed."""

    def __init__(self, rules: Iterable[ReplyRule]) -> None:
        self.rules = tuple(rules)

    def find(self, mail: Returned, kind: RuleKind) -> ReplyRule | None:
        """Return the first rule of a kind that holds."""
        return next((one for one in self.rules if one.kind is kind and one.matches(mail)), None)


def reply_rules(file: RuleFile) -> ReplyRules:
    """Return the operator's rules and the shipped ones behind them; RuleFileError."""
    shipped, own = file.read()
    own_rules = _rules(own, f"the operator's {FILE}")
    off = own.get("off", [])
    if not isinstance(off, list) or not all(isinstance(name, str) for name in off):
        raise RuleFileError(f"the operator's {FILE}: off is a list of names.")
    rules = _rules(shipped, FILE)
    unknown = set(off) - {rule.name for rule in rules}
    if unknown:
        raise RuleFileError(f"the operator's {FILE}: off: no rule is called {min(unknown)}.")
    taken = {rule.name for rule in own_rules} | set(off)
    return ReplyRules([*own_rules, *(rule for rule in rules if rule.name not in taken)])


@cache
def shipped_reply_rules() -> ReplyRules:
    """Return the shipped rules alone, read at the first use."""
    return reply_rules(RuleFile(FILE))


def _rules(tables: Mapping[str, Any], file: str) -> list[ReplyRule]:
    extra = set(tables) - {"rule", "off"}
    found = tables.get("rule", [])
    if extra or not isinstance(found, list):
        raise RuleFileError(
            f"{file}: rules are written as [[rule]]; nothing else but off is known."
        )
    rules: list[ReplyRule] = []
    for number, table in enumerate(found, 1):
        name = table.get("name", number) if isinstance(table, dict) else number
        try:
            rules.append(_rule(msgspec.convert(table, RuleTable)))
        except (msgspec.ValidationError, ValueError) as error:
            raise RuleFileError(f"{file}: rule {name}: {error}") from error
    names = [rule.name for rule in rules]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise RuleFileError(f"{file}: rule {twice}: the name is used twice.")
    return rules


def _rule(table: RuleTable) -> ReplyRule:
    headers = [table.header] if isinstance(table.header, str) else table.header
    rule = ReplyRule(
        name=table.name,
        kind=table.kind,
        headers=tuple(name for name in headers if name),
        values=frozenset(table.values),
        begins=tuple(table.begins),
        says=tuple(table.says),
        example=table.example,
    )
    words = [*rule.begins, *rule.says, *rule.values]
    if not (rule.headers or rule.begins or rule.says):
        raise ValueError("it has no condition: give header, begins or says.")
    if any(word != word.lower() or not word.strip() for word in words):
        raise ValueError("words are compared in lower case, so they must be written in lower case.")
    if not rule.matches(_example(rule)):
        raise ValueError(f"example: the rule does not match {rule.example!r}.")
    return rule


def _example(rule: ReplyRule) -> Returned:
    """Return the mail that an example stands for: a header line, or a subject."""
    if not rule.headers:
        return Returned(fields={"subject": rule.example})
    name, _, value = rule.example.partition(":")
    return Returned(fields={name.strip().lower(): value.strip()})


class AutoReplyRules:
    """The rules in force; `data_dir` may hold the operator's rules/autoreply.toml. RuleFileError.

    A file with a mistake is refused at the start; later it is logged and changes nothing.
    """

    def __init__(self, data_dir: Path | None = None) -> None:
        self._file = RuleFile(FILE, data_dir)
        self._file.changed()
        self.current: ReplyRules = reply_rules(self._file)

    def refresh(self) -> bool:
        """Take up changed files; tell whether the rules are others now."""
        if not self._file.changed():
            return False
        try:
            self.current = reply_rules(self._file)
        except RuleFileError as error:
            log.get("inbound").error("autoreply_rules_refused", error=str(error))
            return False
        log.get("inbound").info("autoreply_rules_read", rules=len(self.current.rules))
        return True
