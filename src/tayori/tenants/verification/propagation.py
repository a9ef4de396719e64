"""Who sees what: the records of a domain as several resolvers and its own servers tell them.

A customer who changed a record learns here whether the change is published at all, and which
resolvers still remember the old one. No cache of ours is used.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tayori.dns.answers import Lookup, TemporaryFailure
from tayori.dns.exchange import Server
from tayori.dns.names import is_below, to_ascii
from tayori.dns.resolver import Resolver
from tayori.dns.zones import authoritative_servers, find_zone
from tayori.refusal.saying import NOTHING, Saying, quote, say
from tayori.tenants.verification.model import Expectations, Verification
from tayori.tenants.verification.verify import verify


class ServerKind(StrEnum):
    """What a server is to the domain."""

    RESOLVER = "resolver"
    AUTHORITATIVE = "authoritative"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one server says; `server` is "address:port", or the name of a domain's own server."""

    server: str
    kind: ServerKind
    verification: Verification


@dataclass(frozen=True, slots=True)
class Propagation:
    """All sightings, the domain's own servers first; `detail` says why those are missing."""

    domain: str
    sightings: tuple[Sighting, ...]
    detail: Saying = NOTHING

    @property
    def agreed(self) -> bool:
        """Tell whether every server that answered says the same."""
        seen = {
            tuple((record.name, record.current) for record in sighting.verification.records)
            for sighting in self.sightings
            if sighting.verification.all_verified is not None
        }
        return len(seen) <= 1


class _ResolverView:
    """One recursive resolver, without our cache."""

    def __init__(self, resolver: Resolver, server: Server) -> None:
        self._resolver = resolver
        self._server = server

    async def lookup(self, name: str, record_type: str, *, bypass_cache: bool = False) -> Lookup:
        del bypass_cache  # There is none to pass by.
        return await self._resolver.ask([self._server], name, record_type, recursive=True)


class _AuthoritativeView:
    """One of the zone's own servers; names outside the zone come from the ordinary resolver."""

    def __init__(self, resolver: Resolver, servers: Sequence[Server], zone: str) -> None:
        self._resolver = resolver
        self._servers = servers
        self._zone = zone

    async def lookup(self, name: str, record_type: str, *, bypass_cache: bool = False) -> Lookup:
        asked = to_ascii(name)
        if asked is None or not is_below(asked, self._zone):
            return await self._resolver.lookup(name, record_type, bypass_cache=bypass_cache)
        if not self._servers:
            return TemporaryFailure(detail="the name server has no public address")
        return await self._resolver.ask(self._servers, asked, record_type)


async def propagation(
    domain: str,
    expectations: Expectations,
    resolver: Resolver,
    servers: Sequence[Server],
    *,
    authoritative_port: int = 53,
    allow_private: bool = False,
) -> Propagation:
    """Ask the domain's own name servers, found through `resolver`, and the resolvers `servers`.

    `allow_private` lets the domain's servers be in private networks, as in a sandbox.
    """
    name = to_ascii(domain) or domain
    views: list[tuple[str, ServerKind, _ResolverView | _AuthoritativeView]] = []
    detail = NOTHING
    zone = await find_zone(name, resolver, bypass_cache=True)
    if isinstance(zone, str):
        own = await authoritative_servers(
            zone, resolver, port=authoritative_port, allow_private=allow_private
        )
        if isinstance(own, TemporaryFailure):
            detail = quote(own.detail)
        else:
            views += [
                (host, ServerKind.AUTHORITATIVE, _AuthoritativeView(resolver, addresses, zone))
                for host, addresses in own.items()
            ]
    else:
        detail = quote(zone.detail) if zone is not None else say("no zone of its own was found")
    views += [
        (f"{server[0]}:{server[1]}", ServerKind.RESOLVER, _ResolverView(resolver, server))
        for server in servers
    ]
    found = await asyncio.gather(*(verify(name, expectations, view) for _, _, view in views))
    sightings = tuple(
        Sighting(server, kind, verification)
        for (server, kind, _), verification in zip(views, found, strict=True)
    )
    return Propagation(name, sightings, detail)
