"""Reads rules/shaping.toml and the operator's file over it, and notices when they change.

Failure rules: a mistake is a `RuleFileError` whose sentence names file, table and key. When rules
are read again while mail is under way, a mistake is logged and the rules before it stay.
"""

import difflib
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tayori.config.delivery import DeliverySettings
from tayori.config.rules import OWN_RULES, RuleFile, RuleFileError, shipped
from tayori.delivery.shaping import Layer, ProviderRule, Rate, Shaping, TlsDemand
from tayori.runtime import log
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND

FILE = "shaping.toml"
_PERIODS = {"s": SECOND, "min": MINUTE, "h": HOUR, "d": DAY}
_RATE = re.compile(r"([1-9][0-9]{0,8})/(s|min|h|d)")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_HOST = re.compile(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)+")
_MOST = 1_000_000


class _Wrong(Exception):  # noqa: N818 - it never leaves this module
    """A value is wrong; the message says what it must be."""


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        raise _Wrong(f"must be a whole number from 1 to {_MOST:,}")
    return value


def _rate(value: Any) -> Rate | None:
    if value == "none":
        return None
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _Wrong('must be a rate such as "10/s", "100/min", "2000/h" or "5000/d", or "none"')
    return Rate(int(found[1]), _PERIODS[found[2]])


