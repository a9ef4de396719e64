"""The page `docs/configuration.md`, made from the settings tree.

`python -m tayori.config.reference` prints it; a test tells when the file is old.
"""

import sys
from collections.abc import Iterator
from typing import Annotated, TypeGuard, get_args, get_origin, get_type_hints

import msgspec

from tayori.config.load import sections
from tayori.config.tree import Settings

_HEAD = """\
# Settings

This page is generated: `python -m tayori.config.reference > docs/configuration.md`.

Settings come from a TOML file (`tayori serve --config FILE`) and from the environment, which wins.
`section.key` in the file is `TAYORI_SECTION_KEY` in the environment; lists are separated by commas
there, or JSON. A key that does not exist stops the program and names the one that was probably
meant. `tayori config check` reads the settings and says what is wrong, `tayori config show` prints
what is in force.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_top(), *(line for name in sections() for line in _section(name))])


def _top() -> Iterator[str]:
    (data_dir,) = (field for field in msgspec.structs.fields(Settings) if field.name == "data_dir")
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    yield _row("data_dir", data_dir.default, _sentence(Settings, "data_dir"))
    yield ""


def _section(name: str) -> Iterator[str]:
    tree = sections()[name]
    yield f"## {name}\n"
    yield f"{(tree.__doc__ or '').strip()}\n"
    yield "| setting | default | meaning |"
    yield "|---|---|---|"
    for field in msgspec.structs.fields(tree):
        yield _row(f"{name}.{field.name}", field.default, _sentence(tree, field.name))
        for item in _items(field.type):
            for key in msgspec.structs.fields(item):
                shown = f"{name}.{field.name}[].{key.name}"
                yield _row(shown, key.default, _sentence(item, key.name))
    yield ""


def _items(kind: object) -> Iterator[type[msgspec.Struct]]:
    """Return the tables that a setting lists, such as those of `[[delivery.sources]]`."""
    of_list = get_args(get_args(kind)[0]) if get_origin(kind) is Annotated else ()
    yield from (item for item in of_list if _is_table(item))


def _is_table(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, msgspec.StructMeta)


def _row(name: str, default: object, sentence: str) -> str:
    return f"| `{name}` | {_shown(default)} | {sentence} |"


def _shown(default: object) -> str:
    if default is msgspec.NODEFAULT:
        return "required"
    if default in ("", ()):
        return "empty"
    if isinstance(default, tuple):
        return ", ".join(f"`{item}`" for item in default)
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`"


def _sentence(tree: type[msgspec.Struct], name: str) -> str:
    for note in get_type_hints(tree, include_extras=True)[name].__metadata__:
        if isinstance(note, msgspec.Meta) and note.description:
            return note.description.replace("|", "\\|")
    raise LookupError(f"{tree.__name__}.{name} has no sentence that says what it is for.")


if __name__ == "__main__":
    sys.stdout.write(page())
