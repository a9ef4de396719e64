"""`tayori task`: bulk tasks of all accounts, and an operator's hand in them."""

from enum import Enum
from typing import Annotated

import typer

from tayori.app.door import build_door
from tayori.app.parts import Parts
from tayori.app.tasks import build_tasks
from tayori.bulk.model import Filters, Task, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show

task_app = typer.Typer(help="Look at bulk tasks, stop and resume them.", no_args_is_help=True)


class StatusName(Enum):
    """The states of a task by name."""

    WAITING = "waiting"
    SENDING = "sending"
    PAUSED = "paused"
    FAILED = "failed"
    FINISHED = "finished"


OfStatus = Annotated[StatusName | None, typer.Option("--status", help="Only those in this state.")]
OfAccount = Annotated[str, typer.Option("--account", help="Only those of this account.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
TaskId = Annotated[int, typer.Argument(metavar="ID", help="The task's number.")]


@task_app.command("list")
def list_tasks(
    *,
    status: OfStatus = None,
    account: OfAccount = "",
    limit: Limit = 100,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show tasks, newest first; the counts are of the run under way, or of the last one."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        of_account = (await account_named(parts, account)).id if account else None
        wanted = Filters(status=int(TaskStatus[status.name]) if status else None)
        tasks, _ = await TaskStore(parts.database).page(of_account, wanted, (0, limit))
        return [_row(task, parts) for task in tasks]

    show(run(config, work), as_json=as_json)


@task_app.command("stop")
def stop(task: TaskId, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Stop a task where it is; mails that were taken already are sent."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        if not await build_tasks(parts, build_door(parts)).stop(task):
            raise CommandError(await _why_not(parts, task, "stop"))
        return [await _shown(parts, task)]

    show(run(config, work), as_json=as_json)


@task_app.command("resume")
def resume(task: TaskId, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Let a stopped, failed or paused task go on where it was."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        if not await build_tasks(parts, build_door(parts)).resume(task):
            raise CommandError(await _why_not(parts, task, "resume"))
        return [await _shown(parts, task)]

    show(run(config, work), as_json=as_json)


async def _why_not(parts: Parts, number: int, verb: str) -> str:
    found = await TaskStore(parts.database).get(number)
    if found is None:
        return f"There is no task {number}."
    return f"Task {number} is {found.status.name.lower()}: there is nothing to {verb}."


async def _shown(parts: Parts, number: int) -> dict[str, object]:
    found = await TaskStore(parts.database).get(number)
    if found is None:
        raise CommandError(f"There is no task {number}.")
    return _row(found, parts)


def _row(task: Task, parts: Parts) -> dict[str, object]:
    return {
        "task_id": task.id,
        "account_id": task.account_id,
        "kind": task.order.kind.name.lower(),
        "status": task.status.name.lower(),
        "list": task.list_name,
        "sender": task.order.sender,
        "requested": task.requested,
        "sent": task.sent,
        "cached": task.cached,
        "created": instant(task.created_at, parts.zone),
        "updated": instant(task.updated_at, parts.zone),
        "error": task.error,
    }
