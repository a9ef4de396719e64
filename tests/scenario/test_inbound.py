"""The whole server with real receivers that take a mail and send it back."""

import asyncio
import json
import smtplib

import pytest
from tests.support.bouncing import Receiver, bouncing_exim, bouncing_postfix
from tests.support.callback_receiver import CallbackReceiver
from tests.support.installations import MakeServer
from tests.support.relay import free_port
from tests.support.returned_mails import complaint, letter
from tests.support.sink import Sink
from tests.support.tenant import new_tenant, today

from tayori.sandbox.dns_server import DnsServer


def told(calls: CallbackReceiver, address: str) -> list[str]:
    events = [json.loads(one.body) for one in calls.taken]
    return [event["event"] for event in events if event["email"] == address]


@pytest.mark.parametrize("receiver", [bouncing_postfix, bouncing_exim])
async def test_what_a_real_server_sends_back_ends_as_events_and_on_the_blacklist(
    make_server: MakeServer, dns: DnsServer, receiver: Receiver
) -> None:
    ours = free_port()
    async with Sink() as mailboxes, CallbackReceiver() as calls:
        running = receiver(mailboxes.port, ours)
        port = await asyncio.to_thread(running.__enter__)
        try:
            server = await make_server(
                delivery={"processes": 0, "port": port},
                mx={"listen": f"127.0.0.1:{ours}"},
                callbacks={"allow_private_networks": True},
            )
            await server.start()
            tenant = await new_tenant(server, dns)
            await server.command("callback", "set", str(tenant.account_id), calls.url)
            client = tenant.sdk(server)
            for local in ("ann", "unknown.bob"):
                await client.call("SendEmail", **tenant.mail(f"{local}@receiver.test"))
            await server.until(lambda: "bounce" in told(calls, "unknown.bob@receiver.test"))
            await server.until(lambda: bool(mailboxes.to("ann@receiver.test")))
            assert told(calls, "unknown.bob@receiver.test") == ["delivered", "bounce"]
            [mail] = await server.command("inbound", "list")
            assert (mail["kind"], mail["state"]) == ("bounce", "done")

            found = await client.call("GetSendEmailStatus", RequestDate=today(), Offset=0, Limit=10)
            status = {one.ToEmailAddress: one for one in found.EmailStatusList}
            bounced = status["unknown.bob@receiver.test"]
            assert (bounced.DeliverStatus, status["ann@receiver.test"].DeliverStatus) == (3, 1)
            assert "5.1.1 No such user" in bounced.DeliverMessage
            listed = await client.call(
                "ListBlackEmailAddress",
                StartDate=today(),
                EndDate=today(),
                Limit=10,
                Offset=0,
            )
            assert [one.EmailAddress for one in listed.BlackList] == ["unknown.bob@receiver.test"]
            life = await server.command("explain", bounced.MessageId)
            assert [row["event"] for row in life][-2:] == ["delivered", "bounce"]
            assert life[-1]["class"] == "unknown_user"
            assert "reported later" in life[-1]["detail"]
            assert await server.stop() == 0
            assert server.errors == []
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


def hand_in(port: int, to: str, octets: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, local_hostname="relay.test", timeout=20) as client:
        client.sendmail("x@people.test", [to], octets)


async def test_complaints_and_wishes_to_unsubscribe_are_told_and_end_all_mail(
    make_server: MakeServer, dns: DnsServer, sink: Sink
) -> None:
    ours = free_port()
    async with CallbackReceiver() as calls:
        server = await make_server(
            delivery={"processes": 0},
            mx={"listen": f"127.0.0.1:{ours}"},
            callbacks={"allow_private_networks": True},
        )
        await server.start()
        assert server.ready["mx"] == f"127.0.0.1:{ours}"
        tenant = await new_tenant(server, dns)
        await server.command("callback", "set", str(tenant.account_id), calls.url)
        client = tenant.sdk(server)
        ann, bob = "ann@receiver.test", "bob@receiver.test"
        sent = [await client.call("SendEmail", **tenant.mail(to)) for to in (ann, bob)]
        await sink.until(lambda: len(sink.mails) == len(sent))
        # Only the header of ours is left of the mail, as providers that take addresses out do it.
        [to_ann] = sink.to(ann)
        reference = f"X-Report-Ref: {to_ann.message['X-Report-Ref']}"
        await asyncio.to_thread(hand_in, ours, "fbl-reports@mx.tayori.test", complaint(reference))
        [to_bob] = sink.to(bob)
        await asyncio.to_thread(hand_in, ours, to_bob.return_path, letter("Unsubscribe"))
        await server.until(
            lambda: (
                told(calls, ann)[-1:] == ["spamreport"] and told(calls, bob)[-1:] == ["unsubscribe"]
            )
        )
        day = {"RequestDate": today(), "Offset": 0, "Limit": 10}
        found = (await client.call("GetSendEmailStatus", **day)).EmailStatusList
        [of_ann, of_bob] = sorted(found, key=lambda one: one.ToEmailAddress)
        assert (of_ann.UserComplained, of_ann.UserUnsubscribed) == (True, False)
        assert (of_bob.UserComplained, of_bob.UserUnsubscribed) == (False, True)
        report = await client.call("GetAbuseReport", StartTime=today(), EndTime=today())
        assert [one.OriginalRcptTo for one in report.Data] == [ann]
        for address in (ann, bob):
            code = await client.code("SendEmail", **tenant.mail(address))
            assert code == "FailedOperation.ReceiverHasUnsubscribed"
        assert await server.stop() == 0
        assert server.errors == []
