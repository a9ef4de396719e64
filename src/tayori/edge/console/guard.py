"""What stands before every page: who asks, whether they may, and whether they meant it.

In this order: a log-in where the page needs one, its right, an account where it is of one; then for
actions that the request comes from a page of ours, is not one of too many, is not too long, and
carries the visitor's token. What is refused here has changed nothing.
"""

from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from tayori.edge.clients import client_key
from tayori.edge.console.access import Page, Right
from tayori.edge.console.forms import CSRF_FIELD, CSRF_HEADER, Posted, is_from_here, is_token
from tayori.edge.console.rendering import Templates
from tayori.edge.console.services import ConsoleServices
from tayori.edge.console.visit import HOME, Visit
from tayori.edge.console.visitor import Visitors, needs_account

LOG_IN: Final = f"{HOME}/log-in"
ACCOUNTS: Final = f"{HOME}/accounts"
ACTIONS_PER_SECOND: Final = 20
"""Unsafe requests of one user, or of one address before log-in."""
MOST_FIELDS: Final = 2_000
MOST_FILES: Final = 20
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_TOO_LONG: Final = 413
_BAD: Final = 400
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429


class Guard:
    """Makes routes of pages."""

    def __init__(self, services: ConsoleServices, templates: Templates, visitors: Visitors) -> None:
        self._services = services
        self._templates = templates
        self._visitors = visitors
        self._public = urlsplit(services.settings.http.public_url).netloc

    def route(self, page: Page) -> Route:
        """Return the route of a page with all that stands before it."""

        async def endpoint(request: Request) -> Response:
            visit = await self.visit(request)
            refused = self._refuse(page, visit)
            if refused is not None:
                return refused
            if page.is_unsafe:
                return await self._act(page, visit)
            return await page.handler(visit)

        # HEAD comes with GET by itself.
        return Route(f"{HOME}{page.path}", endpoint, methods=[page.method])

    async def visit(self, request: Request) -> Visit:
        """Return the request as pages see it."""
        return Visit(
            request=request,
            visitor=await self._visitors.of(request),
            services=self._services,
            templates=self._templates,
            posted=Posted(FormData()),
        )

    def _refuse(self, page: Page, visit: Visit) -> Response | None:
        visitor = visit.visitor
        if page.right is not Right.ANYONE and not visitor.signed_in:
            return _elsewhere(visit, _log_in_path(visit))
        if needs_account(page.right) and visitor.must_choose:
            return _elsewhere(visit, ACCOUNTS)
        return None if visitor.may(page.right) else visit.error(_FORBIDDEN)

    async def _act(self, page: Page, visit: Visit) -> Response:
        request, visitor = visit.request, visit.visitor
        hosts = (request.headers.get("host", ""), self._public)
        if not is_from_here(request.headers, hosts):
            return visit.error(_FORBIDDEN)
        whose = f"user/{visitor.user.id}" if visitor.session else client_key(visitor.address)
        if not await self._services.permits.take(f"console/{whose}", ACTIONS_PER_SECOND):
            return visit.error(_TOO_MANY)
        given = request.headers.get(CSRF_HEADER, "")
        # A wrong token in the header is known before a long body is read.
        if given and not is_token(given, visitor.csrf):
            return visit.error(_FORBIDDEN)
        return await self._with_form(page, visit, given)

    async def _with_form(self, page: Page, visit: Visit, given: str) -> Response:
        request = bounded(visit.request, page.largest)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in _FORMS and int(request.headers.get("content-length", "0") or 0):
            return visit.error(_BAD)
        try:
            form = await request.form(
                max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=page.largest
            )
        except TooLongError:
            return visit.error(_TOO_LONG)
        except HTTPException as error:
            return visit.error(error.status_code)
        try:
            posted = visit.with_posted(form)
            if not is_token(given or posted.posted.get(CSRF_FIELD), visit.visitor.csrf):
                return visit.error(_FORBIDDEN)
            return await page.handler(posted)
        finally:
            await form.close()


class TooLongError(Exception):
    """A body has more octets than its page takes."""


def bounded(request: Request, largest: int) -> Request:
    """Return the request with a body that raises TooLongError beyond `largest` octets."""
    left = largest

    async def receive() -> Any:
        nonlocal left
        message = await request.receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise TooLongError
        return message

    return Request(request.scope, receive)


def _log_in_path(visit: Visit) -> str:
    if visit.request.method != "GET" or visit.request.url.path == HOME:
        return LOG_IN
    asked = visit.request.url
    whole = f"{asked.path}?{asked.query}" if asked.query else asked.path
    return f"{LOG_IN}?next={quote(whole, safe='')}"


def _elsewhere(visit: Visit, path: str) -> Response:
    if visit.is_partial:
        # htmx would put the other page into a corner of this one; so the browser goes there.
        return Response(b"", 401, {"HX-Redirect": path})
    return RedirectResponse(path, status_code=303)
