"""An authoritative DNS server on asyncio, for `tayori sandbox` and for tests (RFC 1034, 1035).

It answers UDP and TCP on one port, for every name unless it is told its zones. Records change while
it runs. Each name can be told to misbehave, so that a resolver is tried against the real thing.
Packets that are no questions are answered with an error or not at all; none of them stops it.
"""

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from enum import Enum
from typing import Any, Self

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from tayori.sandbox.dns_zone import (
    DEFAULT_TTL,
    Name,
    Reply,
    Zone,
    Zones,
    make_records,
    parse_name,
)

MAX_UDP = 1232
"""Octets of a reply over UDP, however much the asker allows."""
PLAIN_UDP = 512
"""The same without EDNS (RFC 1035 4.2.1)."""
HEADER = 12
TCP_IDLE_S = 30.0
_BIND_TRIES = 20


class Failure(Enum):
    """How a name can be made to misbehave."""

    SERVFAIL = "answers SERVFAIL"
    REFUSED = "answers REFUSED"
    NO_ANSWER = "takes the question and never answers"
    TRUNCATE = "sets TC over UDP, so that the asker comes again over TCP"
    GARBAGE = "answers with octets that are no DNS message"
    NO_EDNS = "answers FORMERR to questions with EDNS, as old servers do"


class DnsServer:
    """A server with its records; `zones` empty makes it responsible for every name.

    `records` maps (name, type) to values as `add` takes them.
    """

    def __init__(
        self,
        records: Mapping[tuple[str, str], str | Sequence[str]] | None = None,
        *,
        zones: Sequence[str] = (),
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.host = host
        self.port = port
        self.queries: Counter[tuple[str, str]] = Counter()
        """How often each (name, type) was asked, over UDP and TCP."""
        self.transports: Counter[str] = Counter()
        """How many questions came over "udp" and over "tcp"."""
        self.before: Callable[[], Awaitable[None]] | None = None
        """Awaited before each answer, by who enters records only when they are asked for."""
        self._zones = Zones()
        self._vouched: set[Name] = set()
        self._failures: dict[tuple[Name, str | None], Failure] = {}
        self._holds: dict[Name, asyncio.Event] = {}
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked = asyncio.Condition()
        for zone in zones or (".",):
            self._zones.add_zone(parse_name(zone))
        for (name, record_type), values in (records or {}).items():
            self.set(name, record_type, *([values] if isinstance(values, str) else values))

    # Records

    def add_zone(self, origin: str) -> None:
        """Make a zone cut: from now on its own SOA stands beside every no below it."""
        self._zones.add_zone(parse_name(origin))

    def add(self, name: str, record_type: str, *values: str, ttl: int = DEFAULT_TTL) -> None:
        """Add records beside those that are there; ValueError for a bad one, or a foreign name."""
        owner = parse_name(name)
        records = make_records(dns.rdatatype.from_text(record_type), values, ttl)
        self._zone(owner).add(owner, records)

    def set(self, name: str, record_type: str, *values: str, ttl: int = DEFAULT_TTL) -> None:
        """Put records in the place of those of the same name and type."""
        owner, rdtype = parse_name(name), dns.rdatatype.from_text(record_type)
        records = make_records(rdtype, values, ttl)
        zone = self._zone(owner)
        zone.remove(owner, rdtype)
        zone.add(owner, records)

    def remove(self, name: str, record_type: str | None = None) -> None:
        """Take the records of a type away, or everything at the name."""
        owner = parse_name(name)
        rdtype = dns.rdatatype.from_text(record_type) if record_type else None
        self._zone(owner).remove(owner, rdtype)

    def _zone(self, owner: Name) -> Zone:
        zone = self._zones.zone_of(owner)
        if zone is None:
            raise ValueError(f"{owner} is in none of this server's zones")
        return zone

    def vouch(self, name: str) -> None:
        """Set AD in answers about a name and what is below it, as a validating resolver does."""
        self._vouched.add(parse_name(name))

    def _vouches(self, answered: list[Name]) -> bool:
        return bool(self._vouched) and all(
            any(name.is_subdomain(vouched) for vouched in self._vouched) for name in answered
        )

    # Misbehaviour

    def fail(self, name: str, failure: Failure, record_type: str | None = None) -> None:
        """Let a name misbehave, for one type or for all."""
        self._failures[parse_name(name), record_type] = failure

    def hold(self, name: str) -> asyncio.Event:
        """Answer questions about the name only after the returned event is set."""
        event = self._holds[parse_name(name)] = asyncio.Event()
        return event

    def heal(self, name: str | None = None) -> None:
        """End the misbehaviour of a name, or of all of them."""
        owner = parse_name(name) if name is not None else None
        for key in [key for key in self._failures if owner in {None, key[0]}]:
            del self._failures[key]
        for held in [held for held in self._holds if owner in {None, held}]:
            self._holds.pop(held).set()

    # Counting

    def count(self, name: str, record_type: str) -> int:
        """Return how often a name and type were asked."""
        return self.queries[_key(parse_name(name), record_type)]

    async def wait_for_queries(self, name: str, record_type: str, count: int) -> None:
        """Return when a name and type were asked at least so often."""
        async with self._asked:
            await self._asked.wait_for(lambda: self.count(name, record_type) >= count)

    # Running

    @property
    def address(self) -> tuple[str, int]:
        """Return host and port, as a resolver takes them."""
        return self.host, self.port

    async def start(self) -> None:
        """Open the port for UDP and TCP; with port 0 a free one is found. OSError when taken."""
        loop = asyncio.get_running_loop()
        for attempt in range(_BIND_TRIES):
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _UdpDoor(self), local_addr=(self.host, self.port)
            )
            port = udp.get_extra_info("sockname")[1]
            try:
                self._tcp = await asyncio.start_server(self._serve_tcp, self.host, port)
            except OSError:
                # The free UDP port may be taken for TCP; another one will do.
                udp.close()
                if self.port or attempt == _BIND_TRIES - 1:
                    raise
                continue
            self._udp, self.port = udp, port
            return

    async def stop(self) -> None:
        """Close the port; questions that are held are never answered."""
        if self._udp:
            self._udp.close()
        if self._tcp:
            self._tcp.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tcp:
            await self._tcp.wait_closed()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def spawn_udp(self, wire: bytes, peer: tuple[str, int]) -> None:
        """Answer one packet, now or when its name is let go."""
        self._spawn(self._answer_udp(wire, peer))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer_udp(self, wire: bytes, peer: tuple[str, int]) -> None:
        reply = await self._answer(wire, tcp=False)
        if reply is not None and self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(reply, peer)

    async def _serve_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.CancelledError):
                while True:
                    await self._serve_one(reader, writer)
        finally:
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(TCP_IDLE_S):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            wire = await reader.readexactly(length)
        reply = await self._answer(wire, tcp=True)
        if reply is not None:
            writer.write(struct.pack("!H", len(reply)) + reply)
            await writer.drain()

    async def _answer(self, wire: bytes, *, tcp: bool) -> bytes | None:
        query = read_query(wire)
        if not isinstance(query, dns.message.Message):
            return query
        name, kind = query.question[0].name, _type_text(query)
        self.queries[_key(name, kind)] += 1
        self.transports["tcp" if tcp else "udp"] += 1
        async with self._asked:
            self._asked.notify_all()
        if self.before is not None:
            await self.before()
        hold = self._holds.get(name)
        if hold is not None:
            await hold.wait()
        return self._reply(query, tcp=tcp)

    def _reply(self, query: dns.message.Message, *, tcp: bool) -> bytes | None:
        """Return the packet that answers a well-formed question; None for silence."""
        name, kind = query.question[0].name, _type_text(query)
        failure = self._failures.get((name, kind)) or self._failures.get((name, None))
        match failure:
            case Failure.NO_ANSWER:
                return None
            case Failure.GARBAGE:
                return query.to_wire()[:HEADER] + b"\xff" * 7
            case Failure.TRUNCATE if not tcp:
                return _truncated(query)
            case Failure.SERVFAIL:
                reply = Reply(dns.rcode.SERVFAIL)
            case Failure.REFUSED:
                reply = Reply(dns.rcode.REFUSED)
            case Failure.NO_EDNS if query.edns >= 0:
                reply = Reply(dns.rcode.FORMERR)
            case _:
                reply = self._zones.answer(name, query.question[0].rdtype)
        vouched = self._vouches([name, *(rrset.name for rrset in reply.answer)])
        return _wire(query, reply, tcp=tcp, vouched=vouched)


