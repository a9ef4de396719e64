"""SIGKILL while a call with an idempotency key is taken: the call again gives one mail, one task."""

import signal
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tests.support.installations import MakeServer
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, new_tenant

from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

KEY = "order-4711"


async def _killed_during(server: TayoriProcess, tenant: Tenant, call: dict[str, Any]) -> None:
    """Make a call that the server does not live to answer."""
    with pytest.raises(TencentCloudSDKException) as caught:
        await tenant.sdk(server).call(idempotency_key=KEY, **call)
    assert caught.value.code == "ClientNetworkError"
    await server.killed()
    assert await server.gone() == -signal.SIGKILL


@pytest.mark.parametrize("point", [Point.DOOR_BEFORE_COMMIT, Point.DOOR_AFTER_COMMIT])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_mail_that_is_sent_again_after_a_kill_comes_once(
    make_server: MakeServer, dns: DnsServer, sink: Sink, database: str, point: Point
) -> None:
    server = await make_server(database)
    await server.start(f"{point}:1")
    tenant = await new_tenant(server, dns)
    call = {"action": "SendEmail", **tenant.mail("ann@receiver.test")}
    await _killed_during(server, tenant, call)
    taken = await server.command("queue", "list")
    assert len(taken) == (1 if point is Point.DOOR_AFTER_COMMIT else 0)
    await server.start()
    client = tenant.sdk(server)
    answers = [await client.call(idempotency_key=KEY, **call) for _ in range(3)]
    assert len({answer.MessageId for answer in answers}) == 1
    assert len({answer.RequestId for answer in answers}) == len(answers)
    assert all(row["message_id"] == answers[0].MessageId for row in taken)
    other = {**call, "Subject": "Another order"}
    assert await client.refusal(idempotency_key=KEY, **other) == "InvalidParameterValue"
    async with server.ledger() as ledger:

        async def settled() -> bool:
            return await ledger.open_recipients() == 0

        await server.until(settled)
        assert len(await ledger.entries()) == 1
    assert sink.recipients == {"ann@receiver.test": 1}
    assert await server.stop() == 0
    assert server.errors == []
    log = await server.command("access", "list", str(tenant.account_id), "--action", "SendEmail")
    assert [row["code"] for row in log] == ["InvalidParameterValue", "OK", "OK", "OK"]
    assert [row["request_id"] for row in log[1:]] == [one.RequestId for one in reversed(answers)]
    assert {(row["secret_id"], row["source"]) for row in log} == {(tenant.secret_id, "127.0.0.1")}


@pytest.mark.parametrize("point", [Point.TASK_BEFORE_COMMIT, Point.TASK_AFTER_COMMIT])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_task_that_is_created_again_after_a_kill_is_one(
    make_server: MakeServer, dns: DnsServer, sink: Sink, database: str, point: Point
) -> None:
    server = await make_server(database)
    await server.start(f"{point}:1")
    tenant = await new_tenant(server, dns)
    made = await tenant.sdk(server).call("CreateReceiver", ReceiversName="everybody")
    datas = [{"Email": "ann@receiver.test", "TemplateData": '{"name": "Ann"}'}]
    await tenant.sdk(server).call(
        "CreateReceiverDetailWithData", ReceiverId=made.ReceiverId, Datas=datas
    )
    call: dict[str, Any] = {
        "action": "BatchSendEmail",
        "FromEmailAddress": tenant.sender,
        "ReceiverId": made.ReceiverId,
        "Subject": "News",
        "TaskType": 1,
        "Template": {"TemplateID": tenant.template_id, "TemplateData": "{}"},
    }
    await _killed_during(server, tenant, call)
    await server.start()
    client = tenant.sdk(server)
    answers = [await client.call(idempotency_key=KEY, **call) for _ in range(2)]
    assert answers[0].TaskId == answers[1].TaskId

    async def came() -> bool:
        return bool(sink.recipients["ann@receiver.test"])

    await server.until(came)
    tasks = await client.call("ListSendTasks", Offset=0, Limit=10)
    assert [task.TaskId for task in tasks.Data] == [answers[0].TaskId]
    assert await server.stop() == 0
    assert server.errors == []
    assert sink.recipients == {"ann@receiver.test": 1}
