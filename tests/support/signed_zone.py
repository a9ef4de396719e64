"""A signed zone on a name server of its own, and a validating resolver (Unbound) that asks it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from tests.support.debian_tools import debian_tools

PACKAGES = ("unbound",)
CONFIGURATION = """
server:
  interface: 127.0.0.1@{port}
  do-ip6: no
  do-daemonize: no
  use-syslog: no
  logfile: ""
  verbosity: 1
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  module-config: "validator iterator"
  local-zone: "test." nodefault
  do-not-query-localhost: no
  trust-anchor: "{anchor}"
remote-control:
  control-enable: no
stub-zone:
  name: "x.test"
  stub-addr: 127.0.0.1@{authority}
stub-zone:
  name: "y.test"
  stub-addr: 127.0.0.1@{plain}
"""


class SignedZone:
    """Answers for x.test by UDP, with signatures and proofs of absence (RFC 4035 3.1)."""

    def __init__(self, text: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        algorithm = dns.dnssec.Algorithm.ECDSAP256SHA256
        dnskey = dns.dnssec.make_dnskey(key.public_key(), algorithm, flags=257)
        self.zone = dns.zone.from_text(text, origin="x.test.", relativize=False)
        now = datetime.now(UTC)
        dns.dnssec.sign_zone(
            self.zone,
            keys=[(key, dnskey)],
            add_dnskey=True,
            inception=now - timedelta(hours=1),
            expiration=now + timedelta(days=1),
        )
        self.anchor = f"x.test. DS {dns.dnssec.make_ds('x.test.', dnskey, 'SHA256')}"
        self.port = 0
        self._transport: asyncio.DatagramTransport | None = None

    def spoil(self, name: str, record_type: str, value: str) -> None:
        """Change records behind the back of their signatures."""
        kind = dns.rdatatype.from_text(record_type)
        ttl = self.zone.find_rdataset(name, kind).ttl
        spoiled = dns.rdataset.from_text("IN", kind, ttl, value)
        self.zone.replace_rdataset(name, spoiled)

    async def start(self) -> None:
        """Open a port on loopback."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Door(self), local_addr=("127.0.0.1", 0)
        )
        self.port = self._transport.get_extra_info("sockname")[1]

    def stop(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """Return the answer with whatever proves it."""
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        question = query.question[0]
        node = self.zone.get_node(question.name)
        found = node.get_rdataset(dns.rdataclass.IN, question.rdtype) if node else None
        if found is not None:
            response.answer.extend(self._signed(question.name, question.rdtype))
            return response
        if node is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        origin = self.zone.origin
        response.authority.extend(self._signed(origin, dns.rdatatype.SOA))
        for name in {self._before(question.name), self._before(dns.name.from_text("*.x.test."))}:
            response.authority.extend(self._signed(name, dns.rdatatype.NSEC))
        return response

    def _before(self, name: dns.name.Name) -> dns.name.Name:
        """Return the owner of the NSEC record that covers, or is at, a name."""
        owners = [o for o in self.zone.nodes if self.zone.get_rdataset(o, dns.rdatatype.NSEC)]
        return max((o for o in owners if o <= name), default=max(owners))

    def _signed(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> list[dns.rrset.RRset]:
        sets: Sequence[dns.rdataset.Rdataset | None] = (
            self.zone.get_rdataset(name, kind),
            self.zone.get_rdataset(name, dns.rdatatype.RRSIG, covers=kind),
        )
        return [dns.rrset.from_rdata_list(name, s.ttl, list(s)) for s in sets if s is not None]


class _Door(asyncio.DatagramProtocol):
    def __init__(self, zone: SignedZone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The base class of asyncio's own transports promises less than they can do.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._zone.answer(dns.message.from_wire(data))
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def validating_resolver(
    zone: SignedZone, plain: int, folder: Path
) -> AsyncIterator[tuple[str, int]]:
    """Run Unbound, which trusts the zone's key; `plain` is the port of unsigned zones."""
    tools = await asyncio.to_thread(debian_tools, PACKAGES)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = folder / "unbound.conf"
    settings.write_text(
        CONFIGURATION.format(
            port=port, folder=folder, anchor=zone.anchor, authority=zone.port, plain=plain
        )
    )
    process = await asyncio.create_subprocess_exec(
        tools.root / "usr/sbin/unbound",
        *("-d", "-c", settings),
        env=tools.environment,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(60):
            while b"start of service" not in (line := await process.stderr.readline()):
                assert line, "Unbound ended before it served."
        drained = asyncio.create_task(process.stderr.read())
        yield "127.0.0.1", port
        process.terminate()
        await drained
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
