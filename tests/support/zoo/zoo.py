"""Many receivers in one place: each site listens on a loopback address of its own, all on one port.

`Zoo` runs in the event loop of who uses it, `ZooProcess` in a process of its own. The names lead
there by `publish`.
"""

import asyncio
import contextlib
import multiprocessing
import ssl
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing.connection import Connection as Pipe
from typing import Self

import msgspec
import trustme
import uvloop
from tests.support.zoo.den import Den, Log, Seen
from tests.support.zoo.limits import Violation
from tests.support.zoo.species import Species

from tayori.runtime.clock import SystemClock
from tayori.sandbox.dns_server import DnsServer
from tayori.sandbox.mail_server import self_signed_context
from tayori.smtp.handler import ServerSettings
from tayori.smtp.server import Server

FIRST = 10
"""Sites are at 127.0.FIRST.1 and so on; each host of a site has an address of its own."""
_TRIES = 20


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the zoo saw."""

    mails: list[Seen]
    violations: list[Violation]
    most_open: dict[str, int]
    """By receiver, the most connections that one address had at once."""
    connections: int
    put_off: int
    turned_away: int

    @property
    def taken(self) -> list[Seen]:
        """The mails that were taken, in the order in which they came."""
        return [mail for mail in self.mails if not mail.refused]

    @property
    def copies(self) -> Counter[str]:
        """How many mails were taken for each recipient."""
        return Counter(mail.recipient for mail in self.taken)


class Zoo:
    """Receivers of the given species in this process; a port of 0 takes a free one."""

    def __init__(self, species: Sequence[Species], port: int = 0) -> None:
        self.port = port
        self.log = Log()
        self._authority = trustme.CA()
        self._species = species
        self._dens: list[tuple[str, Den]] = []
        self._servers: list[Server] = []

    async def __aenter__(self) -> Self:
        for tried in range(_TRIES):
            try:
                await self._open()
            except OSError:
                await self.close()
                if tried == _TRIES - 1:
                    raise
                self.port = 0
            else:
                break
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every receiver."""
        for _, den in self._dens:
            den.closing.set()
        await asyncio.gather(*(server.stop(grace_s=0) for server in self._servers))
        self._servers.clear()

    @property
    def authority(self) -> bytes:
        """Return the certificate, in PEM, by which trusted receivers can be verified."""
        return self._authority.cert_pem.bytes()

    def report(self) -> Report:
        """Return what was seen so far."""
        most: dict[str, int] = {}
        for name, den in self._dens:
            most[name] = max([most.get(name, 0), *den.meter.most_open.values()])
        return Report(
            mails=list(self.log.mails),
            violations=list(self.log.violations),
            most_open=most,
            connections=self.log.connections,
            put_off=self.log.put_off,
            turned_away=self.log.turned_away,
        )

    def block(self, receiver: str, source: str) -> None:
        """Let a receiver block an address from now on, as long as its species does."""
        for name, den in self._dens:
            if name == receiver:
                den.block(source)

    async def _open(self) -> None:
        self._dens.clear()
        addresses = iter(addresses_of(self._species))
        for species in self._species:
            den = Den(species, self.log, time.monotonic)
            for site in species.sites:
                den = den if species.shared else Den(species, self.log, time.monotonic)
                self._dens.append((species.name, den))
                for host in site.hosts:
                    await self._listen(den, host, next(addresses)[1])

    async def _listen(self, den: Den, host: str, address: str) -> None:
        settings = ServerSettings(
            host_name=host,
            tls=self._context(den.species, host) if den.species.offers_tls else None,
            max_commands=1 << 30,
            max_errors=1 << 30,
        )
        server = Server(den.visit, settings)
        _, self.port = await server.start(address, self.port)
        self._servers.append(server)

    def _context(self, species: Species, host: str) -> ssl.SSLContext:
        if not species.trusted:
            return self_signed_context(host, SystemClock())
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._authority.issue_cert(host).configure_cert(context)
        return context


def addresses_of(species: Sequence[Species]) -> list[tuple[str, str]]:
    """Return host name and address of every host, in the order of the species."""
    hosts = [host for one in species for site in one.sites for host in site.hosts]
    return [(host, f"127.0.{FIRST}.{number + 1}") for number, host in enumerate(hosts)]


def publish(dns: DnsServer, species: Sequence[Species]) -> None:
    """Let all names of the species lead to their receivers."""
    for host, address in addresses_of(species):
        dns.set(host, "A", address)
    for one in species:
        for site in one.sites:
            for domain in site.domains:
                dns.set(
                    domain,
                    "MX",
                    *(f"{10 * (at + 1)} {host}." for at, host in enumerate(site.hosts)),
                )


class ZooProcess:
    """A zoo in a process of its own."""

    def __init__(self, species: Sequence[Species]) -> None:
        self.port = 0
        self.authority = b""
        """As of `Zoo`."""
        self._species = species
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(target=_run, args=(theirs, species), daemon=True)

    async def __aenter__(self) -> Self:
        self._process.start()
        self.port, self.authority = await asyncio.to_thread(self._pipe.recv)
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._pipe.send(("end",))
        await asyncio.to_thread(self._process.join)

    async def report(self) -> Report:
        """Return what was seen so far."""
        self._pipe.send(("report",))
        return msgspec.msgpack.decode(await asyncio.to_thread(self._pipe.recv), type=Report)

    async def taken(self) -> int:
        """Return how many mails and refusals were seen so far."""
        self._pipe.send(("count",))
        return int(await asyncio.to_thread(self._pipe.recv))

    async def block(self, receiver: str, source: str) -> None:
        """Let a receiver block an address."""
        self._pipe.send(("block", receiver, source))
        await asyncio.to_thread(self._pipe.recv)


def _run(pipe: Pipe, species: Sequence[Species]) -> None:
    uvloop.run(_serve(pipe, species))


async def _serve(pipe: Pipe, species: Sequence[Species]) -> None:
    async with Zoo(species) as zoo:
        pipe.send((zoo.port, zoo.authority))
        while True:
            try:
                order = await asyncio.to_thread(pipe.recv)
            except EOFError:
                return
            match order:
                case ("report",):
                    pipe.send(msgspec.msgpack.encode(zoo.report()))
                case ("count",):
                    pipe.send(len(zoo.log.mails))
                case ("block", receiver, source):
                    zoo.block(receiver, source)
                    pipe.send(None)
                case _:
                    return
