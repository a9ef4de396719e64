"""Receivers with certificates of every kind, and the https server of their MTA-STS policies."""

import asyncio
import contextlib
import datetime as dt
import ssl
from collections import Counter
from pathlib import Path
from typing import Self

import trustme
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.peers.receiving import Recorder

from tayori.runtime.clock import SettableClock
from tayori.sandbox.dns_server import DnsServer
from tayori.sandbox.mail_server import self_signed_context
from tayori.smtp.handler import ServerSettings
from tayori.smtp.server import Server

_LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


class SecureReceivers:
    """Hosts at 127.0.<net>.1 and so on, all at one port, with their names in the DNS."""

    def __init__(self, dns: DnsServer, folder: Path, net: int = 77) -> None:
        self.dns = dns
        self.port = 0
        self.authority = trustme.CA()
        self.roots = folder / "roots.pem"
        self._net = net
        self._servers: list[Server] = []
        self.authority.cert_pem.write_to_path(str(self.roots))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(server.stop(grace_s=0) for server in self._servers))

    async def add(self, domain: str, cert: str = "good", *, requiretls: bool = False) -> Recorder:
        """Let a host take a domain's mail; `cert` is good, expired, other, self-signed or none."""
        host = f"mx.{domain}"
        recorder = Recorder()
        context, self.leaf = self.context(host, cert)
        await self.listen(domain, host, recorder, context, requiretls=requiretls)
        return recorder

    async def listen(
        self,
        domain: str,
        host: str,
        recorder: Recorder,
        context: ssl.SSLContext | None,
        *,
        requiretls: bool = False,
    ) -> None:
        """Let a host with this context take a domain's mail."""
        address = f"127.0.{self._net}.{len(self._servers) + 1}"
        server = Server(
            lambda _: recorder, ServerSettings(host_name=host, tls=context, requiretls=requiretls)
        )
        self.port = (await server.start(address, self.port))[1]
        self._servers.append(server)
        self.dns.set(host, "A", address)
        self.dns.set(domain, "MX", f"10 {host}.")

    def pin(self, host: str, *records: str) -> None:
        """Publish TLSA records of a host."""
        self.dns.set(f"_{self.port}._tcp.{host}", "TLSA", *records)

    def tlsa(self, usage: int, selector: int, matching: int, *, anchor: bool = False) -> str:
        """Return the record of the receiver that was added last, or of the authority."""
        cert = self.leaf
        if anchor:
            cert = x509.load_pem_x509_certificate(self.authority.cert_pem.bytes())
        data = cert.public_bytes(Encoding.DER)
        if selector:
            key = cert.public_key()
            data = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for kind in (hashes.SHA256(), hashes.SHA512())[matching - 1 : matching] if matching else ():
            digest = hashes.Hash(kind)
            digest.update(data)
            data = digest.finalize()
        return f"{usage} {selector} {matching} {data.hex()}"

    def context(self, host: str, cert: str) -> tuple[ssl.SSLContext | None, x509.Certificate]:
        """Return the context of a host, and the certificate that it shows."""
        if cert == "self-signed":
            context = self_signed_context(host, SettableClock())
            return context, _certificate(context)
        name = "mx.elsewhere.test" if cert == "other" else host
        ends = _LONG_AGO if cert == "expired" else None
        issued = self.authority.issue_cert(name, not_after=ends)
        leaf = x509.load_pem_x509_certificate(issued.cert_chain_pems[0].bytes())
        if cert == "none":
            return None, leaf
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        issued.configure_cert(context)
        # DANE with usage 2 finds its anchor in what the server shows (RFC 7672 3.1.2).
        context.load_cert_chain(self._with_anchor(issued))
        return context, leaf

    def _with_anchor(self, issued: trustme.LeafCert) -> Path:
        path = self.roots.with_name(f"chain{len(self._servers)}.pem")
        chain = [issued.private_key_pem, *issued.cert_chain_pems, self.authority.cert_pem]
        path.write_bytes(b"".join(part.bytes() for part in chain))
        return path


def _certificate(context: ssl.SSLContext) -> x509.Certificate:
    """Return the certificate of a server's context, as a client sees it."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    ends = [ssl.MemoryBIO() for _ in range(4)]
    ours = client.wrap_bio(ends[0], ends[1], server_hostname="x")
    theirs = context.wrap_bio(ends[2], ends[3], server_side=True)
    for _ in range(4):
        for one, there, back in ((ours, ends[1], ends[2]), (theirs, ends[3], ends[0])):
            with contextlib.suppress(ssl.SSLWantReadError):
                one.do_handshake()
            back.write(there.read())
    shown = ours.getpeercert(binary_form=True)
    assert shown
    return x509.load_der_x509_certificate(shown)


class PolicyServer:
    """Serves policies by domain over https; counts how often each was asked for."""

    def __init__(self, dns: DnsServer, authority: trustme.CA) -> None:
        self.policies: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.posted: list[tuple[str, bytes]] = []
        self.status = 200
        self.content_type = "text/plain"
        self.port = 0
        self._dns = dns
        self._authority = authority
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/.well-known/mta-sts.txt", self._answer)
        app.router.add_post("/reports", self._take)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("*.x.test", "*.y.test", "mta-sts.x.test").configure_cert(context)
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        ((_, self.port),) = self._runner.addresses
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def publish(self, domain: str, policy: str, number: str = "1", ttl: int = 300) -> None:
        """Announce and serve a policy; its lines are parted by newlines."""
        self.policies[f"mta-sts.{domain}"] = policy
        self._dns.set(f"mta-sts.{domain}", "A", "127.0.0.1")
        self._dns.set(f"_mta-sts.{domain}", "TXT", f"v=STSv1; id={number};", ttl=ttl)

    def enforce(
        self, domain: str, number: str = "1", mode: str = "enforce", **changes: str
    ) -> None:
        """Announce and serve an ordinary policy of the domain's own host."""
        lines = {"version": "STSv1", "mode": mode, "mx": f"mx.{domain}", "max_age": "604800"}
        text = "\n".join(f"{name}: {value}" for name, value in (lines | changes).items())
        self.publish(domain, text, number)

    async def _answer(self, request: web.Request) -> web.Response:
        host = request.host.partition(":")[0]
        self.asked[host] += 1
        if host not in self.policies:
            return web.Response(status=404)
        return web.Response(
            text=self.policies[host], status=self.status, content_type=self.content_type
        )

    async def _take(self, request: web.Request) -> web.Response:
        self.posted.append((request.headers["Content-Type"], await request.read()))
        return web.Response(status=self.status)
