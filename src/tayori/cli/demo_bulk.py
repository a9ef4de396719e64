"""The demo's bulk task: a list, a task over it, and its progress as the API tells it."""

import asyncio
import json
from typing import Any

from tayori.cli.demo_sdk import SdkClient
from tayori.cli.demo_step import Advance, Expected
from tayori.cli.trial import Trial

DOOR = "bulk task"
RECEIVERS = 250
_DOMAINS = ("example.com", "gmail.com", "qq.com", "docomo.ne.jp", "outlook.com")
_SUBJECT = "{{name}}, our autumn teas are here"
_LOOK_S = 0.1
_FINISHED = 10
_STOPPED = 7


class TaskStoppedError(Exception):
    """The task came to an end before its list did; the message is what the API says of it."""


async def send_by_task(found: Trial, advance: Advance) -> list[Expected]:
    """Fill a list, create a task over it, and follow the task to its end."""
    client = SdkClient(found)
    made = await client.call("CreateReceiver", ReceiversName="Friends of tea", Desc="The demo's")
    addresses = [f"friend{n}@{_DOMAINS[n % len(_DOMAINS)]}" for n in range(RECEIVERS)]
    await client.call(
        "CreateReceiverDetailWithData",
        ReceiverId=made.ReceiverId,
        Datas=[_receiver(number, address) for number, address in enumerate(addresses)],
    )
    task = await client.call(
        "BatchSendEmail",
        FromEmailAddress=found.sender,
        ReceiverId=made.ReceiverId,
        Subject=_SUBJECT,
        TaskType=1,
        Template={"TemplateID": found.template_id, "TemplateData": "{}"},
    )
    await _finished(client, task.TaskId, advance)
    message_ids = {to: message_id for message_id, to in await client.fates()}
    return [
        Expected(message_id=message_ids.get(to, ""), to=to, subject=_SUBJECT, door=DOOR)
        for to in addresses
    ]


def _receiver(number: int, address: str) -> dict[str, str]:
    values = {"name": f"Friend {number + 1}", "order": str(20_000 + number)}
    return {"Email": address, "TemplateData": json.dumps(values)}


async def _finished(client: SdkClient, task_id: int, advance: Advance) -> None:
    shown = 0
    while True:
        task = await _task(client, task_id)
        for _ in range(task.SendCount - shown):
            advance(task.RequestCount)
        shown = task.SendCount
        if task.TaskStatus == _FINISHED:
            return
        if task.TaskStatus == _STOPPED:
            raise TaskStoppedError(task.ErrMsg)
        # The API tells a task's progress to who asks, so a customer's program asks again.
        await asyncio.sleep(_LOOK_S)


async def _task(client: SdkClient, task_id: int) -> Any:
    answer = await client.call("ListSendTasks", Offset=0, Limit=10)
    return next(task for task in answer.Data if task.TaskId == task_id)
