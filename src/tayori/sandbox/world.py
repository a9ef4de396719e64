"""A world of its own for mail: name server, receiving mail server and inbox page, on loopback.

Every domain under `.test` and `.example`, and the well-known mailbox providers, lead to the
sandbox's own mail server, so any address can be written to and nothing leaves the machine. A name
that is none of these does not exist.
"""

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Self

from tayori.dns.names import to_ascii
from tayori.dns.resolver import Resolver
from tayori.runtime.clock import Clock, SystemClock
from tayori.sandbox.dns_server import DnsServer
from tayori.sandbox.inbox import inbox_app
from tayori.sandbox.mail_server import HOST_NAME, SLOW_S, MailServer
from tayori.sandbox.mailbox import Mailbox
from tayori.sandbox.verifier import DkimVerifier
from tayori.sandbox.web import WebServer
from tayori.tenants.model import DnsRecord

LOOPBACK = "127.0.0.1"
TOP_LEVEL = ("test", "example")
WELL_KNOWN = (
    *("example.com", "example.net", "example.org"),
    *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "yahoo.com"),
    *("icloud.com", "aol.com", "gmx.de", "web.de", "proton.me", "mail.ru", "yandex.ru"),
    *("qq.com", "foxmail.com", "163.com", "126.com", "sina.com", "naver.com", "yahoo.co.jp"),
    *("docomo.ne.jp", "ezweb.ne.jp", "softbank.ne.jp"),
)
"""Providers that developers like to try; here their mail comes to the inbox page."""
SERVICE_MX = "mx.tayori.test"
SERVICE_SPF = "spf.tayori.test"
"""What the records of a sender's domain name while the sandbox plays the service."""
SERVICE_OUT = "out.tayori.test"
"""The name of the sending server, which its address leads back to."""
SERVICE_SCORE = "score.tayori.test"
"""The domain of addresses for a score; its mail comes to the service, not to the inbox."""
SERVICE_LOOPBACK = "127.0.0.2"
"""Where the service takes mail: all hosts are met at one port, so it has an address of its own."""


class Sandbox:
    """The three servers. Ports of 0 take free ones; `slow_s` is for `slow@`.

    `images` are origins whose pictures the mails of the inbox page may load.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        dns_port: int = 0,
        smtp_port: int = 0,
        inbox_port: int = 0,
        slow_s: float = SLOW_S,
        images: Sequence[str] = (),
    ) -> None:
        self._clock = clock or SystemClock()
        self.mailbox = Mailbox()
        self.dns = DnsServer(host=LOOPBACK, port=dns_port)
        self.mail_server = MailServer(
            self.mailbox, self._clock, host=LOOPBACK, port=smtp_port, slow_s=slow_s
        )
        self._inbox_port = inbox_port
        self._images = images
        self._resolver: Resolver | None = None
        self._inbox: WebServer | None = None
        for name in (HOST_NAME, SERVICE_MX, SERVICE_OUT):
            self.dns.set(name, "A", LOOPBACK)
        self.dns.set(SERVICE_SCORE, "A", SERVICE_LOOPBACK)
        reverse = ipaddress.ip_address(LOOPBACK).reverse_pointer
        self.dns.add_zone(reverse.partition(".")[2])
        self.dns.set(reverse, "PTR", f"{SERVICE_OUT}.")
        self.dns.set(SERVICE_SPF, "TXT", f"v=spf1 ip4:{LOOPBACK} -all")
        for top in TOP_LEVEL:
            self.dns.set(f"*.{top}", "MX", f"10 {HOST_NAME}.")
        for domain in (*WELL_KNOWN, *(name.partition(".")[2] for name in (HOST_NAME, SERVICE_MX))):
            self._receive(domain)

    @property
    def dns_server_address(self) -> tuple[str, int]:
        """Return host and port of the name server, as a resolver takes them."""
        return self.dns.address

    @property
    def smtp_port(self) -> int:
        """Return the port of the receiving mail server."""
        return self.mail_server.port

    @property
    def inbox_url(self) -> str:
        """Return where the inbox page is."""
        return f"{self._web.url}/inbox"

    @property
    def verifier(self) -> DkimVerifier:
        """Return a verifier that takes its keys from the sandbox's name server."""
        if self._resolver is None:
            raise RuntimeError("the sandbox has not been started")
        return DkimVerifier(self._resolver)

    @property
    def _web(self) -> WebServer:
        if self._inbox is None:
            raise RuntimeError("the sandbox has not been started")
        return self._inbox

    async def start(self) -> None:
        """Open the three ports. OSError when one is taken."""
        await self.dns.start()
        try:
            # Keys change while a developer tries things out, so nothing is kept for long.
            self._resolver = Resolver(
                [self.dns.address], self._clock, max_ttl_s=1, max_negative_ttl_s=0, failure_ttl_s=0
            )
            await self.mail_server.start()
            self._inbox = WebServer(
                inbox_app(self.mailbox, self.verifier, self._clock, images=self._images),
                host=LOOPBACK,
                port=self._inbox_port,
            )
            await self._inbox.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Close everything; the mailbox can still be read."""
        closing = [self.mail_server.stop()]
        if self._inbox is not None:
            closing.append(self._inbox.stop())
        await asyncio.gather(*closing)
        if self._resolver is not None:
            await self._resolver.close()
        await self.dns.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def add_receiving_domain(self, domain: str) -> None:
        """Let a domain's mail come to the sandbox; ValueError when it is no domain name."""
        self._receive(domain)

    async def publish(self, records: Iterable[DnsRecord]) -> None:
        """Enter the records of a sender's domain, as its owner would at the DNS provider.

        Each takes the place of what the name had in that type. Raises ValueError for a bad record.
        """
        grouped: dict[tuple[str, str], list[str]] = {}
        for record in records:
            value = record.expected
            if record.type == "MX" and not value[:1].isdigit():
                value = f"10 {value}"
                self.dns.add_zone(record.name)
            grouped.setdefault((record.name, record.type), []).append(value)
        for (name, kind), values in grouped.items():
            self.dns.set(name, kind, *values)

    def _receive(self, domain: str) -> None:
        name = to_ascii(domain)
        if name is None:
            raise ValueError(f"{domain!r} is no domain name")
        self.dns.set(name, "MX", f"10 {HOST_NAME}.")
