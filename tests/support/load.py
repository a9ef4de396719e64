"""Many SendEmail requests at once, signed by hand, and what the client knows of each afterwards."""

import asyncio
import json
import time
from collections.abc import Iterator

from tests.support.http import Answer, ask
from tests.support.signing import tc3_headers
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant

from tayori.sandbox.dns_server import DnsServer

SITES = 4


class Load:
    """Messages by number, each with addresses of its own; they are never repeated.

    Message n goes to two mailboxes, and every tenth to a third one that the receiver refuses.
    """

    def __init__(self, server: TayoriProcess, tenant: Tenant, dns: DnsServer) -> None:
        self.answered: dict[int, str] = {}
        """MessageIds of those that the server said yes to."""
        self.unanswered: set[int] = set()
        """Those whose connection broke: the server may have taken them or not."""
        self.refused: dict[int, str] = {}
        self._server = server
        self._tenant = tenant
        for site in range(SITES):
            dns.set(f"r{site}.test", "MX", f"10 mx.r{site}.test.")
            dns.set(f"mx.r{site}.test", "A", "127.0.0.1")

    @staticmethod
    def addresses(number: int) -> list[str]:
        """Return the recipients of a message."""
        domain = f"r{number % SITES}.test"
        names = [f"ann{number}", f"bob{number}"]
        if number % 10 == 0:
            names.append(f"unknown{number}")
        return [f"{name}@{domain}" for name in names]

    async def send(self, count: int, *, at_once: int = 16) -> None:
        """Send messages 0 to count - 1, going on after a crash as soon as the server is there."""
        numbers = iter(range(count))
        await asyncio.gather(*(self._send_many(numbers) for _ in range(at_once)))

    async def _send_many(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            try:
                answer = await self._send(number)
            except OSError:
                self.unanswered.add(number)
                await self._server.up.wait()
                continue
            if answer.code:
                self.refused[number] = f"{answer.code}: {answer.message}"
            else:
                self.answered[number] = str(answer.response["MessageId"])

    async def _send(self, number: int) -> Answer:
        mail = self._tenant.mail(*self.addresses(number))
        body = json.dumps(mail).encode()
        headers = tc3_headers(
            "SendEmail",
            secret_id=self._tenant.secret_id,
            secret=self._tenant.secret_key.encode(),
            timestamp=int(time.time()),
            host=self._server.http,
            body=body,
        )
        return await ask(self._server.http, "POST", b"/", headers, body)
