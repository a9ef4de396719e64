"""SIGKILL at each commit of what comes back: each bounce that was taken is one event.

A sender that got no yes sends again, so a mail may come twice; it still counts once.
"""

import asyncio
import smtplib

import pytest
from tests.support.installations import MakeServer
from tests.support.relay import free_port
from tests.support.returned_mails import dsn
from tests.support.sink import Sink, Taken
from tests.support.tenant import new_tenant

from tayori.app.parts import opened
from tayori.events.model import EventKind
from tayori.events.store import EventStore
from tayori.inbound.spool import SpoolState
from tayori.inbound.spool_store import Spool
from tayori.queue.operator_store import OperatorStore
from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

MAILS = 10
COUNTS = {
    Point.SPOOL_BEFORE_COMMIT: 4,
    Point.SPOOL_AFTER_COMMIT: 4,
    Point.INBOUND_BEFORE_COMMIT: 1,
    Point.INBOUND_AFTER_COMMIT: 1,
}
LEASE_MS = 125_000


def hand_in(port: int, mail: Taken) -> int:
    """Send a bounce as a mail server does: again until it is taken; how often."""
    tries = 0
    while True:
        tries += 1
        try:
            with smtplib.SMTP("127.0.0.1", port, local_hostname="relay.test", timeout=20) as client:
                client.sendmail("", [mail.return_path], dsn(mail.recipient))
        except (OSError, smtplib.SMTPException):
            continue
        return tries


@pytest.mark.parametrize(
    ("database", "point"),
    [
        *(("sqlite", point) for point in COUNTS),
        ("postgresql", Point.SPOOL_AFTER_COMMIT),
        ("postgresql", Point.INBOUND_BEFORE_COMMIT),
    ],
)
async def test_no_bounce_is_lost_and_none_counts_twice(
    make_server: MakeServer, dns: DnsServer, database: str, point: Point
) -> None:
    ours = free_port()
    async with Sink() as sink:
        server = await make_server(
            database,
            delivery={"processes": 1, "port": sink.port},
            mx={"listen": f"127.0.0.1:{ours}", "mails_per_second": 0},
        )
        await server.start(f"{point}:{COUNTS[point]}")
        tenant = await new_tenant(server, dns)
        client = tenant.sdk(server)
        addresses = [f"r{number}@receiver.test" for number in range(MAILS)]
        sent = await client.call("SendEmail", **tenant.mail(*addresses))
        await sink.until(lambda: len(sink.mails) == MAILS)
        tries = [await asyncio.to_thread(hand_in, ours, mail) for mail in sink.mails]
        await server.killed()
        assert (max(tries) > 1) is (point in {Point.SPOOL_BEFORE_COMMIT, Point.SPOOL_AFTER_COMMIT})
        # What the dead process had leased is due when its lease is over.
        server.move_clock(LEASE_MS)
        async with opened(server.settings) as parts:
            spool = Spool(parts.database)

            async def all_read() -> bool:
                return not await spool.entries(1, SpoolState.WAITING)

            await server.until(all_read)
            [(read, many)] = (await spool.totals()).items()
            assert read == (SpoolState.DONE, "bounce")
            assert (many > MAILS) is (point is Point.SPOOL_AFTER_COMMIT)
            head = await OperatorStore(parts.database).message(sent.MessageId)
            assert head is not None
            events = await EventStore(parts.database).of_message(head.number)
            bounced = [each.recipient_id for each in events if each.kind is EventKind.BOUNCE]
            assert len(bounced) == len(set(bounced)) == MAILS
        assert await server.stop() == 0
        assert [line["event"] for line in server.errors] == ["process_ended"]
