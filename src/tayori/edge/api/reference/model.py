"""Reads the actions as they are registered: fields, types, sentences, examples.

The sentences are in `fields.toml`, by structure and field; what means the same everywhere stands
under `common`. The examples are in `examples.json`, in an order in which they can be run.
"""

import tomllib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from tayori.edge.api.actions.registry import ROWS, Row
from tayori.edge.api.call import Response
from tayori.edge.api.coerce import LARGEST

_COMMON = "common"
_PLAIN = {str: "text", int: "number", bool: "true or false", float: "number"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOf:
    """One field of a structure; `inner` is the structure that it holds, or holds a list of."""

    name: str
    kind: str
    required: bool
    sentence: str
    inner: type[msgspec.Struct] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A body that works, and what came back; "{today}" stands for the day."""

    action: str
    body: dict[str, Any]
    answer: dict[str, Any]


def response_of(row: Row) -> type[msgspec.Struct]:
    """Return the structure of an action's answer."""
    answer = get_type_hints(row.run)["return"]
    found: list[type[msgspec.Struct]] = [
        kind for kind in (*get_args(answer), answer) if _is_response(kind)
    ]
    return found[0]


def fields_of(structure: type[msgspec.Struct]) -> list[FieldOf]:
    """Return the fields as they are on the wire; LookupError when one has no sentence."""
    hints = get_type_hints(structure, include_extras=True)
    return [
        FieldOf(
            name=field.encode_name,
            kind=_kind(hints[field.name]),
            required=field.required,
            sentence=_sentence(structure, field.encode_name),
            inner=_inner(hints[field.name]),
        )
        for field in msgspec.structs.fields(structure)
    ]


def structures() -> Iterator[type[msgspec.Struct]]:
    """Return every structure of requests and answers, each once."""
    waiting = [kind for row in ROWS for kind in (row.request, response_of(row))]
    seen: set[type[msgspec.Struct]] = set()
    while waiting:
        structure = waiting.pop(0)
        if structure in seen:
            continue
        seen.add(structure)
        yield structure
        waiting += [field.inner for field in fields_of(structure) if field.inner is not None]


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """Return the examples in the order in which they can be run."""
    return msgspec.json.decode(resource("examples.json"), type=tuple[Example, ...])


@lru_cache(maxsize=1)
def sentences() -> dict[str, dict[str, str]]:
    """Return what is said of fields, by structure."""
    return tomllib.loads(resource("fields.toml").decode())


def _sentence(structure: type[msgspec.Struct], name: str) -> str:
    told = sentences()
    for place in (structure.__name__, _COMMON):
        if name in told.get(place, {}):
            return told[place][name]
    raise LookupError(f"{structure.__name__}.{name} has no sentence that says what it is for.")


def resource(name: str) -> bytes:
    """Return a file of this package."""
    return files(__package__).joinpath(name).read_bytes()


def _is_response(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Response)


def _parts(hint: Any) -> list[Any]:
    """Return what a type may be, without None and without its notes."""
    if get_origin(hint) is Annotated:
        return _parts(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return [part for one in get_args(hint) for part in _parts(one)]
    return [] if hint is type(None) else [hint]


def _kind(hint: Any) -> str:
    return " or ".join(_name(part) for part in _parts(hint)) + _range(hint)


def _name(part: Any) -> str:
    if get_origin(part) is list:
        return f"list of {_name(_parts(get_args(part)[0])[0])}s"
    return _PLAIN.get(part, "object")


def _range(hint: Any) -> str:
    for note in getattr(hint, "__metadata__", ()):
        if isinstance(note, msgspec.Meta):
            most = note.le if note.le is not None else (note.lt - 1 if note.lt else None)
            return f" {note.ge} to {most}" if most not in (None, LARGEST) else ""
    return next((_range(part) for part in get_args(hint) if _range(part)), "")


def _inner(hint: Any) -> type[msgspec.Struct] | None:
    for part in _parts(hint):
        one = _parts(get_args(part)[0])[0] if get_origin(part) is list else part
        if isinstance(one, type) and issubclass(one, msgspec.Struct):
            return one
    return None
