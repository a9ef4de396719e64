"""One query to one server: UDP first, TCP when the reply is cut (RFC 1035 4.2, RFC 7766 5).

Every failure is a `ServerFailure` with a sentence; packets that do not belong to the query are
ignored until the time is up, so that a forged one cannot end it. Each query has its own socket, and
with it its own source port (RFC 5452 9.2).
"""

import asyncio
import ipaddress
import struct
from collections.abc import Sequence
from typing import TypeAlias

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

Server: TypeAlias = tuple[str, int]
"""Address and port of a name server."""

EDNS_PAYLOAD = 1232
"""Octets that pass every network without fragments (DNS flag day 2020)."""


class ServerFailure(Exception):  # noqa: N818 - it is the failure of a server, not an error of ours
    """This server gave no usable reply; another one may."""


async def exchange(
    query: dns.message.QueryMessage, server: Server, timeout_s: float
) -> dns.message.Message:
    """Return the server's reply, within the time; ServerFailure otherwise.

    A server that does not understand EDNS is asked again without (RFC 6891 6.2.2).
    """
    try:
        async with asyncio.timeout(timeout_s):
            reply = await _over_udp_or_tcp(query, server)
            if query.edns >= 0 and _rejects_edns(reply):
                query.use_edns(False)
                reply = await _over_udp_or_tcp(query, server)
            return reply
    except TimeoutError:
        raise ServerFailure(f"no reply within {timeout_s:g} s") from None
    except ConnectionRefusedError:
        raise ServerFailure("nothing listens there") from None
    except (OSError, EOFError) as error:
        raise ServerFailure(f"not reachable ({type(error).__name__})") from error


def _rejects_edns(reply: dns.message.Message) -> bool:
    return reply.rcode() in {dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS}


async def _over_udp_or_tcp(query: dns.message.QueryMessage, server: Server) -> dns.message.Message:
    reply = await _over_udp(query, server)
    if reply.flags & dns.flags.TC:
        return await _over_tcp(query, server)
    return reply


class _UdpQuery(asyncio.DatagramProtocol):
    """Waits for the first packet that answers the query."""

    def __init__(self, query: dns.message.QueryMessage) -> None:
        self._query = query
        self.reply: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        reply = parse_reply(data, self._query)
        if reply is not None and not self.reply.done():
            self.reply.set_result(reply)

    def error_received(self, exc: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(exc)

    def connection_lost(self, _exc: Exception | None) -> None:
        if not self.reply.done():
            self.reply.cancel()


async def _over_udp(query: dns.message.QueryMessage, server: Server) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: _UdpQuery(query), remote_addr=server
    )
    try:
        transport.sendto(query.to_wire())
        return await protocol.reply
    finally:
        transport.close()


async def _over_tcp(query: dns.message.QueryMessage, server: Server) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(*server)
    try:
        wire = query.to_wire()
        writer.write(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        reply = parse_reply(await reader.readexactly(length), query)
    finally:
        writer.close()
    if reply is None:
        raise ServerFailure("a broken reply over TCP")
    return reply


def parse_reply(wire: bytes, query: dns.message.QueryMessage) -> dns.message.Message | None:
    """Return the packet as a message when it answers the query, else None; never raises."""
    reply = _read(wire) or _read_truncated(wire)
    return reply if reply is not None and query.is_response(reply) else None


def _read(wire: bytes) -> dns.message.Message | None:
    try:
        return dns.message.from_wire(wire, ignore_trailing=True)
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return None


def _read_truncated(wire: bytes) -> dns.message.Message | None:
    """Read what can be read of a packet that was cut in the middle of a record, if it says so."""
    try:
        reply = dns.message.from_wire(wire, continue_on_error=True)
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return None
    return reply if reply.flags & dns.flags.TC else None


def parse_server(text: str, default_port: int = 53) -> Server:
    """Read "192.0.2.1", "192.0.2.1:5353" or "[2001:db8::1]:5353"; ValueError with a sentence.

    Servers are addresses, not names: to resolve a name one needs a server.
    """
    host, port = text.strip(), default_port
    if host.startswith("["):
        host, _, rest = host[1:].partition("]")
        port = int(rest.removeprefix(":")) if rest else default_port
    elif host.count(":") == 1:
        host, _, number = host.partition(":")
        port = int(number)
    ipaddress.ip_address(host)
    if not 0 < port < 65536:  # noqa: PLR2004 - the range of port numbers
        raise ValueError(f"{port} is no port number")
    return host, port


def believed(servers: Sequence[Server], trust: str) -> frozenset[str]:
    """Return the labels of those servers whose AD bit counts: `loopback`, `always` or `never`."""
    if trust == "never":
        return frozenset()
    return frozenset(
        f"{address}:{port}"
        for address, port in servers
        if trust == "always" or ipaddress.ip_address(address.partition("%")[0]).is_loopback
    )
