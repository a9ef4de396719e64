"""`{{name}}` variables in templates and subjects: split once, filled many times.

A name is a letter or underscore, then letters, digits, `_`, `-` or `.`; spaces inside the braces do
not matter. Braces that open and never close, or hold no name, are a fault that names the place.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tayori.refusal.saying import Saying, say

_HOLE: Final = re.compile(r"\{\{\s*([^\W\d][\w.-]*)\s*\}\}")
_SHOWN: Final = 30
MAX_NAME: Final = 128


@dataclass(frozen=True, slots=True)
class VariableFault:
    """Text whose braces are no variable; `place` is the offset in characters, `near` the text."""

    place: int
    near: str

    @property
    def sentence(self) -> str:
        """Return the sentence in English."""
        return self.saying.english

    @property
    def saying(self) -> Saying:
        """Return one sentence for the writer of the template."""
        return say(
            "The braces at character {place} are no variable: {near}",
            place=self.place + 1,
            near=self.near,
        )


@dataclass(frozen=True, slots=True)
class MissingVariable:
    """A variable without a value."""

    name: str


@dataclass(frozen=True)
class VariableText:
    """Text split at its variables: `constants` has one piece more than `names`."""

    constants: tuple[str, ...]
    names: tuple[str, ...]

    @cached_property
    def distinct(self) -> frozenset[str]:
        """Return the names that need a value."""
        return frozenset(self.names)

    def fill(self, values: Mapping[str, str], *, escape: bool = False) -> str | MissingVariable:
        """Return the text with values in place; `escape` makes them safe inside HTML."""
        pieces = [self.constants[0]]
        for name, constant in zip(self.names, self.constants[1:], strict=True):
            value = values.get(name)
            if value is None:
                return MissingVariable(name)
            pieces += (html.escape(value) if escape else value, constant)
        return "".join(pieces)


def split_variables(text: str) -> VariableText | VariableFault:
    """Return the text split at its variables, or what is wrong with its braces."""
    parts = _HOLE.split(text)
    constants, names = parts[0::2], parts[1::2]
    place = 0
    for number, constant in enumerate(constants):
        opened = constant.find("{{")
        if opened >= 0:
            return _fault(text, place + opened)
        place += len(constant)
        if number < len(names):
            if len(names[number]) > MAX_NAME:
                return _fault(text, place)
            place = text.index("}}", place) + 2
    return VariableText(tuple(constants), tuple(names))


def _fault(text: str, place: int) -> VariableFault:
    return VariableFault(place, text[place : place + _SHOWN])
