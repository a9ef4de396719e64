"""A real virus scanner before delivery: what is found is never sent, and none means waiting."""

import asyncio
import base64
from pathlib import Path
from typing import Any

from tests.support.installations import MakeServer
from tests.support.scan_engines import EICAR, clamd, free_port
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, new_tenant, today

from tayori.delivery.screening import AGAIN_MS
from tayori.sandbox.dns_server import DnsServer
from tayori.screen.scanners.breaker import LONGEST_REST_MS


def with_file(tenant: Tenant, to: str, octets: bytes) -> dict[str, Any]:
    file = {"FileName": "minutes.txt", "Content": base64.b64encode(octets).decode()}
    return tenant.mail(to, Attachments=[file])


async def test_malware_is_dropped_and_a_scanner_that_is_down_delays(
    make_server: MakeServer, dns: DnsServer, sink: Sink, tmp_path: Path
) -> None:
    port = free_port()
    scan = {"clamd": f"127.0.0.1:{port}", "suspend_after": 2}
    server = await make_server(delivery={"processes": 1}, scan=scan)
    await server.start()
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    await client.call("SendEmail", **with_file(tenant, "late@receiver.test", b"minutes"))
    await client.call("SendEmail", **tenant.mail("plain@receiver.test"))
    # What has no file is not held up by the scanner.
    await sink.arrived("plain@receiver.test")

    async def told() -> bool:
        async with server.ledger() as ledger:
            why = (await ledger.wait_causes()).get("late@receiver.test", "")
        return "has to be scanned first" in why and "Connection refused" in why

    await server.until(told)
    assert sink.recipients == {"plain@receiver.test": 1}

    async with clamd(tmp_path, port):
        server.move_clock(AGAIN_MS + LONGEST_REST_MS)
        await sink.arrived("late@receiver.test")
        bad = await client.call("SendEmail", **with_file(tenant, "bad@receiver.test", EICAR))

        async def dropped() -> bool:
            query = {"Offset": 0, "Limit": 10, "MessageId": bad.MessageId}
            found = await client.call("GetSendEmailStatus", RequestDate=today(), **query)
            (row,) = found.EmailStatusList
            return row.DeliverStatus == 2 and "Malware was found" in row.DeliverMessage

        await server.until(dropped)
        await client.call("SendEmail", **with_file(tenant, "worse@receiver.test", EICAR))

        async def suspended() -> bool:
            (account,) = await server.command("account", "list")
            return account["suspended"] and "Malware" in account["reason"]

        await server.until(suspended)
    assert set(sink.recipients) == {"plain@receiver.test", "late@receiver.test"}
    assert await server.stop() == 0


async def answering_spam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as spamd does to a mail that it takes for spam."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SPAMD/1.1 0 EX_OK\r\nSpam: True ; 9.1 / 5.0\r\n\r\nGTUBE,FREE_OFFER")
    await writer.drain()
    writer.close()


async def test_an_account_whose_mails_are_spam_again_and_again_is_suspended(
    make_server: MakeServer, dns: DnsServer, sink: Sink
) -> None:
    async with await asyncio.start_server(answering_spam, "127.0.0.1", 0) as engine:
        host, port = engine.sockets[0].getsockname()
        scan = {"spamd": f"{host}:{port}", "spam_suspend_after": 2}
        server = await make_server(delivery={"processes": 1}, scan=scan)
        await _suspended_for_spam(server, dns, sink)


async def _suspended_for_spam(server: TayoriProcess, dns: DnsServer, sink: Sink) -> None:
    await server.start()
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    files = [("one@receiver.test", b"first minutes"), ("two@receiver.test", b"other minutes")]
    for to, octets in files:
        await client.call("SendEmail", **with_file(tenant, to, octets))

    async def suspended() -> bool:
        (account,) = await server.command("account", "list")
        return account["suspended"] and "taken for spam" in account["reason"]

    async def refused() -> bool:
        # What the doors know of an account is a few seconds old.
        return await client.code("ListEmailAddress") == "AuthFailure.UnauthorizedOperation"

    await server.until(suspended)
    await server.until(refused)
    assert sink.recipients == {}
    assert await server.stop() == 0
