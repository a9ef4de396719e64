"""The slow and explaining way to read parameters: by shape, one value at a time.

A shape is made once from an action's request type. Reading a tree of values against it gives the
same tree with texts turned into the numbers and flags that the type wants, or a refusal that names
the first parameter that is wrong. The fast way (decoding JSON straight into the type) comes first;
this one explains what it refused, and reads flattened parameters, whose values are all texts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec import inspect

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say

LARGEST: Final = 2**63 - 1
"""The largest whole number that a parameter may hold."""
_INTEGER: Final = re.compile(r"-?[0-9]{1,19}\Z")
_FLAGS: Final = {"true": True, "false": False, "1": True, "0": False}
_SHOWN_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class Text:
    """A string; `numbers` tells whether a whole number is taken for its digits."""

    numbers: bool = False


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `least` to LARGEST."""

    least: int


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Fields:
    """An object: shape and necessity of each member, in the order of the declaration."""

    members: Mapping[str, tuple["Shape", bool]]


Shape = Text | Integer | Flag | Items | Fields


def shape_of(request: type[msgspec.Struct]) -> Fields:
    """Return the shape of a request type; TypeError for a type that no parameter may have."""
    shape = _shape(inspect.type_info(request))
    if not isinstance(shape, Fields):
        raise TypeError(f"{request} is no structure.")
    return shape


def read(shape: Shape, value: Any, path: str = "", *, texts: bool = False) -> Any | Refusal:
    """Return `value` as the shape wants it, or why not.

    `texts` says that numbers and flags arrive as texts. `path` names the value, as in
    `Attachments.0.FileName`; it is "" for the whole request.
    """
    match shape:
        case Fields():
            return _read_fields(shape, value, path, texts=texts)
        case Items():
            return _read_items(shape, value, path, texts=texts)
        case Text():
            return _read_text(shape, value, path)
        case Integer():
            return _read_integer(shape, value, path, texts=texts)
        case Flag():
            return _read_flag(value, path, texts=texts)


def _shape(info: inspect.Type) -> Shape:
    match info:
        case inspect.UnionType(types=types):
            return _one_of([kind for kind in types if not isinstance(kind, inspect.NoneType)])
        case inspect.StrType():
            return Text()
        case inspect.IntType(ge=least):
            return Integer(-LARGEST if least is None else least)
        case inspect.BoolType():
            return Flag()
        case inspect.ListType(item_type=item):
            return Items(_shape(item))
        case inspect.StructType(fields=fields):
            return Fields({f.encode_name: (_shape(f.type), f.required) for f in fields})
        case _:
            raise TypeError(f"A parameter cannot be of type {info}.")


def _one_of(kinds: Sequence[inspect.Type]) -> Shape:
    if {type(kind) for kind in kinds} == {inspect.StrType, inspect.IntType}:
        return Text(numbers=True)
    if len(kinds) == 1:
        return _shape(kinds[0])
    raise TypeError(f"A parameter cannot be one of {kinds}.")


def _read_fields(shape: Fields, value: Any, path: str, *, texts: bool) -> Any | Refusal:
    if not isinstance(value, dict):
        return _wrong_type(path, say("an object"))
    for name in value:
        if name not in shape.members:
            return refuse(Code.UNKNOWN_PARAMETER, parameter=_join(path, str(name)[:_SHOWN_NAME]))
    found: dict[str, Any] = {}
    for name, (member, required) in shape.members.items():
        inner = _join(path, name)
        given = value.get(name)
        if given is None:
            if required:
                return refuse(Code.MISSING_PARAMETER, parameter=inner)
            continue
        result = read(member, given, inner, texts=texts)
        if isinstance(result, Refusal):
            return result
        found[name] = result
    return found


def _read_items(shape: Items, value: Any, path: str, *, texts: bool) -> Any | Refusal:
    if not isinstance(value, list):
        return _wrong_type(path, say("a list"))
    found = []
    for index, given in enumerate(value):
        result = read(shape.item, given, _join(path, str(index)), texts=texts)
        if isinstance(result, Refusal):
            return result
        found.append(result)
    return found


def _read_text(shape: Text, value: Any, path: str) -> str | Refusal:
    if isinstance(value, int) and not isinstance(value, bool) and shape.numbers:
        value = str(value)
    if not isinstance(value, str):
        return _wrong_type(path, say("a string"))
    if "\0" in value:
        return refuse(
            Code.INVALID_PARAMETER_VALUE, say("It contains a NUL character."), parameter=path
        )
    return value


def _read_integer(shape: Integer, value: Any, path: str, *, texts: bool) -> int | Refusal:
    if texts and isinstance(value, str):
        if not re.fullmatch(r"-?[0-9]+", value, re.ASCII):
            return _wrong_type(path, say("a whole number"))
        value = int(value) if _INTEGER.match(value) else LARGEST + 1
    if not isinstance(value, int) or isinstance(value, bool):
        return _wrong_type(path, say("a whole number"))
    if not shape.least <= value <= LARGEST:
        return refuse(
            Code.INVALID_PARAMETER_VALUE,
            say("It must be from {least} to {most}.", least=shape.least, most=LARGEST),
            parameter=path,
        )
    return value


def _read_flag(value: Any, path: str, *, texts: bool) -> bool | Refusal:
    if texts and isinstance(value, str):
        value = _FLAGS.get(value.lower())
    return value if isinstance(value, bool) else _wrong_type(path, say("true or false"))


def _wrong_type(path: str, wanted: Saying) -> Refusal:
    if not path:
        return refuse(
            Code.INVALID_PARAMETER,
            say("The request must be {wanted}.", wanted=wanted),
            parameter="body",
        )
    return refuse(
        Code.INVALID_PARAMETER, say("It must be {wanted}.", wanted=wanted), parameter=path
    )


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
