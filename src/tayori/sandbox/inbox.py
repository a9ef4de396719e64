"""The inbox page of the sandbox: every mail that its mail server took, as an ASGI application.

Rendered on the server, complete without scripts. What strangers wrote is escaped everywhere; their
HTML is shown only in a frame that may run nothing and load nothing. Only requests that name this
machine as their host are answered, so that no web site can read the inbox through the browser.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import jinja2
import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tayori.mail.reading import ReadMail, read_mail
from tayori.runtime.clock import Clock, SystemClock
from tayori.sandbox.behaviours import BEHAVIOURS
from tayori.sandbox.mailbox import Mailbox, ReceivedMail
from tayori.sandbox.summary import Summaries, Summary, ago, octets
from tayori.sandbox.verifier import DkimVerifier

PAGE = 50
MAX_JSON = 1000
MAX_SOURCE = 512 * 1024
"""Octets of the source that are shown; the download has all."""
ALLOWED_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")
_FOLDER: Final = Path(__file__).parent / "pages"
_COMMON: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HTML_POLICY: Final = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:{images}; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
_ASSETS: Final = {
    "inbox.css": "text/css; charset=utf-8",
    "inbox.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
VIEWS: Final = ("preview", "text", "headers", "source")

MailView = Callable[["Inbox", Request, ReceivedMail], Awaitable[Response]]


class Inbox:
    """The pages over one mailbox."""

    def __init__(
        self, mailbox: Mailbox, verifier: DkimVerifier, clock: Clock, images: Sequence[str] = ()
    ) -> None:
        self._mailbox = mailbox
        self._images = images
        self._summaries = Summaries(mailbox, verifier)
        self._clock = clock
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FOLDER),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["octets"] = octets
        self._templates.filters["ago"] = self._ago

    async def list_mails(self, request: Request) -> Response:
        """Show the mails, newest first, a page at a time."""
        page = _number(request.query_params, "page", 1, len(self._mailbox) // PAGE + 1)
        mails = self._mailbox.mails
        shown = await self._summaries.of(mails[(page - 1) * PAGE : page * PAGE])
        return self._page(
            "list.html",
            mails=shown,
            page=page,
            pages=max(1, -(-len(mails) // PAGE)),
            kept=len(mails),
            received=self._mailbox.received,
            behaviours=BEHAVIOURS,
        )

    async def list_json(self, request: Request) -> Response:
        """Tell the mails as JSON, newest first; `limit` and `to` narrow them."""
        limit = _number(request.query_params, "limit", PAGE, MAX_JSON)
        wanted = request.query_params.get("to", "").lower()
        mails = [
            mail
            for mail in self._mailbox.mails
            if not wanted or wanted in (recipient.lower() for recipient in mail.recipients)
        ]
        shown = await self._summaries.of(mails[:limit])
        body = msgspec.json.encode({"received": self._mailbox.received, "mails": shown})
        return Response(body, media_type="application/json", headers=_COMMON)

    async def show(self, request: Request, mail: ReceivedMail) -> Response:
        """Show one mail in one of its views."""
        read = read_mail(mail.raw)
        (summary,) = await self._summaries.of([mail])
        possible = [view for view in VIEWS if _has(view, read)]
        asked = request.query_params.get("view", "")
        return self._page(
            "mail.html",
            mail=summary,
            read=read,
            views=possible,
            view=asked if asked in possible else possible[0],
            source=mail.raw[:MAX_SOURCE].decode("utf-8", "replace"),
            source_cut=len(mail.raw) > MAX_SOURCE,
            newer=self._mailbox.get(mail.id + 1),
            older=self._mailbox.get(mail.id - 1),
        )

    async def show_html(self, _: Request, mail: ReceivedMail) -> Response:
        """Give the HTML part alone, for the frame."""
        html = read_mail(mail.raw).html_with_images()
        policy = _HTML_POLICY.format(images="".join(f" {origin}" for origin in self._images))
        headers = {**_COMMON, "Content-Security-Policy": policy}
        # Lone surrogates can come out of some charsets and have no place in UTF-8.
        body = html.encode("utf-8", "replace")
        return Response(body, media_type="text/html; charset=utf-8", headers=headers)

    async def download(self, _: Request, mail: ReceivedMail) -> Response:
        """Give the mail as it came."""
        return _file(mail.raw, f"mail-{mail.id}.eml", "message/rfc822")

    async def attachment(self, request: Request, mail: ReceivedMail) -> Response:
        """Give one attachment, always as a download."""
        parts = read_mail(mail.raw).attachments
        number = int(request.path_params["number"])
        if not 1 <= number <= len(parts):
            return self.missing()
        part = parts[number - 1]
        return _file(part.content, part.name, "application/octet-stream")

    def with_mail(self, view: MailView) -> Callable[[Request], Awaitable[Response]]:
        """Make an endpoint of a view of one mail; a mail that has gone is a page of its own."""

        async def endpoint(request: Request) -> Response:
            mail = self._mailbox.get(int(request.path_params["id"]))
            return self.missing() if mail is None else await view(self, request, mail)

        return endpoint

    def missing(self) -> Response:
        """Say that there is no such mail."""
        return self._page("missing.html", status=404)

    async def asset(self, request: Request) -> Response:
        """Give a style sheet, script or picture."""
        name = request.path_params["name"]
        if name not in _ASSETS:
            return self.missing()
        return Response((_FOLDER / name).read_bytes(), media_type=_ASSETS[name], headers=_COMMON)

    def _page(self, template: str, *, status: int = 200, **values: object) -> Response:
        html = self._templates.get_template(template).render(values)
        headers = {**_COMMON, "Content-Security-Policy": _PAGE_POLICY}
        return Response(
            html.encode("utf-8", "replace"),
            status_code=status,
            media_type="text/html; charset=utf-8",
            headers=headers,
        )

    def _ago(self, mail: Summary) -> str:
        return ago((self._clock.now() - mail.received_at) / 1000)


def inbox_app(
    mailbox: Mailbox,
    verifier: DkimVerifier,
    clock: Clock | None = None,
    *,
    allowed_hosts: Sequence[str] = ALLOWED_HOSTS,
    images: Sequence[str] = (),
) -> Starlette:
    """Return the application; it answers only requests to the allowed hosts.

    `images` are origins whose pictures a mail may load, as a reader's mail program loads them:
    that of the service, so that opening a mail is counted.
    """
    inbox = Inbox(mailbox, verifier, clock or SystemClock(), images)
    one = "/inbox/{id:int}"
    return Starlette(
        routes=[
            Route("/", _home),
            Route("/inbox", inbox.list_mails),
            Route("/inbox.json", inbox.list_json),
            Route(f"{one}.eml", inbox.with_mail(Inbox.download)),
            Route(one, inbox.with_mail(Inbox.show)),
            Route(f"{one}/html", inbox.with_mail(Inbox.show_html)),
            Route(f"{one}/attachments/{{number:int}}", inbox.with_mail(Inbox.attachment)),
            Route("/assets/{name}", inbox.asset),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(allowed_hosts))],
    )


async def _home(_: Request) -> Response:
    return RedirectResponse("/inbox")


def _has(view: str, read: ReadMail) -> bool:
    if view == "preview":
        return bool(read.html)
    return view != "text" or bool(read.text) or not read.html


def _number(query: Mapping[str, str], name: str, otherwise: int, most: int) -> int:
    """Return a positive number of the query, within its limit."""
    text = query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 - digits
        return otherwise
    return max(1, min(int(text), most))


def _file(content: bytes, name: str, media_type: str) -> Response:
    """Return a download; the name is written so that it cannot end the header (RFC 6266)."""
    safe = quote(name.replace("/", "_").replace("\\", "_"), safe="", errors="replace")
    headers = {
        **_COMMON,
        "Content-Disposition": f"attachment; filename*=UTF-8''{safe}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, media_type=media_type, headers=headers)
