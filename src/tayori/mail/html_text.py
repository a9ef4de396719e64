"""The text part of a mail made from its HTML.

A reader of the text should miss nothing but the looks: links keep their addresses, lists their
marks, tables their rows. Any input gives a text; nothing is fetched or run. The walk keeps its own
stack, so that no depth of nesting can exhaust the interpreter's, and a document nested deeper than
any honest one only loses its tags, because the parser's cost grows with the square of the depth.
"""

import re
from collections import Counter
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tayori.mail.html_references import unescape

_DROPPED: Final = frozenset(
    {"head", "script", "style", "template", "noscript", "title", "object", "svg", "-comment"}
)
_PARAGRAPHS: Final = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "blockquote", "table"}
)
_BLOCKS: Final = frozenset(
    {
        "address", "article", "aside", "center", "dd", "details", "div", "dt", "fieldset",
        "figcaption", "figure", "footer", "form", "header", "li", "main", "nav", "section",
        "summary", "tr", "caption",
    }
)  # fmt: skip
_HIDDEN: Final = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SPACES: Final = re.compile("[ \t\r\n\f\xa0]+")
_SCHEME: Final = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_NO_TARGET: Final = ("#", "javascript:", "data:")
_RULE: Final = "-" * 40
_CELL_GAP: Final = "  "
_MAX_DEPTH: Final = 1000
_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})")
_ANY_TAG: Final = re.compile(r"<[^<>]*>")
_NEVER_NESTED: Final = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr", "p", "li", "dd", "dt", "td", "th", "tr", "tbody", "thead", "tfoot",
        "option", "colgroup",
    }
)  # fmt: skip
"""Elements without content, and those that the next of their kind closes."""
_MAX_INDENTS: Final = 8
"""Deeper lists and quotes are not indented further: nobody reads them, and the text stays small."""


def text_from_html(html: str) -> str:
    """Return the text of an HTML document or fragment, lines separated by LF, without a last one.

    Links become `text (url)`, list items `- item` or `1. item`, the cells of a row stand on one
    line, images give their alternative text. Scripts, styles and hidden elements are left out.
    """
    if nested_too_deep(html):
        return _SPACES.sub(" ", unescape(_ANY_TAG.sub(" ", html))).strip()
    writer = _Writer()
    root = LexborHTMLParser(html.encode("utf-8", "replace")).root
    if root is None:
        return ""
    opened: list[LexborNode] = []
    node: LexborNode | None = root
    while node is not None:
        entered = writer.enter(node)
        child = node.child if entered else None
        if child is not None:
            opened.append(node)
            node = child
            continue
        if entered:
            writer.leave(node)
        while node.next is None and opened:
            node = opened.pop()
            writer.leave(node)
        # The root's own siblings are no part of the document.
        node = node.next if opened else None
    return writer.text()


def nested_too_deep(html: str) -> bool:
    """Tell whether a document is nested so deep that a parser would take too long over it."""
    if html.count("<") <= _MAX_DEPTH:
        return False
    depth = 0
    opened: Counter[str] = Counter()
    for match in _TAG.finditer(html):
        name = match[2].lower()
        if name in _NEVER_NESTED:
            continue
        # Counted by name, so that an end tag that closes nothing hides nothing.
        if not match[1]:
            opened[name] += 1
            depth += 1
            if depth > _MAX_DEPTH:
                return True
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
    return False


class _Writer:
    """Collects text; white space is decided when the next visible text comes.

    `_out` is the text so far, `_breaks` the line breaks and `_gap` the white space due before the
    next one; `_lists` holds the next number of each open list (0: bullets), `_links` where the text
    of each open link begins in `_out`.
    """

    __slots__ = ("_breaks", "_gap", "_indents", "_links", "_lists", "_marker", "_out", "_pre")

    def __init__(self) -> None:
        self._out: list[str] = []
        self._breaks = 0
        self._gap = ""
        self._marker = ""
        self._pre = 0
        self._indents: list[str] = []
        self._lists: list[int] = []
        self._links: list[int] = []

    def text(self) -> str:
        """Return what was collected."""
        return "".join(self._out).rstrip()

    def enter(self, node: LexborNode) -> bool:
        """Write what comes before the content of a node; tell whether to go into it."""
        tag = node.tag or ""
        if tag == "-text":
            self._inline(node.text_content or "")
            return False
        if tag in _DROPPED:
            return False
        attributes = node.attributes
        if "hidden" in attributes or _HIDDEN.search(attributes.get("style") or ""):
            return False
        self._block(tag)
        self._open(tag, attributes)
        return True

    def leave(self, node: LexborNode) -> None:
        """Write what comes behind the content of a node that was entered."""
        tag = node.tag or ""
        match tag:
            case "a":
                self._close_link((node.attributes.get("href") or "").strip())
            case "ul" | "ol":
                self._lists.pop()
            case "li":
                self._indents.pop()
                self._marker = ""
            case "blockquote":
                self._indents.pop()
            case "pre":
                self._pre -= 1
            case _:
                pass
        self._block(tag)

    def _open(self, tag: str, attributes: dict[str, str | None]) -> None:
        match tag:
            case "a":
                self._links.append(len(self._out))
            case "br":
                self._break(min(self._breaks + 1, 2))
            case "hr":
                self._rule()
            case "img":
                self._inline(attributes.get("alt") or "")
            case "li":
                self._item()
            case "ul" | "ol":
                self._lists.append(int(tag == "ol"))
            case "blockquote":
                self._indents.append("> ")
            case "pre":
                self._pre += 1
            case "td" | "th":
                self._gap = _CELL_GAP
            case _:
                pass

    def _block(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            # Lists within lists and paragraphs of items stay close to their item.
            self._break(1 if self._lists else 2)
        elif tag in _BLOCKS:
            self._break(1)

    def _break(self, count: int) -> None:
        self._breaks = max(self._breaks, count)
        self._gap = ""

    def _rule(self) -> None:
        self._break(1)
        self._emit(_RULE)
        self._break(1)

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else 0
        if number:
            self._lists[-1] += 1
        self._marker = self._prefix() + (f"{number}. " if number else "- ")
        self._indents.append("  ")

    def _prefix(self) -> str:
        return "".join(self._indents[:_MAX_INDENTS])

    def _inline(self, text: str) -> None:
        if self._pre:
            self._preformatted(text)
            return
        core = _SPACES.sub(" ", text)
        if core.startswith(" "):
            self._gap = self._gap or " "
        stripped = core.strip(" ")
        if stripped:
            self._emit(stripped)
            if core.endswith(" "):
                self._gap = " "

    def _preformatted(self, text: str) -> None:
        for place, line in enumerate(text.split("\n")):
            if place:
                self._breaks = min(self._breaks + 1, 2)
            if line.strip():
                self._gap = ""
                self._emit(line.rstrip())

    def _emit(self, text: str) -> None:
        if self._breaks or not self._out:
            if self._out:
                self._out.append("\n" * self._breaks)
            self._out.append(self._marker or self._prefix())
            self._marker = ""
            self._breaks = 0
        elif self._gap:
            self._out.append(self._gap)
        self._gap = ""
        self._out.append(text)

    def _close_link(self, target: str) -> None:
        begin = self._links.pop()
        if not target or target.lower().startswith(_NO_TARGET):
            return
        text = "".join(self._out[begin:]).strip()
        if not text:
            self._emit(target)
        elif _SCHEME.sub("", target).rstrip("/") != _SCHEME.sub("", text).rstrip("/"):
            # The address follows its text directly, even when the next text begins a new line.
            self._out.append(f" ({target})")
