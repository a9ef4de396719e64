"""Hosts that hide where a link leads, and whether two hosts belong to one owner (pure)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from tayori.config.rules import RuleFileError
from tayori.screen.page import host_of

_SECOND_LEVEL: Final = frozenset(
    {"ac", "ad", "co", "com", "ed", "edu", "go", "gov", "gr", "lg", "mil", "ne", "net", "or", "org"}
)
"""Labels under which registries of countries give out names, as in `example.co.jp`."""


_NO_ADDRESS_WITHIN: Final = re.compile(r"[^?]*(?:\?(?:(?!www\.)[^:%])*)?\Z", re.IGNORECASE)
"""A URL whose query can hold no other one: it has no scheme, nothing encoded, and no `www.`."""
_COUNTRY_CODE: Final = 2
"""Letters of a country's top-level domain."""


@dataclass(frozen=True, slots=True)
class Hosts:
    """The lists of `rules/words/hosts.toml`."""

    shorteners: frozenset[str]
    redirectors: frozenset[str]
    parameters: frozenset[str]

    def shortener(self, url: str) -> str:
        """Return the host of a URL when it is a shortener's, else ""."""
        host = host_of(url)
        return "" if self.shorteners.isdisjoint(_parents(host)) else host

    def redirects_to(self, url: str) -> str:
        """Return the other host that a URL passes its reader on to, "" when it does not."""
        if _NO_ADDRESS_WITHIN.match(url):
            return ""
        try:
            parts = urlsplit(url.strip())
            query = parse_qsl(parts.query)
        except ValueError:
            return ""
        host = host_of(url)
        known = any(
            name in self.redirectors or f"{name}{parts.path}" in self.redirectors
            for name in _parents(host)
        )
        for name, value in query:
            other = host_of(value)
            if other and (known or (name.lower() in self.parameters and not related(host, other))):
                return other
        return ""


def related(first: str, second: str) -> bool:
    """Tell whether two hosts lie in one organisation's domain."""
    return organisation(first) == organisation(second)


@lru_cache(maxsize=4_096)
def organisation(host: str) -> str:
    """Return the part of a host name that somebody registered, such as `example.co.jp`.

    Without the list of all public suffixes: two labels, or three below a country's second level.
    """
    labels = host.lower().removesuffix(".").split(".")
    country = len(labels[-1]) == _COUNTRY_CODE and _SECOND_LEVEL.issuperset(labels[-2:-1])
    return ".".join(labels[-3:] if country else labels[-2:])


def read_hosts(layers: Iterable[Mapping[str, Any]]) -> Hosts:
    """Read the shipped lists and an operator's; RuleFileError."""
    found: dict[str, set[str]] = {"shorteners": set(), "redirectors": set(), "parameters": set()}
    for tables in layers:
        for name, lists in tables.items():
            if name not in {"shorteners", "redirectors"} or not isinstance(lists, Mapping):
                raise RuleFileError(f"Hosts: {name} is not shorteners or redirectors.")
            found[name].update(_texts(name, lists, "hosts"))
            found[name].difference_update(_texts(name, lists, "without"))
            found["parameters"].update(_texts(name, lists, "parameters"))
    return Hosts(**{name: frozenset(texts) for name, texts in found.items()})


def _texts(table: str, lists: Mapping[str, Any], key: str) -> Sequence[str]:
    texts = lists.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise RuleFileError(f"Hosts: {key} of {table} is a list of texts.")
    return [text.lower() for text in texts]


@lru_cache(maxsize=4_096)
def _parents(host: str) -> tuple[str, ...]:
    labels = host.split(".")
    return tuple(".".join(labels[place:]) for place in range(len(labels)))