def _seconds(value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or value < 0:
        raise _Wrong("must be a number of seconds from 0 on")
    return float(value)


def _tls(value: Any) -> TlsDemand:
    try:
        return TlsDemand(value)
    except ValueError:
        choices = ", ".join(f'"{choice.value}"' for choice in TlsDemand)
        raise _Wrong(f"must be one of {choices}") from None


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise _Wrong("must be a list of names")
    names = tuple(name.lower().rstrip(".") for name in value)
    for name in names:
        if not _HOST.fullmatch(name):
            raise _Wrong(f'contains {name!r}, which is no name such as "mx.example.com"')
    return names


_LIMITS: Mapping[str, Callable[[Any], Any]] = {
    "connections": _count,
    "connection_rate": _rate,
    "mail_rate": _rate,
}
_KEYS: Mapping[str, Callable[[Any], Any]] = {
    **_LIMITS,
    "mails_per_connection": _count,
    "recipients_per_mail": _count,
    "idle_s": _seconds,
    "tls": _tls,
}
_MEMBERS: Mapping[str, Callable[[Any], Any]] = {"hosts": _names, "domains": _names}
_TABLES = ("default", "provider", "domain", "source")


class _Reading:
    """One file on its way from tables to values."""

    def __init__(self, file: Path, tables: Mapping[str, Any]) -> None:
        self._file = file
        for name in tables:
            if name not in _TABLES:
                raise self._unknown("a table", name, _TABLES, "the file")
        self.default = self._table("[default]", tables.get("default", {}), _KEYS)
        self.providers = {
            name: self._provider(name, table) for name, table in self._named(tables, "provider")
        }
        self.domains = {
            name.lower().rstrip("."): self._table(f'[domain."{name}"]', table, _KEYS)
            for name, table in self._named(tables, "domain")
        }
        self.sources = {
            name: self._table(f"[source.{name}]", table, _KEYS)
            for name, table in self._named(tables, "source")
        }

    def _named(self, tables: Mapping[str, Any], kind: str) -> list[tuple[str, Any]]:
        given = tables.get(kind, {})
        if not isinstance(given, dict):
            raise RuleFileError(
                f"In {self._file}, [{kind}] must hold tables such as [{kind}.name]."
            )
        return list(given.items())

    def _provider(self, name: str, table: Any) -> dict[str, Any]:
        where = f"[provider.{name}]"
        if not _NAME.fullmatch(name):
            raise RuleFileError(
                f"In {self._file}, {where} must have a name of small letters, digits, _ and -."
            )
        if not isinstance(table, dict):
            return self._table(where, table, _KEYS)
        plain = {key: value for key, value in table.items() if key != "together"}
        values = self._table(where, plain, {**_KEYS, **_MEMBERS}, extra=("together",))
        inner = f"[provider.{name}.together]"
        together = self._table(inner, table.get("together", {}), _LIMITS)
        return values | {f"together.{key}": value for key, value in together.items()}

    def _table(
        self,
        where: str,
        table: Any,
        keys: Mapping[str, Callable[[Any], Any]],
        extra: tuple[str, ...] = (),
    ) -> dict[str, Any]:
        if not isinstance(table, dict):
            raise RuleFileError(f"In {self._file}, {where} must be a table of keys.")
        values = {}
        for key, value in table.items():
            if key not in keys:
                raise self._unknown("the key", key, (*keys, *extra), where)
            try:
                values[key] = keys[key](value)
            except _Wrong as wrong:
                raise RuleFileError(
                    f"In {self._file}, {where} {key} {wrong}, not {value!r}."
                ) from None
        return values

    def _unknown(self, what: str, name: str, choices: tuple[str, ...], where: str) -> RuleFileError:
        close = difflib.get_close_matches(name, choices, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(choices)}."
        return RuleFileError(f"In {self._file}, {where} has {what} {name} that is unknown. {hint}")


def read_shaping(
    file: RuleFile, data_dir: Path | None = None, settings: DeliverySettings | None = None
) -> Shaping:
    """Return the rules in force; RuleFileError names file, table and key of a mistake."""
    ours, theirs = file.read()
    own_path = (data_dir or Path()) / OWN_RULES / FILE
    base, over = _Reading(shipped(FILE), ours), _Reading(own_path, theirs)
    providers = {name: dict(values) for name, values in base.providers.items()}
    for name, values in over.providers.items():
        # A provider that only the operator knows is asked before the shipped ones.
        providers = (
            providers | {name: providers[name] | values}
            if name in providers
            else {name: values} | providers
        )
    _check_members(own_path if over.providers else shipped(FILE), providers)
    return Shaping(
        default=Layer(base.default | over.default | _overrides(settings)),
        providers=tuple(_rule(name, values) for name, values in providers.items()),
        domains=_laid_over(base.domains, over.domains),
        sources=_laid_over(base.sources, over.sources),
    )


def _check_members(file: Path, providers: Mapping[str, Mapping[str, Any]]) -> None:
    for name, values in providers.items():
        if not values.get("hosts") and not values.get("domains"):
            raise RuleFileError(
                f"In {file}, [provider.{name}] needs hosts or domains, else nobody belongs to it."
            )


def _rule(name: str, values: Mapping[str, Any]) -> ProviderRule:
    return ProviderRule(
        name=name,
        hosts=values.get("hosts", ()),
        domains=frozenset(values.get("domains", ())),
        layer=Layer({key: value for key, value in values.items() if key not in _MEMBERS}),
    )


def _laid_over(
    base: Mapping[str, dict[str, Any]], over: Mapping[str, dict[str, Any]]
) -> dict[str, Layer]:
    names = dict.fromkeys((*base, *over))
    return {name: Layer(base.get(name, {}) | over.get(name, {})) for name in names}


def _overrides(settings: DeliverySettings | None) -> dict[str, Any]:
    """Return what the settings say in place of the default; 0 or nothing leaves it."""
    if settings is None:
        return {}
    given = {
        "connections": settings.connections_per_site or None,
        "mails_per_connection": settings.mails_per_connection or None,
        "idle_s": settings.idle_s if settings.idle_s >= 0 else None,
    }
    return {key: value for key, value in given.items() if value is not None}


class LiveShaping:
    """The rules in force, read again when a file changed."""

    def __init__(
        self, data_dir: Path | None = None, settings: DeliverySettings | None = None
    ) -> None:
        """Read the rules; RuleFileError."""
        self._file = RuleFile(FILE, data_dir)
        self._data_dir = data_dir
        self._settings = settings
        self._file.changed()
        self.current = read_shaping(self._file, data_dir, settings)

    def refresh(self) -> bool:
        """Take up changed files; a mistake in them is logged and changes nothing."""
        if not self._file.changed():
            return False
        try:
            self.current = read_shaping(self._file, self._data_dir, self._settings)
        except RuleFileError as error:
            log.get("shaping").error("shaping_rules_refused", error=str(error))
            return False
        log.get("shaping").info("shaping_rules_read", providers=len(self.current.providers))
        return True
