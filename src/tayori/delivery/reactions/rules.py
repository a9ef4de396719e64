"""The rules of reactions: `rules/reactions.toml` with the operator's file laid over it. Pure.

A rule names what receivers say (any of provider, bounce class, action, classification rule, text),
how often within which time, where it holds and what is done then. A rule that cannot be read is an
error with its name; the rules in force stay as they are meanwhile.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from tayori.classify.model import About, Action, BounceClass, Verdict
from tayori.config.rules import RuleFileError
from tayori.delivery.reactions.model import Effect, Scope, step_of
from tayori.mail.outcome import Kind, Outcome, Stage
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND

FILE = "reactions.toml"
PAUSE_MS = 10 * MINUTE
MOST_COUNTED = 1_000
"""Largest threshold: so many times of a rule are kept for each place where it holds."""
UNSAID = "unsaid"
_TEXT_LIMIT = 1_000
_UNITS = {"s": SECOND, "second": SECOND, "min": MINUTE, "minute": MINUTE, "h": HOUR, "hour": HOUR}
_SPAN = re.compile(r"(\d+)?\s*(s|min|minute|h|hour|d|day)s?\Z")
_THRESHOLD = re.compile(r"(\d+) (?:in|per) (.+)\Z")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*\Z")


class Place(StrEnum):
    """Where a rule's reaction holds."""

    SOURCE_AND_PROVIDER = "source_provider"
    ACCOUNT_AND_PROVIDER = "account_provider"
    TASK = "task"


