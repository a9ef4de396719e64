"""The console as an application: all its pages under /console, and what surrounds them.

From the outside to the inside: headers, faults (500 with a number that the log has), routes, and
before each page its guard. Without its static files the console says so and shows nothing else.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from tayori.edge.console.access import Page
from tayori.edge.console.assets import Assets
from tayori.edge.console.flash import Flash
from tayori.edge.console.guard import Guard
from tayori.edge.console.headers import Headers
from tayori.edge.console.keys import take_keys_in_paths
from tayori.edge.console.languages import catalogue
from tayori.edge.console.navigation import Menu
from tayori.edge.console.pages import areas
from tayori.edge.console.rendering import Templates
from tayori.edge.console.services import ConsoleServices
from tayori.edge.console.visit import HOME
from tayori.edge.console.visitor import Visitors
from tayori.refusal.table import Language
from tayori.runtime import log

KEY_PURPOSE: Final = "console cookies"
_logger = log.get("edge.console")

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def build_console(services: ConsoleServices, assets: Assets | None = None) -> Asgi:
    """Return the application; it answers /console and everything below."""
    files = assets or Assets()
    secure = is_secure(services)
    if files.missing:
        _logger.warning("console_without_files", missing=list(files.missing))
        return Headers(Starlette(exception_handlers={404: _no_files}), secure=secure)
    take_keys_in_paths()
    for language in Language:
        catalogue(language)  # Read now, so that no visitor waits for it.
    pages = [page for area in areas.AREAS for page in area()]
    visitors = build_visitors(services)
    templates = Templates(
        assets=files,
        flash=Flash(services.box.derive(KEY_PURPOSE), secure=secure),
        menu=Menu({page.path for page in pages if not page.is_unsafe}),
        visitors=visitors,
        now=services.clock.now,
    )
    guard = Guard(services, templates, visitors)
    routed = _routed(pages, guard, templates, files)
    return Headers(Faults(routed, guard, templates, services), secure=secure)


def build_visitors(services: ConsoleServices) -> Visitors:
    """Return what knows visitors by their cookies."""
    return Visitors(
        sessions=services.sessions,
        accounts=services.accounts,
        key=services.box.derive(KEY_PURPOSE),
        zone=services.zone,
        secure=is_secure(services),
        proxies=services.settings.http.trusted_proxies,
    )


def is_secure(services: ConsoleServices) -> bool:
    """Tell whether the outside reaches the console by https."""
    return services.settings.http.public_url.startswith("https://")


def _routed(pages: Sequence[Page], guard: Guard, templates: Templates, files: Assets) -> Starlette:
    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return templates.error(await guard.visit(request), status)

    async def home(_request: Request) -> Response:
        return RedirectResponse(HOME, status_code=308)

    routed = Starlette(
        routes=[
            *(guard.route(page) for page in pages),
            files.route(),
            Route(f"{HOME}/", home, methods=["GET"]),
        ],
        exception_handlers={HTTPException: refused},
    )
    routed.router.redirect_slashes = False
    return routed


class Faults:
    """Answers 500 with a number when a page fails, and writes what happened under that number."""

    def __init__(
        self, application: Asgi, guard: Guard, templates: Templates, services: ConsoleServices
    ) -> None:
        self._application = application
        self._guard = guard
        self._templates = templates
        self._services = services

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on, and answer in place of what failed."""
        begun = False

        async def watched(message: Any) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._application(scope, receive, watched)
        except Exception:
            reference = self._services.ids.request_id()
            _logger.exception("console_failed", path=scope["path"], reference=reference)
            if begun:
                raise
            response = await self._page(Request(scope, receive), reference)
            await response(scope, receive, send)

    async def _page(self, request: Request, reference: str) -> Response:
        try:
            return self._templates.error(await self._guard.visit(request), 500, reference)
        except Exception:
            # The page cannot be made either, such as when the database is away.
            sentence = f"Something went wrong. Tell the operator this number: {reference}\n"
            return PlainTextResponse(sentence, status_code=500)


async def _no_files(_request: Request, _error: Exception) -> Response:
    sentence = (
        "The console is not complete: its style sheets and scripts are not installed. "
        "Run `make setup` in the source tree, or install a built package, and start again.\n"
    )
    return PlainTextResponse(sentence, status_code=503)
