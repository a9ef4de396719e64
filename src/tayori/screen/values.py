"""What a request fills into an approved template: text, and links only to hosts that it names.

Review saw the template and not the values, so a value may bring no markup, no forbidden topic, and
no link to a host that is neither the template's nor the sender domain's. Most values are short and
hold none of the characters that a link needs; these are let pass by a look for single characters.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tayori.catalog.variables import VariableText
from tayori.screen.hosts import Hosts, organisation
from tayori.screen.model import Finding, Reason, found
from tayori.screen.page import host_of, urls_in
from tayori.screen.words import WordList

ANY_HOST: Final = "*"
"""In the list of hosts: links may lead anywhere."""
_ELEMENTS: Final = (
    "a|abbr|address|area|article|aside|audio|b|base|blockquote|body|br|button|center|code|div|em|"
    "embed|fieldset|font|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|"
    "label|li|link|main|map|marquee|meta|nav|object|ol|option|p|pre|script|section|select|small|"
    "span|strike|strong|style|sub|sup|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|u|ul|video"
)
_MARKUP: Final = re.compile(rf"<(?:/?(?:{_ELEMENTS})(?=[\s/>])|!--|!doctype)", re.IGNORECASE)
"""The beginning of a tag; `Ann <ann@example.org>` and `Map<K, V>` are none."""
_NAKED: Final = re.compile(
    r"(?<![@\w.-])(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|net|org|cn|jp|io|co|info|biz|shop|bank|edu|de|fr|"
    r"uk|us|tw|hk|kr|ru|in|eu|top|xyz|site|online|link|click|live|club|vip|app|dev|me|cc|tk|example)"
    r"(?=/[\w?#-])"
)
"""A host with a path, of which mail programs make a link."""
_SCRIPTED: Final = re.compile(r"\s*(?:javascript|vbscript|data)\s*:", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(
    r"(?:href|src|action|background|formaction)\s*=\s*[\"']?([^\"'<>]*)$", re.IGNORECASE
)
_ADDRESS: Final = re.compile(r"(?:^|[\s\"'(>])((?:https?://|www\.)[^\s\"'<>]*)$", re.IGNORECASE)
_REST: Final = re.compile(r"[^\s\"'<>?#/\\]*")
_URL_START: Final = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LOOSE_START: Final = re.compile(r"\s*(?:https?:[/\\]*|[/\\]{2,})", re.IGNORECASE)
"""How an address may begin for browsers, which mend what is missing."""
_IGNORED: Final = re.compile(r"[\t\r\n]")
"""What browsers take out of addresses."""
_HOST_ENDS: Final = frozenset("/?#\\")
_HOLE: Final = "\ufffd"
"""Stands for a value; no host has it, so it makes no host known."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A variable within an address: `before` and `behind` are what the template writes around."""

    name: str
    before: str
    behind: str


@dataclass(frozen=True, slots=True)
class Frame:
    """A template as the values' screen needs it: its hosts, and variables that make up a host."""

    organisations: frozenset[str]
    holes: tuple[Hole, ...]

    @classmethod
    def of(cls, parts: Iterable[VariableText], hosts: Hosts) -> "Frame":
        """Return the frame of a template's HTML and text, once per version."""
        named: set[str] = set()
        holes: list[Hole] = []
        for part in parts:
            filled = _HOLE.join(part.constants)
            links = {url for url in urls_in(filled) if not hosts.shortener(url)}
            named.update(organisation(host) for url in links if (host := host_of(url)))
            holes += _holes(part)
        return cls(frozenset(named), tuple(dict.fromkeys(holes)))


def check_values(
    frame: Frame,
    values: Mapping[str, str],
    *,
    subject: str,
    domain: str,
    words: WordList,
    hosts: Hosts,
    also: frozenset[str] = frozenset(),
    web_links: bool = True,
) -> Iterator[Finding]:
    """Yield what speaks against the values of a mail from `domain`; `also` are more hosts.

    `subject` is the filled or unfilled subject, which comes with the request as well.
    """
    text = "\n".join((subject, *values.values()))
    known = _Known(frame.organisations | {organisation(domain)}, also)
    if "<" in text or "/" in text or "www." in text.lower() or ":" in text or "\\" in text:
        for name, value in values.items():
            yield from _check(name, value, known, hosts)
            if not web_links and (address := next(_addresses(value), "")):
                yield found(Reason.WEB_LINK, link=address)
    for hole in frame.holes:
        host = _filled_host(hole, values.get(hole.name, ""))
        if host and not known.knows(host):
            yield found(Reason.VALUE_LINK, name=hole.name, host=host)
    for hit in words.find(text):
        yield found(Reason.FORBIDDEN_TOPIC, topic=hit.topic, words=", ".join(hit.phrases[:5]))


@dataclass(frozen=True, slots=True)
class _Known:
    organisations: frozenset[str]
    also: frozenset[str]

    def knows(self, host: str) -> bool:
        if ANY_HOST in self.also or organisation(host) in self.organisations:
            return True
        return any(host == one or host.endswith(f".{one}") for one in self.also)


def _check(name: str, value: str, known: _Known, hosts: Hosts) -> Iterator[Finding]:
    markup = _MARKUP.search(value)
    if markup is not None:
        yield found(Reason.VALUE_MARKUP, name=name, words=value[markup.start() :][:40])
    if _SCRIPTED.match(value):
        yield found(Reason.SCRIPT, count=1)
    for url in _addresses(value):
        host = host_of(url)
        if hosts.shortener(url):
            yield found(Reason.SHORTENED_LINK, link=url, host=host)
        elif host and not known.knows(host):
            yield found(Reason.VALUE_LINK, name=name, host=host)
        elif other := hosts.redirects_to(url):
            yield found(Reason.REDIRECTING_LINK, link=url, host=other)


def _addresses(value: str) -> Iterator[str]:
    whole = urls_in(value)
    yield from whole
    if whole and value.lstrip().startswith(whole[0]):
        return
    compact = _IGNORED.sub("", value)
    start = _LOOSE_START.match(compact)
    if start is not None:
        yield f"http://{compact[start.end() :].strip()}".replace("\\", "/")
    if "/" in value:
        for naked in _NAKED.finditer(value):
            # Behind a scheme it was found as a whole address.
            if not value[: naked.start()].endswith("://"):
                yield f"http://{naked[0]}"


def _holes(part: VariableText) -> Iterator[Hole]:
    """Yield the variables that stand in the host of an address."""
    written = ""
    for place, name in enumerate(part.names):
        written += part.constants[place]
        address = _ATTRIBUTE.search(written[-500:]) or _ADDRESS.search(written[-500:])
        if address is not None and _in_host(address[1]):
            rest = _REST.match(part.constants[place + 1])
            yield Hole(name, address[1], rest[0] if rest else "")
        written += _HOLE


def _in_host(before: str) -> bool:
    """Tell whether what comes next belongs to the host; not when it is the whole address."""
    start = _URL_START.match(before.strip())
    if start is None:
        return before.strip().lower().startswith("www.") and _HOST_ENDS.isdisjoint(before)
    return _HOST_ENDS.isdisjoint(before.strip()[start.end() :])


def _filled_host(hole: Hole, value: str) -> str:
    address = f"{hole.before}{value}{hole.behind}".strip()
    return host_of(f"http:{address}" if address.startswith("//") else address)
