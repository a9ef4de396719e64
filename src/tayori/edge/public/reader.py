"""What a reader's mail leads to: the open pixel, links, and the pages to unsubscribe.

    GET /o/TOKEN.gif     the pixel
    GET /c/TOKEN/LINK    on to the address that stood in the mail, and nowhere else
    GET /u/TOKEN         asks whether to unsubscribe; POST does it, or takes it back

Answers never wait for the record. HEAD is answered and not recorded; a GET never unsubscribes, so
no scanner can. What is no token of ours gets a small page with status 404.
"""

from collections.abc import Sequence
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tayori.compose.links import CLICK_PATH, OPEN_PATH, PIXEL_SUFFIX, UNSUBSCRIBE_PATH
from tayori.dns.names import to_ascii
from tayori.edge.clients import Network, client_address
from tayori.edge.public.pages import QUIET, language_of, page
from tayori.edge.public.visit_log import VisitLog
from tayori.events.model import EventKind
from tayori.inbound.visits import Visit
from tayori.mail.tracking_token import Purpose, decode, decode_link
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.suppress.unsubscribing import UNDO_MS, Subscriber, Unsubscribes, Way

PIXEL: Final = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent GIF of one point."""
LONGEST_BODY: Final = 16 * 1024
LONGEST_USERAGENT: Final = 500
_ONE_CLICK: Final = b"One-Click"
_UNDO: Final = b"action=undo"
_PREFETCH: Final = "prefetch"
_PURPOSES: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")

_logger = log.get("edge.public")


class ReaderPages:
    """The routes; `key` signs tokens, `proxies` are those whose X-Forwarded-For is believed."""

    def __init__(
        self,
        *,
        key: bytes,
        visits: VisitLog,
        unsubscribes: Unsubscribes,
        clock: Clock,
        proxies: Sequence[Network] = (),
    ) -> None:
        self._key = key
        self._visits = visits
        self._unsubscribes = unsubscribes
        self._clock = clock
        self._proxies = proxies

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"{OPEN_PATH}{{name}}", self._open, methods=["GET"]),
            Route(f"{CLICK_PATH}{{token}}/{{link}}", self._click, methods=["GET"]),
            Route(f"{UNSUBSCRIBE_PATH}{{token}}", self._ask, methods=["GET"]),
            Route(f"{UNSUBSCRIBE_PATH}{{token}}", self._do, methods=["POST"]),
        ]

    async def _open(self, request: Request) -> Response:
        token = request.path_params["name"].removesuffix(PIXEL_SUFFIX)
        named = decode(Purpose.OPEN, token, self._key)
        if named is not None:
            self._note(request, named.recipient_id, EventKind.OPEN)
        return Response(PIXEL, 404 if named is None else 200, QUIET, "image/gif")

    async def _click(self, request: Request) -> Response:
        named = decode(Purpose.CLICK, request.path_params["token"], self._key)
        link = named and decode_link(named.app_id, request.path_params["link"], self._key)
        if named is None or not link:
            return _gone(request)
        self._note(request, named.recipient_id, EventKind.CLICK, link)
        return Response(b"", 302, {**QUIET, "Location": location(link)})

    async def _ask(self, request: Request) -> Response:
        found = await self._find(request)
        if isinstance(found, Response):
            return found
        language = _language(request)
        if found.gone_at is not None:
            return self._done(language, found)
        named = _named(found)
        return page(language, "title", ("ask",), named, button=("button", "unsubscribe"))

    async def _do(self, request: Request) -> Response:
        found = await self._find(request)
        if isinstance(found, Response):
            return found
        language = _language(request)
        body = await _body(request)
        try:
            if _UNDO in body:
                undone = await self._unsubscribes.undo(found.recipient_id)
                heading = "undone" if undone else "late"
                return page(language, heading, (f"{heading}_text",), _named(found))
            way = Way.ONE_CLICK if _ONE_CLICK in body else Way.PAGE
            after = await self._unsubscribes.unsubscribe(
                found.recipient_id, way, useragent=_useragent(request)
            )
        except Exception:
            _logger.exception("unsubscribe_failed")
            return _trouble(request)
        return self._done(language, after or found)

    def _done(self, language: str, found: Subscriber) -> Response:
        """Return the page after the deed, with the way back while there is one."""
        if found.gone_at is None or self._clock.now() - found.gone_at >= UNDO_MS:
            return page(language, "done", ("done_text",), _named(found))
        lines = ("done_text", "undo_text")
        return page(language, "done", lines, _named(found), button=("undo", "undo"))

    async def _find(self, request: Request) -> Subscriber | Response:
        named = decode(Purpose.UNSUBSCRIBE, request.path_params["token"], self._key)
        if named is None:
            return _gone(request)
        try:
            found = await self._unsubscribes.find(named.recipient_id)
        except Exception:
            _logger.exception("unsubscribe_failed")
            return _trouble(request)
        return _gone(request) if found is None else found

    def _note(self, request: Request, recipient_id: int, kind: EventKind, link: str = "") -> None:
        if request.method != "GET":
            return
        headers = request.headers
        early = any(_is_prefetch(headers.get(name, "")) for name in _PURPOSES)
        client = request.client.host if request.client else ""
        if self._proxies:
            forwarded = headers.get("x-forwarded-for", "").encode("latin-1", "replace")
            client = client_address(client, forwarded, self._proxies)
        self._visits.note(
            Visit(
                at=self._clock.now(),
                recipient_id=recipient_id,
                kind=kind,
                link=link,
                useragent=_useragent(request),
                address=client,
                hint=_PREFETCH if early else "",
            )
        )


def location(link: str) -> str:
    """Return an address as a header can carry it, read by a browser as it stood in the mail.

    A browser writes what is not ASCII in percents by itself, whether it stands in a link or in a
    header; every other character stays as it is.
    """
    scheme, _, rest = link.partition("://")
    split = next((place for place, char in enumerate(rest) if char in "/?#\\"), len(rest))
    host, path = rest[:split], rest[split:]
    if not host.isascii():
        user, at, name = host.rpartition("@")
        host = user + at + _ascii_host(name)
    return scheme + "://" + "".join(map(_in_ascii, host)) + "".join(map(_in_ascii, path))


def _ascii_host(name: str) -> str:
    host, colon, port = name.partition(":")
    return (to_ascii(host) or host) + colon + port


def _in_ascii(char: str) -> str:
    if "!" <= char <= "~":
        return char
    return "".join(f"%{octet:02X}" for octet in char.encode("utf-8", "replace"))


def _is_prefetch(value: str) -> bool:
    return any(word in value.lower() for word in ("prefetch", "preview", "prerender"))


def _useragent(request: Request) -> str:
    given = request.headers.get("user-agent", "")[:LONGEST_USERAGENT]
    return "".join(char if char.isprintable() else " " for char in given)


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language", ""))


def _named(found: Subscriber) -> dict[str, str]:
    return {"domain": found.domain, "address": masked(found.address)}


def masked(address: str) -> str:
    """Return an address that its owner knows again and a finder of the mail does not learn."""
    local, _, domain = address.rpartition("@")
    shown = local[:1] if len(local) <= 3 else local[:2]  # noqa: PLR2004 - short names hide more
    return f"{shown}***@{domain}"


async def _body(request: Request) -> bytes:
    """Return the body, or its beginning: what is asked stands in the first octets."""
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > LONGEST_BODY:
                break
    except ClientDisconnect:
        return body
    return body


def _gone(request: Request) -> Response:
    return page(_language(request), "gone", ("gone_text",), {}, status=404)


def _trouble(request: Request) -> Response:
    return page(_language(request), "trouble", ("trouble_text",), {}, status=503)
