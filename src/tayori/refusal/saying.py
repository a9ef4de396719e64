"""Sayings: the service's own sentences as values, each told in the language of its reader.

A saying is an English template with named holes and what fills them. Its English is what logs,
events, commands and SMTP replies say; `telling.tell` says it in another language. Only what the
service says itself is a template: a receiver's reply or an operator's words fill a hole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

_MARK: Final = '{"say":'
"""How a kept saying begins; a plain text that begins with it is kept as the value of a hole."""
_QUOTED: Final = "{text}"
"""The template of a text that is not ours."""
BY_LANGUAGE: Final = "{en}"
"""The template of a sentence whose values are itself in each language, by their codes."""
_DEEPEST: Final = 8
"""Levels of sayings within sayings that are read back."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A template and the values of its holes, by name; without values it is taken literally.

    A value that is a saying is told in the reader's language, too; a text stays as it is.
    """

    template: str = ""
    values: "tuple[tuple[str, str | Saying], ...]" = ()

    @property
    def english(self) -> str:
        """Return the English sentence."""
        if not self.values:
            return self.template
        return self.template.format_map({name: str(value) for name, value in self.values})

    def __str__(self) -> str:
        return self.english

    def __bool__(self) -> bool:
        return bool(self.template)


NOTHING: Final = Saying()


def say(template: str, /, **values: object) -> Saying:
    """Return a saying of ours; values other than sayings are shown as text.

    The template stands there as a literal, so that the catalogues can be made from the sources.
    """
    filling = tuple(
        (name, value if isinstance(value, Saying) else str(value)) for name, value in values.items()
    )
    return Saying(template, filling)


def quote(text: str) -> Saying:
    """Return a text that is not ours, such as a receiver's reply, as a saying: never translated."""
    return Saying(_QUOTED, (("text", text),)) if text else NOTHING


def in_each_language(texts: Mapping[str, str]) -> Saying:
    """Return a sentence of ours whose translations come from a table of its own.

    `texts` are by languages' codes, "en" among them.
    """
    return Saying(BY_LANGUAGE, tuple(texts.items()))


def together(sayings: Iterable[Saying], between: str = " ") -> Saying:
    """Return several sayings as one, in their order."""
    said = [saying for saying in sayings if saying]
    if len(said) == 1:
        return said[0]
    names = [f"part{place}" for place in range(len(said))]
    template = between.join(f"{{{name}}}" for name in names)
    return Saying(template, tuple(zip(names, said, strict=True)))


def keep(said: Saying | str) -> str:
    """Return a saying as it is kept in a column: JSON, or its plain text where that says it all.

    A text that is not ours is kept as it is.
    """
    if isinstance(said, str) and not said.startswith(_MARK):
        return said
    saying = quote(said) if isinstance(said, str) else said
    plain = saying.english if saying.template == _QUOTED or not saying.values else _MARK
    if not plain.startswith(_MARK):
        return plain
    return msgspec.json.encode(_shape(saying if saying.values else quote(saying.template))).decode()


def recall(text: str) -> Saying:
    """Return what was kept; a text of an older version, or of somebody else, as it is."""
    if not text.startswith(_MARK):
        return Saying(text)
    try:
        return _read(msgspec.json.decode(text), _DEEPEST)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Saying(text)


def _shape(saying: Saying) -> dict[str, object]:
    values = {
        name: value if isinstance(value, str) else _shape(value) for name, value in saying.values
    }
    return {"say": saying.template, "with": values}


def _read(shape: object, deepest: int) -> Saying:
    if deepest == 0 or not isinstance(shape, dict):
        raise ValueError(shape)
    values = tuple(
        (str(name), value if isinstance(value, str) else _read(value, deepest - 1))
        for name, value in shape["with"].items()
    )
    read = Saying(str(shape["say"]), values)
    str(read)  # A template whose holes are not filled cannot be shown.
    return read
