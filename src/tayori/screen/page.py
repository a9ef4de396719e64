"""Content as a reader meets it: its text, links, images, and what is hidden or active in it (pure).

Content is read once and every rule looks at the same value. Any input gives a page: nothing is
fetched or run, and a document nested deeper than any honest one is only looked at as text.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tayori.mail.html_references import unescape
from tayori.mail.html_text import nested_too_deep
from tayori.screen.normal import without_variables
from tayori.screen.tags import tag_fault

_INVISIBLE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0+)?\s*(?:;|$)"
    r"|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|$)|max-height\s*:\s*0(?:px)?\s*(?:;|$)"
    r"|text-indent\s*:\s*-\d{3,}"
)
"""Of a style in lower case."""
_MAY_HIDE: Final = ", ".join(
    f"[style*={sign} i]"
    for sign in ("none", "hidden", "opacity", "font-size", "max-height", "indent", "background")
)
"""Selects each style that can hide something; most have none of these words."""
_COLOUR: Final = re.compile(r"(?<![-\w])color\s*:\s*([^;]+)", re.IGNORECASE)
_BACKGROUND: Final = re.compile(r"background(?:-color)?\s*:\s*([^;]+)", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_URL: Final = re.compile(
    r"(?:[Hh][Tt][Tt][Pp][Ss]?://|[Ww][Ww][Ww]\.)"
    r"[^\s<>\"'{}|\\^`\[\]]*[^\s<>\"'{}|\\^`\[\].,;:!?)]"
)
"""Without the flag for both cases, which would keep the search from skipping to these letters."""
_SHEET: Final = re.compile(r"@import\s+(?:url\()?[\"']?([^\"')\s;]+)", re.IGNORECASE)
_DATA: Final = re.compile(r"=\s*[\"']?\s*data:|url\(\s*[\"']?data:", re.IGNORECASE)
_UNREAD: Final = "script, style, head, template, noscript, title"
_PLUG_INS: Final = "iframe, frame, object, embed, applet, base, meta[http-equiv=refresh i]"
_EVENT: Final = re.compile(r"^on[a-z]+$", re.IGNORECASE)
_NEAR_EVENT: Final = re.compile(r"on[a-z]+[\s/]*=")


@dataclass(frozen=True, slots=True)
class Link:
    """A link: where it leads as written, and the text that is shown for it."""

    target: str
    text: str

    @property
    def scheme(self) -> str:
        """Return its scheme in lower case, "" without one."""
        head, colon, _ = self.target.partition(":")
        return head.strip().lower() if colon and head.strip().isalpha() else ""

    @property
    def host(self) -> str:
        """Return the host of a web link in lower case, else ""; variables stay in it."""
        return host_of(self.target)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What was read of HTML and text. `text` and `hidden` keep their `{{variables}}`."""

    html: str
    plain: str
    text: str
    hidden: str
    links: tuple[Link, ...]
    images: tuple[str, ...]
    """The sources of its images."""
    scripts: int = 0
    forms: int = 0
    styles: tuple[str, ...] = ()
    """Where style sheets outside of it lie."""
    active: tuple[str, ...] = ()
    """Frames, plug-ins and handlers of events."""
    too_deep: bool = False
    """It is nested deeper than any honest document, and was only looked at as text."""

    @cached_property
    def broken(self) -> str:
        """Return what is wrong with its tags, "" when nothing is."""
        return "nesting" if self.too_deep else tag_fault(self.html)

    @cached_property
    def embedded(self) -> int:
        """Return how many `data:` addresses it has."""
        return len(_DATA.findall(self.html)) if "data:" in self.html.lower() else 0

    @cached_property
    def letters(self) -> int:
        """Return how many characters of text it has, white space and variables aside."""
        return len("".join(without_variables(self.text).split()))


