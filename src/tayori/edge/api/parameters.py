"""Parameters as texts: URL-encoded pairs and flattened names.

Nothing here raises for what a stranger sent: a text that cannot be read gives a refusal that names
the parameter, and no more is kept than was sent.
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

MAX_DEPTH: Final = 8
"""Dots in a flattened name, more than any parameter of the API has."""
_INDEX: Final = re.compile(r"[0-9]{1,6}\Z")
_SHOWN: Final = 100


def read_pairs(encoded: bytes) -> dict[str, str] | Refusal:
    """Read `a=1&b=2` with percent escapes and plus signs for spaces, as UTF-8."""
    found: dict[str, str] = {}
    for piece in encoded.split(b"&"):
        if not piece:
            continue
        raw_name, _, raw_value = piece.replace(b"+", b" ").partition(b"=")
        name = _decode(raw_name)
        if name is None:
            return refuse(Code.INVALID_PARAMETER, say("A name is not UTF-8."), parameter="?")
        value = _decode(raw_value)
        if value is None:
            return refuse(
                Code.INVALID_PARAMETER, say("Its value is not UTF-8."), parameter=name[:_SHOWN]
            )
        if name in found:
            return refuse(
                Code.INVALID_PARAMETER, say("It is given twice."), parameter=name[:_SHOWN]
            )
        found[name] = value
    return found


def unflatten(pairs: Mapping[str, str]) -> dict[str, Any] | Refusal:
    """Turn `{"A.0.B": "x"}` into `{"A": [{"B": "x"}]}`; lists keep the order of their numbers.

    Numbers may be missing, since clients leave out what is not set.
    """
    tree: dict[str, Any] = {}
    for name, value in pairs.items():
        path = name.split(".")
        if len(path) > MAX_DEPTH:
            return refuse(Code.UNKNOWN_PARAMETER, parameter=name[:_SHOWN])
        node: Any = tree
        for step in path[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                return _two_kinds(name)
        if path[-1] in node:
            return _two_kinds(name)
        node[path[-1]] = value
    return {name: _listed(value) for name, value in tree.items()}


def _listed(node: Any) -> Any:
    """Return the tree with every object of numbered members as a list."""
    if not isinstance(node, dict):
        return node
    if all(_INDEX.match(name) for name in node):
        return [_listed(node[name]) for name in sorted(node, key=int)]
    return {name: _listed(value) for name, value in node.items()}


def _two_kinds(name: str) -> Refusal:
    return refuse(
        Code.INVALID_PARAMETER,
        say("It is given as a value and with parts."),
        parameter=name[:_SHOWN],
    )


def _decode(raw: bytes) -> str | None:
    try:
        return unquote_to_bytes(raw).decode() if b"%" in raw else raw.decode()
    except UnicodeDecodeError:
        return None
