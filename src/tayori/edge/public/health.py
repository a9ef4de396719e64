"""/healthz, /readyz and /metrics, for load balancers and monitors.

/healthz tells that the process answers; /readyz that it can take mail, with a sentence for each
thing that is missing and status 503.
"""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tayori.runtime import metrics

Probe = Callable[[], Awaitable[str]]
"""Returns "" when all is well, else a sentence."""


def health_routes(probes: dict[str, Probe]) -> list[Route]:
    """Return the routes; `probes` by the name of what they look at."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        found = {name: await probe() for name, probe in probes.items()}
        ready = not any(found.values())
        checks = {name: trouble or "ok" for name, trouble in found.items()}
        status = 200 if ready else 503
        return JSONResponse({"ready": ready, "checks": checks}, status_code=status)

    async def exposition(_request: Request) -> Response:
        media_type = "text/plain; version=0.0.4; charset=utf-8"
        return Response(metrics.exposition(), media_type=media_type)

    return [
        Route("/healthz", healthz, methods=["GET"]),
        Route("/readyz", readyz, methods=["GET"]),
        Route("/metrics", exposition, methods=["GET"]),
    ]