def read_page(html: str, text: str) -> Page:
    """Read content; `html` or `text` may be ""."""
    if not html:
        links = tuple(Link(url, url) for url in urls_in(text))
        return Page(html="", plain=text, text=text, hidden="", links=links, images=())
    if nested_too_deep(html):
        bare = unescape(_TAG.sub(" ", html))
        return Page(html=html, plain=text, text=bare, hidden="", links=(), images=(), too_deep=True)
    return _read(html, text)


def urls_in(text: str) -> list[str]:
    """Return the web addresses that stand in a text, as they are written."""
    return _URL.findall(text) if "://" in text or "www." in text.lower() else []


@lru_cache(maxsize=4_096)
def host_of(url: str) -> str:
    """Return the host of an http(s) URL in lower case, else ""; `www.` alone counts as http."""
    address = url.strip()
    if address.lower().startswith("www."):
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return host.lower().rstrip(".") if parts.scheme.lower() in {"http", "https"} else ""


def _read(html: str, text: str) -> Page:
    tree = LexborHTMLParser(html.encode("utf-8", "replace"))
    images = tuple((node.attributes.get("src") or "").strip() for node in tree.css("img"))
    links = [
        Link((node.attributes.get("href") or "").strip(), _words(node, pictured=bool(images)))
        for node in tree.css("a[href], area[href]")
    ]
    targets = {link.target for link in links}
    scripts = len(tree.css("script")) + sum(link.scheme == "javascript" for link in links)
    forms = len(tree.css("form, input, textarea, select"))
    sheets = _style_sheets(tree, html)
    active = _active(tree, html)
    hidden = _take_hidden(tree)
    for node in tree.css(_UNREAD):
        node.decompose()
    body = tree.body
    shown = "" if body is None else body.text(separator=" ")
    bare = [Link(url, url) for url in urls_in(f"{text}\n{shown}") if url not in targets]
    return Page(
        html=html,
        plain=text,
        text=shown,
        hidden=hidden,
        links=(*links, *bare),
        images=images,
        scripts=scripts,
        forms=forms,
        styles=sheets,
        active=active,
    )


def _words(node: LexborNode, *, pictured: bool) -> str:
    shown = node.text(separator=" ") or ""
    if pictured:
        told = "".join(image.attributes.get("alt") or "" for image in node.css("img"))
        shown = f"{shown} {told}"
    return " ".join(shown.split())


def _style_sheets(tree: LexborHTMLParser, html: str) -> tuple[str, ...]:
    linked = [
        (node.attributes.get("href") or "").strip()
        for node in tree.css("link[href]")
        if "stylesheet" in (node.attributes.get("rel") or "").lower()
    ]
    return (*linked, *_SHEET.findall(html))


def _active(tree: LexborHTMLParser, html: str) -> tuple[str, ...]:
    found = [f"<{node.tag}>" for node in tree.css(_PLUG_INS)]
    if _NEAR_EVENT.search(html.lower()):
        found += [name for node in tree.css("*") for name in node.attributes if _EVENT.match(name)]
    return tuple(dict.fromkeys(found))


def _take_hidden(tree: LexborHTMLParser) -> str:
    """Return the text that nobody sees, and take it out of the tree."""
    hidden: list[str] = []
    for node in tree.css(f"[hidden], {_MAY_HIDE}"):
        attributes = node.attributes
        style = (attributes.get("style") or "").lower()
        if "hidden" in attributes or _INVISIBLE.search(style) or _same_colours(style):
            hidden.append(node.text(separator=" ") or "")
            node.decompose()
    return " ".join(" ".join(hidden).split())


def _same_colours(style: str) -> bool:
    colour, background = _COLOUR.search(style), _BACKGROUND.search(style)
    if colour is None or background is None:
        return False
    return _hue(colour[1]) == _hue(background[1])


def _hue(value: str) -> str:
    named = value.strip().lower().partition("!")[0].strip()
    named = {"white": "#ffffff", "black": "#000000"}.get(named, named)
    if re.fullmatch(r"#[0-9a-f]{3}", named):
        return "#" + "".join(digit * 2 for digit in named[1:])
    return named