class _UdpDoor(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.spawn_udp(data, addr)


def read_query(wire: bytes) -> dns.message.Message | bytes | None:
    """Return the question a packet holds, or the error to send, or None for silence.

    Replies and scraps are not answered at all, or two servers could talk for ever (RFC 1035 7.3).
    """
    if len(wire) < HEADER or wire[2] & 0x80:
        return None
    try:
        query = dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return _error(wire, dns.rcode.FORMERR)
    if query.opcode() != dns.opcode.QUERY:
        return _error(wire, dns.rcode.NOTIMP)
    if len(query.question) != 1:
        return _error(wire, dns.rcode.FORMERR)
    if query.question[0].rdclass != dns.rdataclass.IN:
        return _error(wire, dns.rcode.REFUSED)
    return query


def _error(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """Return a bare header with the packet's id and the code; counts are zero."""
    flags = 0x8000 | (wire[2] & 0x79) << 8 | int(rcode)
    return wire[:2] + struct.pack("!HHHHH", flags, 0, 0, 0, 0)


def _wire(query: dns.message.Message, reply: Reply, *, tcp: bool, vouched: bool) -> bytes:
    response = _response(query)
    response.set_rcode(reply.rcode)
    if reply.rcode in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        response.flags |= dns.flags.AA | (dns.flags.AD if vouched else 0)
    response.answer.extend(reply.answer)
    response.authority.extend(reply.authority)
    allowed = min(query.payload, MAX_UDP) if query.edns >= 0 else PLAIN_UDP
    try:
        return response.to_wire(max_size=65535 if tcp else max(allowed, PLAIN_UDP))
    except dns.exception.TooBig:
        return _truncated(query)


def _truncated(query: dns.message.Message) -> bytes:
    response = _response(query)
    response.flags |= dns.flags.TC | dns.flags.AA
    return response.to_wire()


def _response(query: dns.message.Message) -> dns.message.Message:
    response = dns.message.make_response(query, our_payload=MAX_UDP)
    response.flags &= ~dns.flags.RA
    return response


def _type_text(query: dns.message.Message) -> str:
    return dns.rdatatype.to_text(query.question[0].rdtype)


def _key(name: Name, kind: str) -> tuple[str, str]:
    return name.to_text(omit_final_dot=True).lower(), kind