class _Written(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule as it is written."""

    provider: str | list[str] | None = None
    bounce_class: BounceClass | None = msgspec.field(name="class", default=None)
    action: Action | None = None
    rule: str | None = None
    about: str | list[str] | None = None
    text: str | None = None
    threshold: str = "at once"
    scope: Place
    pause: bool = False
    stop_task: bool = False
    tell_operator: bool = False
    rate_factor: float | None = None
    mails_per_minute: float | None = None
    connections: int | None = None
    mails_per_connection: int | None = None
    duration: str | None = None
    example: str = ""
    source: str = ""
    off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionRule:
    """One rule; what is None does not matter. `threshold` matches in `window_ms` are needed."""

    name: str
    providers: frozenset[str]
    """Any of them, or all receivers when it is empty."""
    bounce_class: BounceClass | None
    action: Action | None
    rule: str | None
    about: frozenset[str]
    """Whose doing it is, any of them; "unsaid" when the verdict tells nothing."""
    text: re.Pattern[str] | None
    threshold: int
    window_ms: int
    place: Place
    effect: Effect
    duration_ms: int
    example: str
    source: str

    @property
    def step_ms(self) -> int:
        """Return how long each step of the release lasts; what is only told fades at once."""
        return step_of(self.duration_ms) if self.effect != Effect() else 0

    def matches(self, provider: str, outcome: Outcome, verdict: Verdict) -> bool:
        """Tell whether a receiver's refusal is one of those that are meant."""
        return bool(matching((self,), provider, outcome, verdict))

    def fits(self, provider: str, text: str, verdict: Verdict) -> bool:
        """Tell whether all that the rule names agrees; `text` is the whole reply."""
        return (
            (not self.providers or provider in self.providers)
            and self.bounce_class in {None, verdict.bounce_class}
            and self.action in {None, verdict.action}
            and self.rule in {None, verdict.rule}
            and (not self.about or (verdict.about or UNSAID) in self.about)
            and (self.text is None or self.text.search(text) is not None)
        )

    def scope(
        self, *, source: str, destination: str, account_id: int | None, task_id: int | None
    ) -> Scope | None:
        """Return where it would hold; None when the refusal names no such place."""
        if self.place is Place.SOURCE_AND_PROVIDER:
            return Scope(source=source, destination=destination)
        if account_id is None:
            return None
        if self.place is Place.ACCOUNT_AND_PROVIDER:
            return Scope(destination=destination, account_id=account_id)
        return None if task_id is None else Scope(account_id=account_id, task_id=task_id)


def said_by_a_receiver(outcome: Outcome) -> bool:
    """Tell whether the reply is a peer's: our own texts never cause a reaction."""
    ours = {Stage.ENGINE, Stage.DNS}
    refused = outcome.kind is not Kind.DELIVERED
    return refused and outcome.reply is not None and outcome.stage not in ours


def rules_of(shipped: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[ReactionRule, ...]:
    """Return the rules in force; RuleFileError names the one that cannot be used.

    An operator's table of the same name changes the keys that it has; `off = true` ends a rule, and
    `shipped = false` above all tables ends all that are shipped.
    """
    tables = dict(own)
    use_shipped = tables.pop("shipped", True)
    if not isinstance(use_shipped, bool):
        raise RuleFileError("The key shipped of the reaction rules is true or false.")
    merged: dict[str, Any] = dict(shipped) if use_shipped else {}
    for name, table in tables.items():
        known = merged.get(name)
        if isinstance(known, dict) and isinstance(table, dict):
            merged[name] = known | table
        else:
            merged[name] = table
    rules = [_rule(name, table) for name, table in merged.items()]
    return tuple(rule for rule in rules if rule is not None)


def _rule(name: str, table: Any) -> ReactionRule | None:
    if not _NAME.match(name):
        raise RuleFileError(f"The reaction rule {name} needs small letters, digits and hyphens.")
    try:
        written = msgspec.convert(table, _Written)
        return None if written.off else _checked(name, written)
    except (msgspec.ValidationError, re.error, ValueError) as error:
        raise RuleFileError(f"The reaction rule {name} cannot be used: {error}") from error


def _checked(name: str, written: _Written) -> ReactionRule:
    effect = _effect(written)
    conditions = (written.bounce_class, written.action, written.rule, written.text)
    if all(each is None for each in conditions):
        raise ValueError("it needs at least one of class, action, rule and text")
    threshold, window_ms = threshold_of(written.threshold)
    return ReactionRule(
        name=name,
        providers=_names(written.provider),
        bounce_class=written.bounce_class,
        action=written.action,
        rule=written.rule,
        about=_abouts(written.about),
        text=re.compile(written.text, re.IGNORECASE) if written.text is not None else None,
        threshold=threshold,
        window_ms=window_ms,
        place=written.scope,
        effect=effect,
        duration_ms=span_of(written.duration) if written.duration is not None else PAUSE_MS,
        example=written.example,
        source=written.source,
    )


def _names(provider: str | list[str] | None) -> frozenset[str]:
    return frozenset([provider] if isinstance(provider, str) else provider or ())


def _abouts(about: str | list[str] | None) -> frozenset[str]:
    named = _names(about)
    if unknown := named - {UNSAID, *About}:
        raise ValueError(f'about knows no "{min(unknown)}"')
    return named


def _effect(written: _Written) -> Effect:
    effect = Effect(
        pause=written.pause,
        stop_task=written.stop_task,
        rate_factor=written.rate_factor,
        mails_per_minute=written.mails_per_minute,
        connections=written.connections,
        mails_per_connection=written.mails_per_connection,
    )
    check_effect(effect, of_sites=written.scope is Place.SOURCE_AND_PROVIDER)
    if (effect == Effect()) is not written.tell_operator:
        raise ValueError("it needs something to do, or tell_operator alone")
    if written.stop_task and written.scope is not Place.TASK:
        raise ValueError('stop_task needs scope = "task"')
    return effect


def check_effect(effect: Effect, *, of_sites: bool) -> None:
    """Raise ValueError with a sentence for an effect that makes no sense."""
    limits = (effect.connections, effect.mails_per_connection)
    if any(limit is not None and limit < 1 for limit in limits):
        raise ValueError("connections and mails_per_connection are at least 1")
    if effect.rate_factor is not None and not 0 < effect.rate_factor < 1:
        raise ValueError("rate_factor lies between 0 and 1")
    if effect.mails_per_minute is not None and not effect.mails_per_minute > 0:
        raise ValueError("mails_per_minute is more than 0")
    if effect.kind == "slow" and not of_sites:
        raise ValueError("an account or a task can be paused only, not slowed")


def threshold_of(text: str) -> tuple[int, int]:
    """Return (count, window in ms) of "3 per hour", "5 in 30 min" or "at once"; ValueError."""
    if text == "at once":
        return 1, SECOND
    match = _THRESHOLD.match(text)
    if match is None or not 1 <= int(match[1]) <= MOST_COUNTED:
        raise ValueError(f'"{text}" is no threshold such as "3 per hour" or "at once"')
    return int(match[1]), span_of(match[2])


def span_of(text: str) -> int:
    """Return the milliseconds of "30 s", "10 min", "4 h" or "1 day"; ValueError."""
    match = _SPAN.match(text.strip())
    if match is None or match[1] == "0":
        raise ValueError(f'"{text}" is no time such as "10 min" or "4 h"')
    unit = match[2]
    return int(match[1] or 1) * _UNITS.get(unit, DAY)


def matching(
    rules: Sequence[ReactionRule], provider: str, outcome: Outcome, verdict: Verdict
) -> list[ReactionRule]:
    """Return the rules that a refusal counts for; none for what no receiver said."""
    if not said_by_a_receiver(outcome):
        return []
    text = str(outcome.reply)[:_TEXT_LIMIT]
    return [rule for rule in rules if rule.fits(provider, text, verdict)]
