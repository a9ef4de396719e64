"""The process that strangers talk to: the API, health and metrics, and the door behind them."""

import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tayori.accept.door import Door
from tayori.app.console import console, is_console
from tayori.app.door import build_door
from tayori.app.inbound import listener
from tayori.app.listeners import Sockets
from tayori.app.notices import build_notices, build_verdicts
from tayori.app.parts import Parts
from tayori.app.presence import Presence
from tayori.app.reputation import build_quotas
from tayori.app.roles import EVERY_ROLE, Kind, Role
from tayori.app.scoring import build_score_addresses, build_scorer
from tayori.app.tasks import build_tasks
from tayori.catalog.unsubscribe_store import UnsubscribeStore
from tayori.edge.api.access_log import AccessLog
from tayori.edge.api.actions.registry import build_actions
from tayori.edge.api.actions.services import Services
from tayori.edge.api.protocol import ApiApp
from tayori.edge.api.rate import RateGate
from tayori.edge.http_listener import HttpListener
from tayori.edge.public.health import health_routes
from tayori.edge.public.openapi import openapi_route
from tayori.edge.public.reader import ReaderPages
from tayori.edge.public.visit_log import VisitLog
from tayori.edge.smtp_listeners import SmtpListeners
from tayori.edge.submission.server import SubmissionServer, build_submission
from tayori.inbound.visit_store import VisitStore
from tayori.mail.tracking_token import KEY_PURPOSE
from tayori.notices.owners import OwnerNotices
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.reputation.standing_store import StandingStore
from tayori.runtime import metrics
from tayori.runtime.clock import SECOND
from tayori.runtime.service import Service
from tayori.screen.scanners.scanner import scanner_of
from tayori.stats.store import StatsStore
from tayori.suppress.unsubscribing import Unsubscribes
from tayori.tenants.api_log import AccessRecord
from tayori.tenants.api_log_store import AccessStore

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def doors(parts: Parts, sockets: Sockets, roles: frozenset[Role] = EVERY_ROLE) -> list[Service]:
    """Return the services of this process, one per listener; `roles` say what HTTP answers."""
    door = build_door(parts)
    permits = Permits(parts.database, parts.clock, Scope.REQUESTS_SECOND)
    services: list[Service] = [Presence(parts, Kind.DOORS)]
    if "http" in sockets:
        # It starts before the listener and stops behind it, when no more calls come.
        calls = AccessLog(AccessStore(parts.database))
        visits = VisitLog(VisitStore(parts.database))
        services += [calls, visits]
        pages = Starlette(
            routes=[
                *health_routes({"database": lambda: _database_trouble(parts)}),
                openapi_route(),
                *_reader_pages(parts, visits).routes(),
            ],
            exception_handlers={404: _not_found},
        )
        # An address with one slash too many is none of ours; nobody is sent anywhere for it.
        pages.router.redirect_slashes = False
        application = by_path(
            _api(parts, door, calls, permits) if Role.API in roles else pages,
            pages,
            console(parts, door, permits) if Role.CONSOLE in roles else pages,
        )
        services.append(HttpListener(application, sockets["http"]))
    if {"submission", "submission_tls"} & sockets.keys():
        submission = {"submission": False, "submission_tls": True}
        services.append(Listening(_submission(parts, door, permits), sockets, submission))
    if "mx" in sockets:
        services.append(Listening(listener(parts), sockets, {"mx": False}))
    return services


class Listening:
    """SMTP on the sockets that were bound for it, as a service of this process.

    `names` are the listeners, with whether TLS begins with the first octet.
    """

    def __init__(self, server: SmtpListeners, sockets: Sockets, names: Mapping[str, bool]) -> None:
        self._server = server
        self._sockets = sockets
        self._names = names

    async def start(self) -> None:
        """Return when all of them take connections."""
        for name, implicit_tls in self._names.items():
            if name in self._sockets:
                await self._server.start(sock=self._sockets[name], implicit_tls=implicit_tls)

    async def stop(self) -> None:
        """Take no more; mails under way are answered."""
        await self._server.stop()


def _reader_pages(parts: Parts, visits: VisitLog) -> ReaderPages:
    proxies = parts.settings.http.trusted_proxies
    return ReaderPages(
        key=parts.box.derive(KEY_PURPOSE),
        visits=visits,
        unsubscribes=Unsubscribes(parts.database, parts.clock),
        clock=parts.clock,
        proxies=[ipaddress.ip_network(proxy, strict=False) for proxy in proxies],
    )


def _submission(parts: Parts, door: Door, permits: Permits) -> SubmissionServer:
    return build_submission(
        parts.settings,
        door=door,
        senders=parts.senders,
        accounts=parts.accounts,
        clock=parts.clock,
        box=parts.box,
        database=parts.database,
        permits=permits,
        limits=parts.limits,
    )


def by_path(api: Asgi, pages: Asgi, console_pages: Asgi | None = None) -> Asgi:
    """Return an application: `/` is the API, /console the console, all other paths are pages."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        chosen = pages
        if scope["type"] == "http" and scope["path"] == "/":
            chosen = api
        elif console_pages is not None and scope["type"] == "http" and is_console(scope["path"]):
            chosen = console_pages
        await chosen(scope, receive, send)

    return application


def _api(parts: Parts, door: Door, calls: AccessLog, permits: Permits) -> ApiApp:
    settings = parts.settings
    services = Services(
        identities=parts.identities,
        rotations=parts.rotations,
        senders=parts.senders,
        templates=parts.templates,
        verdicts=build_verdicts(parts, OwnerNotices(build_notices(parts, door), parts.accounts)),
        door=door,
        queue=parts.queue,
        receivers=parts.receivers,
        stats=StatsStore(parts.database),
        suppressions=parts.suppressions,
        unsubscribes=UnsubscribeStore(parts.database),
        tasks=build_tasks(parts, door),
        lookups=parts.resolver,
        domains=settings.domains,
        delivery=settings.delivery,
        standing=StandingStore(parts.database, build_quotas(parts)),
        policy=settings.policy,
        scorer=build_scorer(parts, scanner_of(settings.scan, parts.clock)),
        score_addresses=build_score_addresses(parts),
        clock=parts.clock,
        zone=parts.zone,
    )
    return ApiApp(
        actions=build_actions(services),
        directory=parts.accounts,
        clock=parts.clock,
        ids=parts.ids,
        signing_hosts=settings.http.signing_hosts,
        proxies=settings.http.trusted_proxies,
        rate=RateGate(permits, settings.policy.requests_per_second, parts.limits),
        observe=partial(_observe, calls),
    )


def _observe(calls: AccessLog, record: AccessRecord) -> None:
    _count_call(record)
    calls.note(record)


def _count_call(record: AccessRecord) -> None:
    calls, seconds = _counters(record.action, record.code)
    calls.inc()
    seconds.observe(record.duration_ms / SECOND)


@lru_cache(maxsize=1024)
def _counters(action: str, code: str) -> tuple[Counter, Histogram]:
    return metrics.API_CALLS.labels(action, code), metrics.API_SECONDS.labels(action)


async def _database_trouble(parts: Parts) -> str:
    try:
        await parts.queue.next_due()
    except Exception as error:
        return f"The database does not answer: {error}."
    return ""


async def _not_found(_request: Request, _error: Exception) -> Response:
    sentence = "There is nothing at this path. The API is at /."
    return JSONResponse({"error": sentence}, status_code=404)
