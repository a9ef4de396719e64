"""Numbers of rows as strangers give them: in paths, in queries and in forms.

A number that no database could hold names nothing: a path with one is no page, and `read_key`
tells that there is none. So no query is ever asked for it.
"""

from typing import Final

from starlette.convertors import Convertor, register_url_convertor

_DIGITS: Final = 18
"""Every number of so many digits fits into 63 bits."""


class KeyConvertor(Convertor[int]):
    """What `{id:key}` in a page's path takes."""

    regex = f"[0-9]{{1,{_DIGITS}}}"

    def convert(self, value: str) -> int:
        """Return the number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """Return the number as a path has it."""
        return str(value)


def take_keys_in_paths() -> None:
    """Let Starlette know `{id:key}`; it keeps its kinds of holes for the whole process."""
    register_url_convertor("key", KeyConvertor())


def read_key(text: str) -> int | None:
    """Return the number that a text is, None for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
