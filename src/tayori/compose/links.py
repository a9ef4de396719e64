"""Tracked links, the open pixel and the unsubscribe footer of a mail.

A template's links are found and signed once per version (`linked`); what differs per recipient are
holes like those of its variables (`marks`), so a recipient's mail costs a few signatures and one
join. Only HTML is tracked. The names of our holes begin with a space, which no variable's does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tayori.catalog.variables import VariableFault, VariableText, split_variables
from tayori.compose.content import Content, Dynamic
from tayori.compose.footers import footers
from tayori.compose.model import Recipe, RecipeLinks
from tayori.mail.html_links import Link, find_links, link_target, unescape_attribute
from tayori.mail.tracking_token import MAX_LINK, Named, Purpose, encode, encode_link

OPEN_PATH: Final = "/o/"
CLICK_PATH: Final = "/c/"
UNSUBSCRIBE_PATH: Final = "/u/"
PIXEL_SUFFIX: Final = ".gif"
_PIXEL: Final = (
    '<img src="',
    '" width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0">',
)
_OPEN: Final = " open"
_CLICK: Final = " click"
_UNSUBSCRIBE: Final = " unsubscribe"
_LINK: Final = " link"
_WEB: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class Linker:
    """How the links of one account's mails are made."""

    links: RecipeLinks
    app_id: int
    key: bytes

    def address(self, target: str) -> str:
        """Return what stands for a link's address behind the click token."""
        return "/" + encode_link(self.app_id, target, self.key)

    def unsubscribe_url(self, recipient_id: int) -> str:
        """Return the address of the recipient's page."""
        token = encode(Purpose.UNSUBSCRIBE, Named(self.app_id, recipient_id), self.key)
        return f"{self.links.base}{UNSUBSCRIBE_PATH}{token}"


def linker_for(recipe: Recipe, key: bytes) -> Linker | None:
    """Return what makes the recipe's links, None when it has none."""
    return Linker(recipe.links, recipe.app_id, key) if recipe.links else None


def linked(content: Content, linker: Linker) -> Content:
    """Return the content with holes for what differs per recipient."""
    html = _Builder(linker, variables=bool(content.html.names))
    if content.html.constants != ("",):
        html.document(_source(content.html))
    text = content.text
    if linker.links.language and text.constants != ("",):
        before, behind = footers()[linker.links.language].text
        *first, last = text.constants
        constants = (*first, last.rstrip("\r\n") + before, behind)
        text = VariableText(constants, (*text.names, _UNSUBSCRIBE))
    return Content(html.made(), text, tuple(html.dynamic))


def marks(
    content: Content, linker: Linker, recipient_id: int, values: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the values with what fills our holes for one recipient."""
    links, named = linker.links, Named(linker.app_id, recipient_id)
    found = dict(values)
    if links.opens:
        token = encode(Purpose.OPEN, named, linker.key)
        found[_OPEN] = f"{links.base}{OPEN_PATH}{token}{PIXEL_SUFFIX}"
    if links.clicks:
        token = f"{links.base}{CLICK_PATH}{encode(Purpose.CLICK, named, linker.key)}"
        found[_CLICK] = token
        for dynamic in content.dynamic:
            found[dynamic.name] = _filled(dynamic, linker, token, values)
    if links.language:
        found[_UNSUBSCRIBE] = linker.unsubscribe_url(recipient_id)
    return found


def _filled(dynamic: Dynamic, linker: Linker, token: str, values: Mapping[str, str]) -> str:
    """Return a link whose address has variables, as it is before escaping."""
    value = dynamic.value.fill(values, escape=True)
    if not isinstance(value, str):
        return ""  # The same value is missing in the content, which says so.
    target = link_target(value)
    if not target or len(target) > MAX_LINK:
        return unescape_attribute(value)
    return token + linker.address(target)


def _source(text: VariableText) -> str:
    """Return the text with its variables in braces, as `split_variables` reads it."""
    pieces = [text.constants[0]]
    for name, constant in zip(text.names, text.constants[1:], strict=True):
        pieces += ("{{", name, "}}", constant)
    return "".join(pieces)


class _Builder:
    """Collects constants and holes."""

    def __init__(self, linker: Linker, *, variables: bool) -> None:
        self._linker = linker
        self._variables = variables
        self._pieces: list[str] = []
        self._constants: list[str] = []
        self._names: list[str] = []
        self.dynamic: list[Dynamic] = []

    def document(self, source: str) -> None:
        """Add an HTML document with its links, the footer and the pixel."""
        links = self._linker.links
        found = find_links(source)
        place = 0
        for link in _before(found.links, found.end) if links.clicks else ():
            self._source(source[place : link.start])
            self._link(source, link)
            place = link.end
        self._source(source[place : found.end])
        if links.language:
            self._added(footers()[links.language].html, _UNSUBSCRIBE)
        if links.opens:
            self._added(_PIXEL, _OPEN)
        self._source(source[found.end :])

    def made(self) -> VariableText:
        """Return all that was added."""
        return VariableText((*self._constants, "".join(self._pieces)), tuple(self._names))

    def _link(self, source: str, link: Link) -> None:
        value = source[link.start : link.end]
        split = split_variables(value) if self._variables else VariableText((value,), ())
        if isinstance(split, VariableFault) or (split.names and not _tracked(split, link)):
            self._source(value)
        elif split.names:
            self.dynamic.append(Dynamic(f"{_LINK}{len(self.dynamic)}", split))
            self._hole(self.dynamic[-1].name)
        else:
            target = link_target(value)
            if target and len(target) <= MAX_LINK:
                self._hole(_CLICK)
                self._pieces.append(self._linker.address(target))
            else:
                self._pieces.append(value)

    def _source(self, text: str) -> None:
        split = split_variables(text) if self._variables else VariableText((text,), ())
        if isinstance(split, VariableFault):
            split = VariableText((text,), ())
        self._pieces.append(split.constants[0])
        for name, constant in zip(split.names, split.constants[1:], strict=True):
            self._hole(name)
            self._pieces.append(constant)

    def _added(self, around: tuple[str, str], name: str) -> None:
        self._pieces.append(around[0])
        self._hole(name)
        self._pieces.append(around[1])

    def _hole(self, name: str) -> None:
        self._constants.append("".join(self._pieces))
        self._names.append(name)
        self._pieces = []


def _tracked(value: VariableText, link: Link) -> bool:
    """Tell whether an address with variables may be one of the web."""
    begin = value.constants[0].lstrip().lower()
    return link.quoted and (not begin or begin.startswith(_WEB))


def _before(links: Sequence[Link], end: int) -> Sequence[Link]:
    """Return the links before the place where something is added: the document ends there."""
    return [link for link in links if link.end <= end]
