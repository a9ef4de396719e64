"""Reads bounce rules out of the tables of a rule file and refuses what could not work.

Failure rules: a `RuleFileError` names file, rule and reason; nothing is taken of a file with an
error, so an operator's slip leaves the rules as they were.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from tayori.classify.expression import compiled
from tayori.classify.model import About, Action, BounceClass
from tayori.classify.rules import Rule, Ruleset, said
from tayori.config.rules import RuleFile, RuleFileError
from tayori.mail.outcome import Stage
from tayori.mail.reply import split_reply

FILE = "bounce.toml"
LONGEST_RETRY_S = 86_400
_CODE = re.compile(r"[45](?:\d\d|xx)")
_ENHANCED = re.compile(r"[45]\.\d{1,3}\.\d{1,3}")
_BLACKLISTING = frozenset({BounceClass.UNKNOWN_USER, BounceClass.INACTIVE})


class RuleTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"of": "class"}):
    """A [[rule]] as it is written; a list may be written as a single value."""

    name: str
    of: BounceClass
    published: str = ""
    example: str | list[str] = ""
    provider: str | list[str] = ""
    anywhere: bool = False
    stage: Stage | list[Stage] | None = None
    code: str | list[str] = ""
    enhanced: str | list[str] = ""
    says: str | list[str] = ""
    regex: str = ""
    action: Action | None = None
    about: About | None = None
    retry_s: float | None = None


def ruleset(file: RuleFile) -> Ruleset:
    """Return the rules of the shipped file and the operator's before them; RuleFileError.

    A rule of the operator's with a shipped name takes its place; `off` names shipped rules that
    are left out.
    """
    shipped, own = file.read()
    own_rules = _rules(own, "the operator's bounce.toml")
    taken = {rule.name for rule in own_rules} | set(_names(own, "off"))
    layer = [rule for rule in _rules(shipped, "bounce.toml") if rule.name not in taken]
    unknown = set(_names(own, "off")) - {rule["name"] for rule in shipped.get("rule", ())}
    if unknown:
        raise RuleFileError(f"the operator's bounce.toml: off: no rule is called {min(unknown)}.")
    return Ruleset((own_rules, layer), _aliases(shipped) | _aliases(own))


@cache
def shipped_rules() -> Ruleset:
    """Return the shipped rules alone, read at the first use."""
    return ruleset(RuleFile(FILE))


def _rules(tables: Mapping[str, Any], file: str) -> list[Rule]:
    extra = set(tables) - {"rule", "alias", "off"}
    if extra:
        raise RuleFileError(f"{file}: {min(extra)} is not known; rules are written as [[rule]].")
    found = tables.get("rule", [])
    if not isinstance(found, list):
        raise RuleFileError(f"{file}: rules are written as [[rule]], with two brackets.")
    names: set[str] = set()
    rules = []
    for number, table in enumerate(found, 1):
        where = f"{file}: rule {number}"
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            where = f"{file}: rule {table['name']}"
        try:
            rule = _rule(msgspec.convert(table, RuleTable))
        except (msgspec.ValidationError, ValueError) as error:
            raise RuleFileError(f"{where}: {error}") from error
        if rule.name in names:
            raise RuleFileError(f"{where}: the name is used twice.")
        names.add(rule.name)
        rules.append(rule)
    return rules


def _rule(table: RuleTable) -> Rule:
    stages = table.stage if isinstance(table.stage, list) else [table.stage]
    rule = Rule(
        name=table.name,
        bounce_class=table.of,
        action=table.action,
        about=table.about,
        retry_s=table.retry_s,
        providers=_several(table.provider),
        anywhere=table.anywhere,
        stages=frozenset(stage for stage in stages if stage is not None),
        codes=frozenset(_code(code) for code in _several(table.code)),
        enhanced=frozenset(_several(table.enhanced)),
        words=_several(table.says),
        pattern=compiled(table.regex) if table.regex else None,
        examples=_several(table.example),
        published=table.published,
    )
    _check(rule)
    _check_examples(rule)
    return rule


def _check(rule: Rule) -> None:
    if not rule.name:
        raise ValueError("a rule needs a name.")
    if not (rule.words or rule.pattern or rule.codes or rule.enhanced):
        raise ValueError("it has no condition: give says, regex, code or enhanced.")
    if any(word != word.lower() for word in rule.words):
        raise ValueError("says is compared in lower case, so it must be written in lower case.")
    bad = [code for code in rule.enhanced if not _ENHANCED.fullmatch(code)]
    if bad:
        raise ValueError(f"enhanced: {bad[0]} is not like 5.1.1.")
    if rule.anywhere and not rule.providers:
        raise ValueError("anywhere makes sense only for a provider's rule.")
    if rule.retry_s is not None and not 1 <= rule.retry_s <= LONGEST_RETRY_S:
        raise ValueError(f"retry_s must be between 1 and {LONGEST_RETRY_S}.")
    if rule.action is Action.FAIL_AND_BLACKLIST and rule.bounce_class not in _BLACKLISTING:
        raise ValueError("only unknown_user and inactive may put a recipient on the blacklist.")
    if Stage.ENGINE in rule.stages or Stage.DNS in rule.stages:
        raise ValueError("stage: engine and dns are our own words, which rules never judge.")


def _check_examples(rule: Rule) -> None:
    if not rule.examples:
        raise ValueError("it needs an example: the real reply that caused it.")
    stage = next(iter(sorted(rule.stages)), Stage.RCPT)
    for example in rule.examples:
        reply = split_reply(example)
        if reply is None:
            raise ValueError(f"example: {example!r} does not begin with a reply code 4xx or 5xx.")
        if not rule.matches(said(reply, stage)):
            raise ValueError(f"example: the rule does not match {example!r}.")


def _code(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError(f"code: {text} is not like 550 or 5xx.")
    return text.removesuffix("xx")


def _several(value: str | list[str]) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(value)


def _names(tables: Mapping[str, Any], key: str) -> list[str]:
    found = tables.get(key, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise RuleFileError(f"bounce.toml: {key} is a list of names.")
    return found


def _aliases(tables: Mapping[str, Any]) -> dict[str, str]:
    found = tables.get("alias", {})
    if not isinstance(found, dict):
        raise RuleFileError("bounce.toml: [alias] gives each provider a list of its other names.")
    return {name: provider for provider in found for name in _names(found, provider)}
