"""SIGKILL in the middle of an upload and of a bulk task: no receiver is left out or comes twice."""

import json
import time
from collections import Counter

import pytest
from tests.support.installations import MakeServer
from tests.support.tenant import new_tenant

from tayori.runtime.clock import HOUR
from tayori.runtime.crash import Point
from tayori.sandbox.dns_server import DnsServer

RECEIVERS = 900
FINISHED = 10
UPLOADED = 3
TAKES_BACK = 5


@pytest.mark.parametrize("point", [Point.DOOR_BEFORE_COMMIT, Point.DOOR_AFTER_COMMIT])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("readers", [0, 300], ids=["in the list's order", "readers first"])
async def test_a_task_goes_on_exactly_where_it_was(
    make_server: MakeServer, dns: DnsServer, database: str, point: Point, readers: int
) -> None:
    server = await make_server(database, delivery={"processes": 1})
    # Nobody delivers: deliverers would lose their leases too when the clock jumps.
    await server.start(f"{point}:3", roles="api,bulk")
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    made = await client.call("CreateReceiver", ReceiversName="everybody")
    addresses = [f"u{number}@receiver.test" for number in range(RECEIVERS)]
    datas = [{"Email": one, "TemplateData": json.dumps({"name": one})} for one in addresses]
    await client.call("CreateReceiverDetailWithData", ReceiverId=made.ReceiverId, Datas=datas)
    # Two steps take the readers, and the third one, which dies, is the first one of all others.
    async with server.ledger() as ledger:
        opened_at = int(time.time() * 1000)
        await ledger.note_readers(tenant.account_id, addresses[::3][:readers], opened_at)
    await client.call(
        "BatchSendEmail",
        FromEmailAddress=tenant.sender,
        ReceiverId=made.ReceiverId,
        Subject="News for {{name}}",
        TaskType=1,
        Template={"TemplateID": tenant.template_id, "TemplateData": "{}"},
    )
    await server.killed()
    first = addresses[::3][:readers]

    async def counted() -> bool:
        """Tell whether the task counts exactly the mails that are there, as soon as it is asked."""
        (task,) = (await client.call("ListSendTasks", Offset=0, Limit=10)).Data
        async with server.ledger() as ledger:
            taken = len(await ledger.entries())
        assert (task.SendCount, task.RequestCount, task.CacheCount) == (taken, RECEIVERS, 0)
        return 0 < taken < RECEIVERS

    await server.until(counted)
    # The lease of the step that died holds for two minutes; the clock jumps over them.
    server.move_clock(150_000)

    async def ended() -> bool:
        (task,) = (await client.call("ListSendTasks", Offset=0, Limit=10)).Data
        return bool(task.TaskStatus == FINISHED and task.SendCount == RECEIVERS)

    await server.until(ended, timeout_s=90)
    async with server.ledger() as ledger:
        taken = [entry.address for entry in await ledger.entries()]
    assert Counter(taken) == Counter(addresses)
    assert taken == [*first, *(one for one in addresses if one not in set(first))]
    assert await server.stop() == 0
    assert [line["event"] for line in server.errors] == ["process_ended"]


@pytest.mark.parametrize("point", [Point.DOOR_BEFORE_COMMIT, Point.DOOR_AFTER_COMMIT])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("step", [2, TAKES_BACK], ids=["sets aside", "takes back"])
async def test_who_waits_for_his_provider_is_neither_left_out_nor_written_to_twice(
    make_server: MakeServer, dns: DnsServer, database: str, point: Point, step: int
) -> None:
    # A thousand an hour, of which one provider gets a hundred: its 300 receivers need three hours.
    server = await make_server(
        database,
        delivery={"processes": 1},
        policy={"level_per_day": [2_000] * 20},
        reputation={"hour_share": 0.5, "provider_share": 0.1},
    )
    await server.start(f"{point}:{step}", roles="api,bulk")
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    async with server.ledger() as ledger:
        await ledger.note_provider("slow.test", "gmail", int(time.time() * 1000))
    domains = ("slow.test", "receiver.test", "receiver.test")
    addresses = [f"u{number}@{domains[number % 3]}" for number in range(RECEIVERS)]
    made = await client.call("CreateReceiver", ReceiversName="everybody")
    datas = [{"Email": one, "TemplateData": json.dumps({"name": one})} for one in addresses]
    await client.call("CreateReceiverDetailWithData", ReceiverId=made.ReceiverId, Datas=datas)
    await client.call(
        "BatchSendEmail",
        FromEmailAddress=tenant.sender,
        ReceiverId=made.ReceiverId,
        Subject="News for {{name}}",
        TaskType=1,
        Template={"TemplateID": tenant.template_id, "TemplateData": "{}"},
    )

    async def task_at(sent: int) -> bool:
        """Tell whether so many are sent, and the task counts exactly the mails that are there."""
        async with server.ledger() as ledger:
            task, taken = await ledger.task_counts()
        assert task == taken
        return taken == sent

    # Four steps take the 600 others and a hundred of the provider; the fifth takes the next hundred.
    ahead, expected = 0, [700, 800, 900]
    if step == TAKES_BACK:
        await server.until(lambda: task_at(700))
        server.move_clock(ahead := HOUR)
        expected = [800, 900]
    await server.killed()
    # The lease of the step that died holds for some seconds, and then the others wait for an hour.
    for sent in expected:
        server.move_clock(ahead := ahead + 150_000)
        await server.until(lambda sent=sent: task_at(sent))
        server.move_clock(ahead := ahead + HOUR)
    async with server.ledger() as ledger:
        taken = [entry.address for entry in await ledger.entries()]
    assert Counter(taken) == Counter(addresses)
    assert await server.stop() == 0
    assert [line["event"] for line in server.errors] == ["process_ended"]


@pytest.mark.parametrize("point", [Point.UPLOAD_BEFORE_COMMIT, Point.UPLOAD_AFTER_COMMIT])
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_an_upload_goes_on_exactly_where_it_was(
    make_server: MakeServer, dns: DnsServer, database: str, point: Point
) -> None:
    server = await make_server(database, delivery={"processes": 1})
    await server.start(f"{point}:2", roles="api,bulk")
    client = (await new_tenant(server, dns)).sdk(server)
    made = await client.call("CreateReceiver", ReceiversName="everybody")
    addresses = [f"u{number}@receiver.test" for number in range(3_500)]
    await client.call("CreateReceiverDetail", ReceiverId=made.ReceiverId, Emails=addresses)
    await server.killed()

    async def uploaded() -> bool:
        (found,) = (await client.call("ListReceivers", Offset=0, Limit=10)).Data
        return bool(found.ReceiversStatus == UPLOADED)

    await server.until(uploaded, timeout_s=90)
    seen: list[str] = []
    while len(seen) < len(addresses):
        page = await client.call(
            "ListReceiverDetails", ReceiverId=made.ReceiverId, Offset=len(seen), Limit=100
        )
        assert page.TotalCount == len(addresses)
        seen += [row.Email for row in page.Data]
    assert seen == addresses
    assert await server.stop() == 0
    assert [line["event"] for line in server.errors] == ["process_ended"]
