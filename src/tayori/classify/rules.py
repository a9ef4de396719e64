"""The rules of `rules/bounce.toml` as values: what a refusal says, and what it means.

A rule decides by conditions that must all hold: provider, stage, reply code, enhanced code, words,
or a regular expression over the text. Nothing here can be slow on a hostile text: words are plain
searches, and a regular expression is accepted only if its repeats are bounded and do not nest.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tayori.classify.model import About, Action, BounceClass
from tayori.mail.outcome import Stage
from tayori.mail.reply import Reply

TEXT_LIMIT = 1000
"""Characters of a reply that rules look at."""

_LOOSE_CODE = re.compile(r"[#(\[ ]([45]\.\d{1,3}\.\d{1,3})\b")


@dataclass(frozen=True, slots=True)
class Said:
    """What a receiver said, prepared for matching: code, enhanced code, stage, plain text."""

    code: int
    enhanced: str
    stage: Stage
    text: str
    """Lower case, blanks single, at most TEXT_LIMIT characters."""


def said(reply: Reply, stage: Stage) -> Said:
    """Prepare a reply; an enhanced code inside the text, as qmail writes it, counts as well."""
    text = " ".join(reply.text[:TEXT_LIMIT].lower().split())
    enhanced = reply.enhanced
    if not enhanced:
        found = _LOOSE_CODE.search(text)
        # The first digit of both codes must agree, or it is a version number or an address.
        if found and found[1][0] == str(reply.code)[0]:
            enhanced = found[1]
    return Said(code=reply.code, enhanced=enhanced, stage=stage, text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule; empty conditions hold always. `examples` are the real replies that caused it.

    `providers` confine the rule to these receivers, unless it holds `anywhere` because its text
    cannot be mistaken. Codes are full ("550") or a class ("5"); words and pattern are lower case.
    """

    name: str
    bounce_class: BounceClass
    action: Action | None = None
    about: About | None = None
    retry_s: float | None = None
    providers: tuple[str, ...] = ()
    anywhere: bool = False
    stages: frozenset[Stage] = frozenset()
    codes: frozenset[str] = frozenset()
    enhanced: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    pattern: re.Pattern[str] | None = None
    examples: tuple[str, ...] = ()
    published: str = ""

    def matches(self, it: Said) -> bool:
        """Tell whether all conditions but the provider's hold."""
        if self.words and not any(word in it.text for word in self.words):
            return False
        if self.codes and str(it.code) not in self.codes and str(it.code)[0] not in self.codes:
            return False
        if self.enhanced and it.enhanced not in self.enhanced:
            return False
        if self.stages and it.stage not in self.stages:
            return False
        return self.pattern is None or self.pattern.search(it.text) is not None


class Ruleset:
    """Rules in the order in which they are asked; a value that is never changed.

    Layers come first to last, the operator's before the shipped one. In a layer a provider's own
    rules come before those that hold anywhere, and these before the general ones.
    """

    def __init__(
        self, layers: Iterable[Sequence[Rule]], aliases: Mapping[str, str] | None = None
    ) -> None:
        self.layers = tuple(tuple(layer) for layer in layers)
        self._aliases = {name.lower(): provider for name, provider in (aliases or {}).items()}
        named = {name for rule in self.rules for name in rule.providers}
        self._orders = {name: self._order(name) for name in named}
        self._general = self._order("")

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return all rules."""
        return tuple(rule for layer in self.layers for rule in layer)

    @property
    def providers(self) -> tuple[str, ...]:
        """Return the providers that have rules of their own."""
        return tuple(sorted(self._orders))

    def provider(self, name: str) -> str:
        """Return the provider's name for one of its other names, such as a domain."""
        lowered = name.strip().lower()
        return self._aliases.get(lowered, lowered)

    def find(self, it: Said, provider: str = "") -> Rule | None:
        """Return the first rule that holds."""
        order = self._orders.get(self.provider(provider), self._general)
        return next((rule for rule in order if rule.matches(it)), None)

    def _order(self, provider: str) -> tuple[Rule, ...]:
        ordered: list[Rule] = []
        for layer in self.layers:
            ordered += [rule for rule in layer if provider in rule.providers]
            ordered += [rule for rule in layer if rule.anywhere and provider not in rule.providers]
            ordered += [rule for rule in layer if not rule.providers]
        return tuple(ordered)
