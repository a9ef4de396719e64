"""Reads settings from a TOML file and the environment; a wrong one stops the program.

Precedence: environment over file over default. `TAYORI_SECTION_KEY` sets `section.key`,
`TAYORI_DATA_DIR` sets `data_dir`; lists are comma-separated or JSON.
"""

import difflib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tayori.config.billing import trouble_with_prices
from tayori.config.sources import trouble_with_sources
from tayori.config.tree import Settings
from tayori.runtime.trouble import Trouble

ENVIRONMENT_PREFIX = "TAYORI_"
TESTING_PREFIX = "TAYORI_TESTING__"


class ConfigError(Trouble):
    """The settings cannot be used; the message is a sentence for the operator."""


def load(file: Path | None, environment: Mapping[str, str]) -> Settings:
    """Return the settings; ConfigError names the key and what to do."""
    raw = _read(file) if file else {}
    _refuse_unknown(raw, str(file))
    for name, text in sorted(environment.items()):
        if name.startswith(ENVIRONMENT_PREFIX) and not name.startswith(TESTING_PREFIX):
            _apply(raw, name, text)
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"A setting is wrong: {_readable(str(error))}.") from error
    return _checked(settings)


def _read(file: Path) -> dict[str, Any]:
    try:
        return msgspec.toml.decode(file.read_bytes(), type=dict[str, Any])
    except OSError as error:
        raise ConfigError(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {file} is not valid TOML: {error}.") from error


def sections() -> dict[str, type[msgspec.Struct]]:
    """Return the sections of the tree by name."""
    fields = msgspec.structs.fields(Settings)
    return {f.name: f.type for f in fields if isinstance(f.type, type)}


def _keys(section: type[msgspec.Struct]) -> list[str]:
    return [field.name for field in msgspec.structs.fields(section)]


def _refuse_unknown(raw: Mapping[str, Any], where: str) -> None:
    known = sections()
    for name, value in raw.items():
        if name == "data_dir":
            continue
        if name not in known:
            raise ConfigError(_unknown(name, [*known, "data_dir"], where))
        if not isinstance(value, dict):
            raise ConfigError(f"In {where}, [{name}] must be a table of keys.")
        for key in value:
            if key not in _keys(known[name]):
                choices = [f"{name}.{choice}" for choice in _keys(known[name])]
                raise ConfigError(_unknown(f"{name}.{key}", choices, where))


def _unknown(name: str, choices: list[str], where: str) -> str:
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(sorted(choices))}."
    return f"The setting {name} in {where} does not exist. {hint}"


def _apply(raw: dict[str, Any], variable: str, text: str) -> None:
    name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
    if name == "data_dir":
        raw["data_dir"] = text
        return
    for section, tree in sections().items():
        key = name.removeprefix(f"{section}_")
        if key != name and key in _keys(tree):
            kind = next(f.type for f in msgspec.structs.fields(tree) if f.name == key)
            raw.setdefault(section, {})[key] = _value(text, "tuple[" in str(kind))
            return
    choices = [f"{s}_{k}" for s, tree in sections().items() for k in _keys(tree)]
    raise ConfigError(_unknown(name, choices, f"the environment variable {variable}"))


def _value(text: str, many: bool) -> Any:  # noqa: FBT001 - one private caller
    if not many:
        return text
    if text.startswith("["):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise ConfigError(f"The list {text} is not valid JSON: {error}.") from error
    return [part.strip() for part in text.split(",") if part.strip()]


def _readable(error: str) -> str:
    return error.replace("`$.", "`").replace(" - at", ", at")


def _checked(settings: Settings) -> Settings:
    try:
        ZoneInfo(settings.service.timezone)
    except (KeyError, OSError, ValueError) as error:
        raise ConfigError(
            f"service.timezone {settings.service.timezone!r} is no IANA time zone."
        ) from error
    if bool(settings.submission.cert_file) != bool(settings.submission.key_file):
        raise ConfigError(
            "submission.cert_file and submission.key_file are set together or not at all."
        )
    if settings.policy.level_per_day and len(settings.policy.level_per_day) != 20:  # noqa: PLR2004 - levels 1 to 20
        raise ConfigError("policy.level_per_day needs 20 numbers, one per level, or none.")
    if settings.database.url and not settings.database.url.startswith(
        ("postgresql://", "sqlite://")
    ):
        raise ConfigError(
            "database.url must begin with postgresql:// or be empty for the embedded one."
        )
    for day in (*settings.review.holidays, *settings.review.extra_workdays):
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise ConfigError(f"review: {day} is no day of the calendar.") from error
    if settings.doors.processes > 1 and settings.delivery.processes == 0:
        raise ConfigError(
            "doors.processes is more than 1 only where delivery.processes is 1 or more: with 0 the "
            "server is one process."
        )
    trouble = trouble_with_sources(settings.delivery) or trouble_with_prices(settings.billing)
    if trouble:
        raise ConfigError(trouble)
    return settings
