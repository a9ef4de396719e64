"""Which fetches of pixels and links are made by machines (rules/machines.toml).

Failure rules: a file with an error is refused as a whole at the start; later it is logged and the
rules stay as they were.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from tayori.config.rules import RuleFile, RuleFileError
from tayori.runtime import log

MACHINE_RULES: Final = "machines.toml"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class MachineRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule as it stands in the file."""

    name: str
    useragent: str = ""
    networks: tuple[str, ...] = ()
    why: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of machine; None and no networks match anything."""

    name: str
    useragent: re.Pattern[str] | None
    networks: tuple[Network, ...]

    def matches(self, useragent: str, address: str) -> bool:
        """Tell whether a client is one of this kind."""
        if self.useragent is not None and not self.useragent.search(useragent):
            return False
        return not self.networks or _within(address, self.networks)


class Machines:
    """The rules in force; `data_dir` may hold the operator's rules/machines.toml. RuleFileError."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._file = RuleFile(MACHINE_RULES, data_dir)
        self._file.changed()
        self._machines = read_machines(self._file)

    def name(self, useragent: str, address: str) -> str:
        """Return the machine's name, "" when it may be a reader."""
        for machine in self._machines:
            if machine.matches(useragent, address):
                return machine.name
        return ""

    def refresh(self) -> None:
        """Take up changed files; a mistake in them is logged and changes nothing."""
        if not self._file.changed():
            return
        try:
            self._machines = read_machines(self._file)
        except RuleFileError as error:
            log.get("inbound").error("machine_rules_refused", error=str(error))


def read_machines(file: RuleFile) -> list[Machine]:
    """Return the operator's rules and then the shipped ones; RuleFileError."""
    shipped, own = file.read()
    return [_machine(rule) for rule in (*read_rules(own), *read_rules(shipped))]


def read_rules(table: Mapping[str, Any]) -> tuple[MachineRule, ...]:
    """Return the rules of one file; RuleFileError."""
    try:
        return msgspec.convert(table.get("machine", ()), tuple[MachineRule, ...])
    except msgspec.ValidationError as error:
        raise RuleFileError(f"The rules {MACHINE_RULES} cannot be used: {error}.") from error


def _machine(rule: MachineRule) -> Machine:
    if not rule.useragent and not rule.networks:
        raise RuleFileError(f"In {MACHINE_RULES}, {rule.name} has neither useragent nor networks.")
    try:
        pattern = re.compile(rule.useragent, re.IGNORECASE) if rule.useragent else None
        networks = tuple(ipaddress.ip_network(one, strict=False) for one in rule.networks)
    except (re.error, ValueError) as error:
        raise RuleFileError(f"In {MACHINE_RULES}, {rule.name}: {error}.") from error
    return Machine(rule.name, pattern, networks)


def _within(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
