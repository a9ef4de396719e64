"""The meter, the statistics and the receivers' own counts agree to the last mail.

A bulk task and single mails, with deliverers killed between a receiver's yes and the commit, on a
balance that pays for exactly this many.
"""

import json
from typing import Any

import pytest
from tests.support.installations import MakeServer
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, new_tenant, today

from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

GOOD, UNKNOWN, SINGLE = 260, 15, 9
ACCEPTED = GOOD + UNKNOWN + SINGLE
FREE = 50
PRICE = 2_000
"""Micro-units of a mail at 2.00 for a thousand."""
FAILED, FINISHED = 7, 10


async def _list(server: TayoriProcess, tenant: Tenant) -> int:
    client = tenant.sdk(server)
    made = await client.call("CreateReceiver", ReceiversName="everybody")
    names = [f"u{n}" for n in range(GOOD)] + [f"unknown{n}" for n in range(UNKNOWN)]
    addresses = [f"{name}@receiver.test" for name in (*names, "black")]
    datas = [{"Email": one, "TemplateData": json.dumps({"name": one})} for one in addresses]
    await client.call("CreateReceiverDetailWithData", ReceiverId=made.ReceiverId, Datas=datas)
    await client.call("CreateCustomBlacklist", Emails=["black@receiver.test"])
    return int(made.ReceiverId)


async def _send(server: TayoriProcess, tenant: Tenant, list_id: int) -> int:
    made = await tenant.sdk(server).call(
        "BatchSendEmail",
        FromEmailAddress=tenant.sender,
        ReceiverId=list_id,
        Subject="News for {{name}}",
        TaskType=1,
        Template={"TemplateID": tenant.template_id, "TemplateData": "{}"},
    )
    return int(made.TaskId)


async def _task(server: TayoriProcess, tenant: Tenant, number: int) -> Any:
    found = (await tenant.sdk(server).call("ListSendTasks", Offset=0, Limit=10)).Data
    return next(task for task in found if task.TaskId == number)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_the_meter_the_statistics_and_the_receivers_agree(
    make_server: MakeServer, dns: DnsServer, sink: Sink, database: str
) -> None:
    server = await make_server(
        database,
        delivery={"processes": 1, "lease_s": 4.0},
        billing={"tiers": [{"above": 0, "price": "2.00"}], "prepaid": True},
        policy={"free_mails": FREE},
        bulk={"most_bounced": 0.0},
    )
    await server.start(f"{Point.SETTLE_BEFORE_COMMIT}:2")
    tenant = await new_tenant(server, dns)
    begun = today()
    paid = (ACCEPTED - FREE) * PRICE
    account = str(tenant.account_id)
    await server.command("account", "credit", account, f"0.{paid:06}")
    task = await _send(server, tenant, await _list(server, tenant))
    for number in range(SINGLE):
        await tenant.sdk(server).call("SendEmail", **tenant.mail(f"s{number}@receiver.test"))
    await server.killed()
    volume: dict[str, Any] = {}

    async def counted() -> bool:
        report = await tenant.sdk(server).call(
            "GetStatisticsReport", StartDate=begun, EndDate=today()
        )
        volume.update(vars(report.OverallVolume))
        return bool(volume["_DeliveredCount"] + volume["_BounceCount"] == ACCEPTED)

    await server.until(counted, timeout_s=120)
    # What the receivers say: each mail once, however often it came.
    assert len(sink.copies) == GOOD + SINGLE == volume["_DeliveredCount"]
    assert len(sink.refusals) == UNKNOWN == volume["_BounceCount"]
    assert (volume["_RequestCount"], volume["_AcceptedCount"]) == (ACCEPTED + 1, ACCEPTED)
    done = await _task(server, tenant, task)
    assert (done.TaskStatus, done.RequestCount, done.SendCount) == (
        FINISHED,
        GOOD + UNKNOWN + 1,
        GOOD + UNKNOWN,
    )
    statement = await server.command("usage", account)
    assert (statement["mails"], statement["free"]) == (ACCEPTED, FREE)
    assert (statement["amount"], statement["balance"]) == (f"0.{paid:06}".rstrip("0"), "0.00")
    lines = await server.command("report", account, "--by", "task")
    assert (lines[0]["task"], lines[0]["accepted"]) == (str(task), GOOD + UNKNOWN)
    # Nothing is left: a mail is refused, and a task stops until there is money again.
    code = await tenant.sdk(server).code("SendEmail", **tenant.mail("more@receiver.test"))
    assert code == "FailedOperation.InsufficientBalance"
    again = await _send(server, tenant, done.ReceiverId)

    async def stopped() -> bool:
        return bool((await _task(server, tenant, again)).TaskStatus == FAILED)

    await server.until(stopped)
    assert "balance" in (await _task(server, tenant, again)).ErrMsg
    assert await server.stop() == 0
    assert [line["event"] for line in server.errors] == ["process_ended"]
