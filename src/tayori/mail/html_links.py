"""Finds the links of an HTML document by their places, so that everything else stays as it is.

The document is read as browsers read it (HTML Living Standard 13.2.5), as far as tags, attributes,
comments and elements of raw text go: what only looks like a link in a comment, a script or another
attribute is none. Any text gives a result, in time linear to its length.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import Final

from tayori.mail.html_references import numbered

UNTRACKED: Final = frozenset({"data-no-track", "ses:no-track"})
"""An attribute of this name keeps a link as it is; the second is known from another service."""

_WS: Final = r" \t\n\f\r"
_VALUE: Final = rf"""(?:"[^"]*+"|'[^']*+'|[^{_WS}>"'][^{_WS}>]*+)"""
_ATTRIBUTE: Final = rf"=?+[^{_WS}/>=]++(?:[{_WS}]*+=[{_WS}]*+{_VALUE}?+)?+|="
_MARKUP: Final = re.compile(
    rf"<(?:!--(?:-?>|.*?--!?>|.*\Z)|(/?)([a-zA-Z][^{_WS}/>]*+)((?:[{_WS}/]++|{_ATTRIBUTE})*+)>"
    r"|[!?/][^>]*+>?)",
    re.DOTALL,
)
_BEGINS_TAG: Final = re.compile(r"</?[a-zA-Z]")
_ONE_ATTRIBUTE: Final = re.compile(
    rf"""(=?+[^{_WS}/>=]++|=)(?:[{_WS}]*+=[{_WS}]*+(?:"([^"]*+)"|'([^']*+)'|([^{_WS}>"'][^{_WS}>]*+))?+)?+"""
)
_RAW_TEXT: Final = frozenset(
    {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}
)
_LINKED: Final = frozenset({"a", "area"})
_REFERENCE: Final = re.compile(r"&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z][a-zA-Z0-9]*;?)")
_LONGEST_BARE: Final = 6
"""Characters of the longest name that is read without its semicolon."""
_OUTSIDE: Final = "".join(map(chr, range(0x21)))
_INSIDE: Final = str.maketrans("", "", "\t\n\r")
_WEB: Final = re.compile(r"https?://[^/]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """Where the value of a link's href stands in the document, without its quotes."""

    start: int
    end: int
    quoted: bool


@dataclass(frozen=True, slots=True)
class Document:
    """The links in order, and where something is added at the end of what is shown."""

    links: tuple[Link, ...]
    end: int


def find_links(text: str) -> Document:
    """Return the places of all links of a document that do not ask to be left alone."""
    links: list[Link] = []
    end = 0
    place = 0
    while (place := text.find("<", place)) >= 0:
        found = _MARKUP.match(text, place)
        if found is None:
            if _BEGINS_TAG.match(text, place):
                break  # A tag that never ends swallows the rest.
            place += 1
            continue
        place = found.end()
        name = (found[2] or "").lower()
        if found[1]:
            # What stands behind the end of the body is shown at its end.
            if name == "body" or (name == "html" and not end):
                end = found.start()
        elif name in _LINKED:
            links += _links_of(text, found.span(3))
        elif name in _RAW_TEXT:
            place = _behind_raw_text(text, name, place)
        elif name == "plaintext":
            break
    return Document(tuple(links), end or len(text))


def link_target(value: str) -> str:
    """Return the address that a browser takes from an href, "" unless it is of http or https."""
    target = unescape_attribute(value).strip(_OUTSIDE).translate(_INSIDE)
    return target if _WEB.match(target) else ""


def unescape_attribute(value: str) -> str:
    """Return an attribute's value with its character references read (13.2.5.73).

    In attributes `&copy=1` is no reference: the text of old addresses counts.
    """
    if "&" not in value:
        return value
    return _REFERENCE.sub(_character, value)


def _links_of(text: str, attributes: tuple[int, int]) -> Iterator[Link]:
    link: Link | None = None
    for found in _ONE_ATTRIBUTE.finditer(text, *attributes):
        name = found[1].lower()
        if name in UNTRACKED:
            return
        if name == "href" and link is None:
            number = found.lastindex or 0
            # The first href counts; one without a value leads nowhere.
            link = Link(*found.span(number), quoted=number in {2, 3}) if number > 1 else None
    if link is not None:
        yield link


def _behind_raw_text(text: str, name: str, place: int) -> int:
    closing = _closing(name).search(text, place)
    return closing.start() if closing else len(text)


def _closing(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[{_WS}/>])", re.IGNORECASE)


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name.startswith("#"):
        return numbered(found[0])
    if name.endswith(";") and name in html5:
        return html5[name]
    for length in range(min(_LONGEST_BARE, len(name)), 1, -1):
        if name[:length] in html5:
            following = name[length:] or found.string[found.end() : found.end() + 1]
            if following[:1].isalnum() or following[:1] == "=":
                return found[0]
            return html5[name[:length]] + name[length:]
    return found[0]
