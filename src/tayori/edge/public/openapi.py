"""/openapi.json: the description of the API for programs."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tayori.edge.api.reference.openapi import document


def openapi_route() -> Route:
    """Return the route; the document is made at the first request."""
    made: list[bytes] = []

    async def openapi(_request: Request) -> Response:
        if not made:
            made.append(msgspec.json.encode(document()))
        return Response(made[0], media_type="application/json")

    return Route("/openapi.json", openapi, methods=["GET"])
