"""What people write into blocks: paragraphs, **bold** words and [links](https://shop.example/)."""

import re
from dataclasses import dataclass
from typing import Final

_MARK: Final = re.compile(r"\*\*(?P<bold>[^*\n]+)\*\*|\[(?P<label>[^\]\n]+)\]\((?P<url>[^()\s]+)\)")
_PARAGRAPH: Final = re.compile(r"\n\s*\n\s*")
_ADDRESS: Final = re.compile(r"(?:https?://|mailto:|tel:|\{\{)[^\s<>\"]+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """Words of one kind; `url` is "" for what is no link."""

    text: str
    bold: bool = False
    url: str = ""


def paragraphs(text: str) -> list[list[list[Piece]]]:
    """Return a text as paragraphs of lines of pieces; empty paragraphs are left out."""
    found = [part.strip("\n") for part in _PARAGRAPH.split(text)]
    return [[_pieces(line) for line in part.split("\n")] for part in found if part.strip()]


def safe_address(url: str) -> str:
    """Return an address that a mail may lead to, or "": web, mail, telephone, or a variable."""
    stripped = url.strip()
    return stripped if _ADDRESS.match(stripped) else ""


def _pieces(line: str) -> list[Piece]:
    found: list[Piece] = []
    place = 0
    for mark in _MARK.finditer(line):
        url = safe_address(mark["url"] or "")
        if mark["label"] is not None and not url:
            continue
        if mark.start() > place:
            found.append(Piece(line[place : mark.start()]))
        found.append(Piece(mark["bold"] or mark["label"], bold=mark["bold"] is not None, url=url))
        place = mark.end()
    if place < len(line):
        found.append(Piece(line[place:]))
    return found
