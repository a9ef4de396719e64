"""The resolver: names to values, with a cache of its own in front of recursive name servers.

Promises: an answer is kept no longer than its TTL; identical look-ups at the same time share one
query; each server is tried in turn until one knows; what nobody knew is a `TemporaryFailure`, kept
only for a few seconds (RFC 9520 3.2). Nothing here raises for what a name server does.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias

import dns.flags
import dns.message
import dns.rdatatype
import dns.resolver

from tayori.dns.answers import Answer, Lookup, NoData, NoSuchName, TemporaryFailure
from tayori.dns.cache import ExpiringCache
from tayori.dns.exchange import EDNS_PAYLOAD, Server, ServerFailure, believed, exchange
from tayori.dns.names import to_ascii
from tayori.dns.reading import MAX_CHAIN, Alias, Reading, read_reply
from tayori.runtime.clock import SECOND, Clock

_Key: TypeAlias = tuple[str, str]


def system_servers() -> tuple[Server, ...]:
    """Return the name servers of this machine; its own loopback when it names none."""
    try:
        found = dns.resolver.Resolver(configure=True)
    except dns.resolver.NoResolverConfiguration:
        return (("127.0.0.1", 53),)
    return tuple((str(address), found.port) for address in found.nameservers)


class Resolver:
    """Asks recursive name servers; `servers` empty means the machine's own.

    `timeout_s` bounds one try at one server, `rounds` how often the whole list is gone through.
    `max_ttl_s` and `max_negative_ttl_s` cap what zones claim; `failure_ttl_s` is how long a failure
    is remembered, so that a thousand mails to a broken domain cost one time-out. `trust_ad` says
    whose word for DNSSEC counts.
    """

    def __init__(
        self,
        servers: Sequence[Server],
        clock: Clock,
        *,
        timeout_s: float = 3.0,
        rounds: int = 2,
        cache_size: int = 50_000,
        max_ttl_s: int = 86_400,
        max_negative_ttl_s: int = 900,
        failure_ttl_s: int = 5,
        max_concurrent: int = 200,
        trust_ad: Literal["loopback", "always", "never"] = "loopback",
    ) -> None:
        self.servers: tuple[Server, ...] = tuple(servers) or system_servers()
        self._timeout_s = timeout_s
        self._rounds = rounds
        self._max_ttl_s = max_ttl_s
        self._max_negative_ttl_s = max_negative_ttl_s
        self._failure_ttl_s = failure_ttl_s
        self._cache: ExpiringCache[_Key, Lookup] = ExpiringCache(clock, cache_size)
        self._running: dict[tuple[str, str, bool], asyncio.Task[Lookup]] = {}
        self._slots = asyncio.Semaphore(max_concurrent)
        self._first = self.servers[0]
        self.validates = trust_ad != "never" and bool(believed(self.servers, trust_ad))
        """Whether some server may vouch for DNSSEC at all."""
        self._believed = None if trust_ad == "always" else believed(self.servers, trust_ad)

    async def lookup(self, name: str, record_type: str, *, bypass_cache: bool = False) -> Lookup:
        """Return the records of a type ("MX", "TXT", …) at a name; never raises for the DNS's sake.

        With `bypass_cache` the servers are asked now; their answer still refreshes the cache.
        A name that the DNS cannot hold does not exist.
        """
        asked = to_ascii(name)
        if asked is None:
            return NoSuchName()
        key = (asked, record_type)
        if not bypass_cache:
            known = self._cache.get(key)
            if known is not None:
                return known
        running_key = (asked, record_type, bypass_cache)
        task = self._running.get(running_key)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._look_up(key))
            self._running[running_key] = task
            task.add_done_callback(lambda _: self._running.pop(running_key, None))
        # One waiter that is cancelled must not take the look-up away from the others.
        return await asyncio.shield(task)

    async def ask(
        self,
        servers: Sequence[Server],
        name: str,
        record_type: str,
        *,
        recursive: bool = False,
    ) -> Lookup:
        """Ask exactly these servers now, without any cache, as for a propagation check.

        `recursive` false is how authoritative servers are asked (RD clear); an alias that leads
        out of their zones is then followed through the ordinary servers.
        """
        asked = to_ascii(name)
        if asked is None:
            return NoSuchName()
        return await self._resolve(asked, record_type, tuple(servers), recursive=recursive)

    def cached(self, name: str, record_type: str) -> Lookup | None:
        """Return what the cache holds, without asking anybody; `name` as `to_ascii` returns it."""
        return self._cache.get((name, record_type))

    def clear(self) -> None:
        """Forget every cached answer."""
        self._cache.clear()

    async def close(self) -> None:
        """Give up the look-ups that are under way; whoever waits for one is cancelled."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_up(self, key: _Key) -> Lookup:
        result = await self._resolve(*key, self._in_order(), recursive=True)
        self._cache.put(key, result, self._lifetime_s(result) * SECOND)
        return result

    def _in_order(self) -> tuple[Server, ...]:
        """Return the servers with the one that answered last in front.

        A dead first server so costs one time-out, not one for each name.
        """
        return (self._first, *(server for server in self.servers if server != self._first))

    def _lifetime_s(self, result: Lookup) -> int:
        match result:
            case Answer():
                return min(result.ttl, self._max_ttl_s)
            case NoSuchName() | NoData():
                return min(result.ttl, self._max_negative_ttl_s)
            case TemporaryFailure():
                return self._failure_ttl_s

    async def _resolve(
        self, name: str, record_type: str, servers: tuple[Server, ...], *, recursive: bool
    ) -> Lookup:
        """Follow aliases that a reply did not follow itself, and bring the TTLs together."""
        ttl, authenticated = 2**31 - 1, True
        for _ in range(MAX_CHAIN):
            result = await self._try_servers(name, record_type, servers, recursive=recursive)
            if not isinstance(result, Alias):
                return self._with_trust(_with_ttl(result, ttl), authenticated=authenticated)
            name, ttl = result.name, min(ttl, result.ttl)
            authenticated = authenticated and result.authenticated
            servers, recursive = self._in_order(), True
        return TemporaryFailure(detail=f"the CNAME chain at {name} has no end")

    def _with_trust(self, result: Lookup, *, authenticated: bool) -> Lookup:
        """Return the result without the word of servers that are not believed (RFC 4035 4.9.3)."""
        if isinstance(result, TemporaryFailure) or not result.authenticated:
            return result
        if authenticated and (self._believed is None or result.server in self._believed):
            return result
        return replace(result, authenticated=False)

    async def _try_servers(
        self, name: str, record_type: str, servers: tuple[Server, ...], *, recursive: bool
    ) -> Reading | TemporaryFailure:
        failures: dict[str, str] = {}
        for _ in range(self._rounds):
            for server in servers:
                label = f"{server[0]}:{server[1]}"
                try:
                    async with self._slots:
                        query = _query(name, record_type, recursive=recursive)
                        reply = await exchange(query, server, self._timeout_s)
                    reading = read_reply(reply, label)
                except ServerFailure as failure:
                    failures[label] = str(failure)
                else:
                    if server in self.servers:
                        self._first = server
                    return reading
        detail = "; ".join(f"{label}: {said}" for label, said in failures.items())
        return TemporaryFailure(detail=f"{record_type} of {name}: {detail or 'no servers'}")


def _query(name: str, record_type: str, *, recursive: bool) -> dns.message.QueryMessage:
    # AD in a query asks the server to tell whether it validated the data (RFC 6840 5.7).
    flags = dns.flags.AD | (dns.flags.RD if recursive else 0)
    return dns.message.make_query(
        name, dns.rdatatype.from_text(record_type), use_edns=0, payload=EDNS_PAYLOAD, flags=flags
    )


def _with_ttl(result: Lookup, ttl: int) -> Lookup:
    """Return the result with a TTL no greater than that of the aliases on its way."""
    if isinstance(result, TemporaryFailure) or result.ttl <= ttl:
        return result
    return replace(result, ttl=ttl)
