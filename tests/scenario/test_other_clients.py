"""The main flow with the official Node.js SDK and the official command line client, unmodified."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tests.support.installations import MakeServer
from tests.support.other_clients import (
    Answer,
    ClientError,
    OtherClient,
    command_line_client,
    node_client,
)
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, encoded, stored_account, today

from tayori.sandbox.dns_server import DnsServer

DOMAIN = "mail.shop.test"
SENDER = f"news@{DOMAIN}"
PAGE = {"Offset": 0, "Limit": 100}
DELIVERED = 1
FINISHED = 10


@pytest.fixture
async def server(make_server: MakeServer) -> TayoriProcess:
    made = await make_server()
    await made.start()
    return made


@pytest.fixture(params=["node", "tccli"])
async def client(
    request: pytest.FixtureRequest, server: TayoriProcess, tmp_path: Path
) -> AsyncIterator[OtherClient]:
    keys = await stored_account(server, "shop")
    tenant = Tenant(
        account_id=keys["account_id"],
        secret_id=keys["secret_id"],
        secret_key=keys["secret_key"],
        domain=DOMAIN,
        sender=SENDER,
        template_id=0,
    )
    running: AbstractAsyncContextManager[OtherClient]
    if request.param == "node":
        running = node_client(server.http, tenant)
    else:
        running = command_line_client(server.http, tenant, tmp_path)
    async with running as opened:
        yield opened


async def test_the_main_flow(
    client: OtherClient, server: TayoriProcess, dns: DnsServer, sink: Sink
) -> None:
    await _identity(client, dns)
    await client.call("CreateEmailAddress", EmailAddress=SENDER, EmailSenderName="Shop")
    senders = await client.call("ListEmailAddress")
    assert [sender["EmailAddress"] for sender in senders["EmailSenders"]] == [SENDER]
    content = {"Html": encoded("<p>Dear {{name}}</p>"), "Text": encoded("Dear {{name}}")}
    template = await client.call(
        "CreateEmailTemplate", TemplateName="news", TemplateContent=content
    )
    kept = await client.call("GetEmailTemplate", TemplateID=template["TemplateID"])
    assert kept["TemplateContent"] == content

    sent = await client.call(
        "SendEmail",
        FromEmailAddress=f"Shop <{SENDER}>",
        Destination=["ann@receiver.test"],
        Subject="お知らせ for {{name}}",
        Template={"TemplateID": template["TemplateID"], "TemplateData": '{"name": "安"}'},
    )
    rows = await _ended(client, server, 1, MessageId=sent["MessageId"])
    assert [row["ToEmailAddress"] for row in rows] == ["ann@receiver.test"]

    await _task(client, server, template["TemplateID"])
    rows = await _ended(client, server, 4)
    assert {row["DeliverStatus"] for row in rows} == {DELIVERED}
    assert sum(sink.recipients.values()) == len(rows)
    (first,) = sink.to("ann@receiver.test")
    assert str(first.message["Subject"]) == "お知らせ for 安"


async def test_an_error_reaches_the_user_whole(client: OtherClient) -> None:
    with pytest.raises(ClientError) as caught:
        await client.call("GetEmailTemplate", TemplateID=404)
    assert caught.value.code == "InvalidParameterValue.TemplateNotExist", str(caught.value)
    assert caught.value.sentence
    assert caught.value.request_id


async def _identity(client: OtherClient, dns: DnsServer) -> None:
    made = await client.call("CreateEmailIdentity", EmailIdentity=DOMAIN, DKIMOption=1)
    for record in made["Attributes"]:
        value = record["ExpectedValue"]
        priority = "10 " if record["Type"] == "MX" else ""
        dns.set(record["SendDomain"], record["Type"], f"{priority}{value}")
    checked = await client.call("UpdateEmailIdentity", EmailIdentity=DOMAIN)
    assert checked["VerifiedForSendingStatus"] is True
    listed = await client.call("ListEmailIdentities")
    assert [found["IdentityName"] for found in listed["EmailIdentities"]] == [DOMAIN]


async def _task(client: OtherClient, server: TayoriProcess, template_id: int) -> None:
    made = await client.call("CreateReceiver", ReceiversName="friends", Desc="of the shop")
    datas = [
        {"Email": f"{name}@receiver.test", "TemplateData": json.dumps({"name": name})}
        for name in ("bob", "cid", "dan")
    ]
    uploaded = await client.call(
        "CreateReceiverDetailWithData", ReceiverId=made["ReceiverId"], Datas=datas
    )
    assert (uploaded["TotalCount"], uploaded["ValidCount"]) == (3, 3)
    await client.call(
        "BatchSendEmail",
        FromEmailAddress=SENDER,
        ReceiverId=made["ReceiverId"],
        Subject="News for {{name}}",
        TaskType=1,
        Template={"TemplateID": template_id, "TemplateData": "{}"},
    )

    async def finished() -> bool:
        (task,) = (await client.call("ListSendTasks", **PAGE))["Data"]
        return bool(task["TaskStatus"] == FINISHED and task["SendCount"] == 3)

    await server.until(finished)


async def _ended(
    client: OtherClient, server: TayoriProcess, count: int, **filters: str
) -> list[Answer]:
    """Return the day's rows once so many are there and none is on its way."""
    rows: list[Answer] = []

    async def ended() -> bool:
        found = await client.call("GetSendEmailStatus", RequestDate=today(), **PAGE, **filters)
        rows[:] = found["EmailStatusList"]
        return len(rows) == count and all(row["DeliverStatus"] for row in rows)

    await server.until(ended)
    return rows
