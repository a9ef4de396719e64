"""`tayori task`: bulk tasks of all accounts, and an operator's hand in them."""

from enum import Enum
from typing import Annotated

import typer

from tayori.app.door import build_door
from tayori.app.parts import Parts
from tayori.app.tasks import build_tasks
from tayori.bulk.model import Filters, Task, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.bulk.tasks import CANCELLED, PAUSED
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, done, run
from tayori.cli.options import AsCsv, AsJson, ConfigFile
from tayori.cli.output import show, show_csv
from tayori.refusal.saying import recall

task_app = typer.Typer(
    help="Look at bulk tasks, pause, resume, cancel and resend them.", no_args_is_help=True
)


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


@task_app.command("pause")
def pause(
    task: TaskId,
    *,
    reason: Annotated[str, typer.Option(help="What the account is told.")] = str(PAUSED),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let a task wait until it is resumed; mails that were taken already are sent."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        if not await build_tasks(parts, build_door(parts)).pause(task, recall(reason)):
            raise CommandError(await _why_not(parts, task, "pause"))
        return [await _shown(parts, task)]

    show(run(config, work), as_json=as_json)


@task_app.command("cancel")
def cancel(
    task: TaskId,
    *,
    reason: Annotated[str, typer.Option(help="What the account is told.")] = str(CANCELLED),
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """End a task for good; mails of it that still wait are dropped."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        dropped = await build_tasks(parts, build_door(parts)).cancel(task, recall(reason))
        if dropped is None:
            raise CommandError(await _why_not(parts, task, "cancel"))
        return [{**await _shown(parts, task), "dropped": dropped}]

    show(run(config, work), as_json=as_json)


@task_app.command("failures")
def failures(
    task: TaskId, *, config: ConfigFile = None, as_json: AsJson = False, as_csv: AsCsv = False
) -> None:
    """Show whom a task did not reach: passed over, bounced, dropped or expired, with the reason."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        await _shown(parts, task)
        tasks = build_tasks(parts, build_door(parts))
        return [
            {
                "address": one.address,
                "kind": one.kind,
                "reason": one.detail.english,
                "at": instant(one.at, parts.zone),
            }
            async for one in tasks.failures(task)
        ]

    rows = run(config, work)
    if as_csv:
        show_csv(rows)
    else:
        show(rows, as_json=as_json)


@task_app.command("resend")
def resend(task: TaskId, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Write once more to all whom a task did not reach, by a new task."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        found = await TaskStore(parts.database).get(task)
        if found is None:
            raise CommandError(f"There is no task {task}.")
        account = done(await parts.accounts.get(found.account_id))
        number = done(await build_tasks(parts, build_door(parts)).resend(account, task))
        return [await _shown(parts, number)]

    show(run(config, work), as_json=as_json)


@task_app.command("resume")
def resume(task: TaskId, *, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Let a failed or paused task go on where it was."""

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
        "cause": task.cause.value,
        "list": task.list_name,
        "sender": task.order.sender,
        "requested": task.requested,
        "sent": task.sent,
        "cached": task.cached,
        "skipped": sum(task.skipped),
        **task.skipped._asdict(),
        "created": instant(task.created_at, parts.zone),
        "updated": instant(task.updated_at, parts.zone),
        "next": instant(task.due_at, parts.zone),
        "error": task.error.english,
    }
