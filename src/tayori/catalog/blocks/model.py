"""Blocks as values, and as a template's version keeps them (JSON)."""

import re
from enum import StrEnum
from typing import Final

import msgspec

MOST_BLOCKS: Final = 60
LONGEST_TEXT: Final = 20_000
ACCENT: Final = "#0b6e75"
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}\Z")


class Kind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    TEXT = "text"
    IMAGE = "image"
    BUTTON = "button"
    COLUMNS = "columns"
    DIVIDER = "divider"
    SPACER = "spacer"
    FOOTER = "footer"


class Align(StrEnum):
    """On which side its content stands."""

    LEFT = "left"
    CENTER = "center"
    RIGHT = "right"


class Block(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One block.

    `text` is what it says: of a button its label, of an image its description, of two columns the
    left one; `second` is the right one. `url` is where an image lies or a button leads, `link`
    where an image leads. `size` is a heading's rank (1 or 2) or a spacer's height in pixels.
    """

    kind: Kind
    text: str = ""
    second: str = ""
    url: str = ""
    link: str = ""
    align: Align = Align.LEFT
    size: int = 0


class Design(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A mail out of blocks; `accent` is the colour of buttons and links, #rrggbb."""

    blocks: tuple[Block, ...] = ()
    accent: str = ACCENT


def encode_design(design: Design) -> str:
    """Return the design as it is kept."""
    return msgspec.json.encode(design).decode()


def decode_design(kept: str) -> Design | None:
    """Return a kept design; None for "" and for what no version of ours wrote."""
    try:
        return msgspec.json.decode(kept, type=Design) if kept else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def colour_of(text: str) -> str:
    """Return a colour as HTML writes it; the usual one for what is none."""
    return text.lower() if _COLOUR.match(text) else ACCENT
