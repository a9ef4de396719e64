"""Whom a task did not reach, and one more try."""

from collections.abc import AsyncIterator

from starlette.responses import Response

from tayori.bulk.failure_store import Place
from tayori.bulk.model import Failure, TaskStatus
from tayori.classify.model import BounceClass
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import error_text
from tayori.edge.console.lists import key_of, page_by_key, read_list
from tayori.edge.console.pages.bulk import words
from tayori.edge.console.pages.bulk.tasks import own_task, target_of
from tayori.edge.console.pages.response.classes import CLASSES
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import local
from tayori.tenants.users.audit_model import AuditAction

_ENDED = {TaskStatus.FINISHED, TaskStatus.FAILED}


async def listing(visit: Visit) -> Response:
    """Show whom a task did not reach, with what the receiver's server said."""
    task = await own_task(visit)
    if task is None:
        return visit.not_found()
    asked = read_list(url("/tasks", task.id, "failures"), visit.query, sorts=("at",))
    failed, run, number = key_of(asked, tuple(map(int, Place())))
    place = Place(failed=bool(failed), run=run, number=number)
    rows, following = await visit.services.tasks.failures_page(task.id, place, asked.rows)
    key = None if following is None else tuple(map(int, following))
    return visit.page(
        "bulk/failures.html.j2",
        task=task,
        page=page_by_key(asked, [(row, class_of(row)) for row in rows], key),
        words=words,
        can_resend=task.status in _ENDED or task.run > 0,
        resent_as=await visit.services.tasks.resent_as(task),
    )


async def export(visit: Visit) -> Response:
    """Return all of them as a CSV file."""
    task = await own_task(visit)
    if task is None:
        return visit.not_found()
    await visit.record(AuditAction.REPORT_EXPORTED, target_of(task))
    heading = ("email", "reason", "class", "reply", "message_id", "time")
    return visit.csv_stream(f"task-{task.id}-failures", heading, _rows(visit, task.id))


async def _rows(visit: Visit, task_id: int) -> AsyncIterator[list[object]]:
    async for one in visit.services.tasks.failures(task_id):
        at = local(one.at, visit.visitor.zone).isoformat(timespec="seconds") if one.at else ""
        yield [one.address, one.kind, one.bounce_class, one.detail, one.mail, at]


async def resend(visit: Visit) -> Response:
    """Write once more to whom the task did not reach, by a new task."""
    task = await own_task(visit)
    if task is None:
        return visit.not_found()
    made = await visit.services.tasks.resend(visit.account, task.id)
    if isinstance(made, Refusal):
        text = error_text(made, visit.language)
        return visit.redirect(url("/tasks", task.id, "failures"), text, Tone.DANGER)
    await visit.record(AuditAction.TASK_CREATED, str(made), before=str(task.id))
    text = visit.gettext("The failures are written to again by this task.")
    return visit.redirect(url("/tasks", made), text)


def class_of(failure: Failure) -> str:
    """Return the word for what a refusal was about, to be translated; "" where none is known."""
    known = failure.bounce_class in tuple(BounceClass)
    return CLASSES[BounceClass(failure.bounce_class)].word if known else ""
