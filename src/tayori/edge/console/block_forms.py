"""Blocks in a form: read in the order in which the browser sends them, and rearranged by buttons.

Each block has a name of its own, such as b3, which stays while it is moved:
`block=b3&kind.b3=text&text.b3=...`. `do` says which button was pressed: up:b3, down:b3, remove:b3,
add:text.
"""

import re
from typing import Final

from tayori.catalog.blocks.model import (
    LONGEST_TEXT,
    MOST_BLOCKS,
    Align,
    Block,
    Design,
    Kind,
    colour_of,
)
from tayori.edge.console.forms import Posted

_NAME: Final = re.compile(r"b([1-9][0-9]{0,3})\Z")
_LONGEST_URL: Final = 2_000
_SIZES: Final = {Kind.HEADING: (1, 2), Kind.SPACER: (8, 120)}
_USUAL_SIZES: Final = {Kind.HEADING: 1, Kind.SPACER: 24}

Named = list[tuple[str, Block]]
"""Blocks with their names in the form."""


def read_blocks(posted: Posted) -> Named:
    """Return the blocks of a form in their order; a block without a known kind is left out."""
    found: Named = []
    for name in posted.getlist("block")[:MOST_BLOCKS]:
        kind = posted.get(f"kind.{name}")
        known = {each for each, _ in found}
        if _NAME.match(name) and name not in known and kind in tuple(Kind):
            found.append((name, _block(posted, name, Kind(kind))))
    return found


def named(design: Design) -> Named:
    """Return the blocks of a stored design with new names."""
    return [(f"b{place}", block) for place, block in enumerate(design.blocks, 1)]


def arranged(blocks: Named, wish: str) -> Named:
    """Return the blocks after a button was pressed; a wish that makes no sense changes nothing."""
    act, _, what = wish.partition(":")
    if act == "add" and what in tuple(Kind) and len(blocks) < MOST_BLOCKS:
        return [*blocks, (_free(blocks), new_block(Kind(what)))]
    place = next((at for at, (name, _) in enumerate(blocks) if name == what), None)
    if place is None:
        return blocks
    rest = blocks[:place] + blocks[place + 1 :]
    if act == "remove":
        return rest
    to = {"up": place - 1, "down": place + 1}.get(act, place)
    return [*rest[: max(to, 0)], blocks[place], *rest[max(to, 0) :]]


def design_of(posted: Posted, blocks: Named) -> Design:
    """Return the design of a form."""
    return Design(
        blocks=tuple(block for _, block in blocks), accent=colour_of(posted.get("accent"))
    )


def new_block(kind: Kind, text: str = "", **values: str) -> Block:
    """Return a block as it is when it was just added."""
    align = Align.CENTER if kind in {Kind.BUTTON, Kind.FOOTER} else Align.LEFT
    return Block(
        kind=kind, text=text, align=align, size=_USUAL_SIZES.get(kind, 0), url=values.get("url", "")
    )


def _block(posted: Posted, name: str, kind: Kind) -> Block:
    align = posted.get(f"align.{name}")
    return Block(
        kind=kind,
        text=posted.get(f"text.{name}")[:LONGEST_TEXT],
        second=posted.get(f"second.{name}")[:LONGEST_TEXT],
        url=posted.get(f"url.{name}").strip()[:_LONGEST_URL],
        link=posted.get(f"link.{name}").strip()[:_LONGEST_URL],
        align=Align(align) if align in tuple(Align) else Align.LEFT,
        size=_size(posted.get(f"size.{name}"), kind),
    )


def _size(text: str, kind: Kind) -> int:
    if kind not in _SIZES:
        return 0
    least, most = _SIZES[kind]
    ok = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    return min(max(int(text), least), most) if ok else _USUAL_SIZES[kind]


def _free(blocks: Named) -> str:
    return f"b{max((int(name[1:]) for name, _ in blocks), default=0) + 1}"
