"""Tasks as they stand, and what is done to them."""

from dataclasses import dataclass

from starlette.responses import Response

from tayori.bulk.model import Cause, Filters, Outcomes, Task, TaskKind, TaskStatus
from tayori.bulk.store import NEWEST_FIRST
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import key_of, page_by_key, read_list
from tayori.edge.console.pages.bulk import words
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.reputation.room import Bound
from tayori.stats.model import ALL, KeysWanted, Kind, Volume
from tayori.tenants.users.audit_model import AuditAction

_BOUNDS = {
    Bound.ACCOUNT_DAY: N_("The account has sent as many mails as it may send in a day."),
    Bound.DOMAIN_DAY: N_(
        "The sender domain has sent as many mails as its reputation level allows in a day."
    ),
    Bound.DOMAIN_HOUR: N_("The sender domain has sent as many mails as it may send in an hour."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One limit of a task's failures: `part` of `whole` mails, from which share on it pauses."""

    word: str
    part: int
    whole: int
    most: float
    judged: bool
    """There are enough mails to judge by."""

    @property
    def share(self) -> float | None:
        """Return the share of failures, None without any mails."""
        return self.part / self.whole if self.whole else None

    @property
    def is_spent(self) -> bool:
        """Tell whether the task pauses for it."""
        return self.judged and self.part > self.most * self.whole


async def listing(visit: Visit) -> Response:
    """Show the account's tasks, the latest first, with how far each is."""
    asked = read_list(
        url("/tasks"),
        visit.query,
        sorts=("created",),
        usual="-created",
        filters={"q": None, "status": tuple(words.STATUSES)},
    )
    status = words.STATUS_OF.get(asked["status"])
    filters = Filters(status=None if status is None else int(status), text=asked["q"])
    rows, key = await visit.services.tasks.before(
        visit.account.id, filters, key_of(asked, NEWEST_FIRST), asked.rows
    )
    return visit.page(
        "bulk/rows.html.j2" if visit.is_partial else "bulk/tasks.html.j2",
        page=page_by_key(asked, rows, key),
        moving=any(words.is_moving(row, visit.services.clock.now()) for row in rows),
        words=words,
        again=asked.url(after=asked.after),
    )


async def show(visit: Visit) -> Response:
    """Show one task: how far it is, what became of its mails, why it waits."""
    task = await own_task(visit)
    if task is None:
        return visit.not_found()
    services = visit.services
    outcomes = await services.tasks.outcomes(task)
    template = await services.templates.find(visit.account.id, task.order.template_id)
    return visit.page(
        "bulk/progress.html.j2" if visit.is_partial else "bulk/task.html.j2",
        task=task,
        words=words,
        volume=await _volume(visit, task),
        budgets=_budgets(visit, task, outcomes),
        waits=await _waits(visit, task),
        moving=words.is_moving(task, services.clock.now()) or _under_way(task, outcomes),
        on_the_way=max(0, outcomes.accepted - outcomes.delivered - outcomes.bounced),
        mail_template=template.template if template else None,
        resent_as=await services.tasks.resent_as(task),
        TaskStatus=TaskStatus,
        TaskKind=TaskKind,
        Cause=Cause,
    )


async def pause(visit: Visit) -> Response:
    """Let a task rest until somebody resumes it."""
    task = await own_task(visit)
    if task is None:
        return visit.not_found()
    done = await visit.services.tasks.pause(task.id)
    if done:
        await visit.record(AuditAction.TASK_PAUSED, target_of(task))
    text = N_("The task is paused.") if done else N_("The task had ended already.")
    return visit.redirect(url("/tasks", task.id), visit.gettext(text))


async def resume(visit: Visit) -> Response:
    """Let a task go on."""
    task = await own_task(visit)
    if task is None:
        return visit.not_found()
    done = await visit.services.tasks.resume(task.id)
    if done:
        await visit.record(AuditAction.TASK_RESUMED, target_of(task))
    text = N_("The task goes on.") if done else N_("There is nothing to resume.")
    return visit.redirect(url("/tasks", task.id), visit.gettext(text))


async def cancel(visit: Visit) -> Response:
    """End a task for good."""
    task = await own_task(visit)
    if task is None:
        return visit.not_found()
    dropped = await visit.services.tasks.cancel(task.id)
    if dropped is None:
        text = visit.gettext("The task had ended already.")
    else:
        await visit.record(AuditAction.TASK_CANCELLED, target_of(task))
        text = visit.ngettext(
            "The task was cancelled; %(number)s mail that waited was dropped.",
            "The task was cancelled; %(number)s mails that waited were dropped.",
            dropped,
        )
    return visit.redirect(url("/tasks", task.id), text)


async def own_task(visit: Visit) -> Task | None:
    """Return the task that the path names, None when it is another account's."""
    found = await visit.services.tasks.get(int(visit.path["number"]))
    return found if found is not None and found.account_id == visit.account.id else None


def target_of(task: Task) -> str:
    """Return how the audit log names a task."""
    return f"{task.id} {task.order.subject}"


async def _volume(visit: Visit, task: Task) -> Volume:
    wanted = KeysWanted(account_id=task.account_id, kind=Kind.TASK, days=[ALL], key=str(task.id))
    return (await visit.services.stats.by_key(wanted)).get(str(task.id), Volume())


def _under_way(task: Task, outcomes: Outcomes) -> bool:
    open_mails = outcomes.accepted > outcomes.delivered + outcomes.bounced
    return task.status is TaskStatus.FINISHED and open_mails


async def _waits(visit: Visit, task: Task) -> str:
    """Return which limit a task that is paused for today waits for."""
    if task.cause is not Cause.QUOTA:
        return ""
    room = await visit.services.pace.room(task.account_id, task.domain, 1)
    return "" if isinstance(room.refusal, Refusal) else _BOUNDS.get(room.bound, "")


def _budgets(visit: Visit, task: Task, outcomes: Outcomes) -> list[Budget]:
    """Return the task's failures beside their limits; what was forgiven by a resume is left out."""
    rules, found = visit.services.settings.bulk, outcomes.since(task.baseline)
    ended = found.delivered + found.bounced
    limits = (
        (N_("Bounced"), found.bounced, ended, rules.most_bounced),
        (N_("Put off at first"), found.deferred, ended + found.deferred, rules.most_deferred),
        (N_("Complained"), found.complained, found.delivered, rules.most_complained),
    )
    return [
        Budget(word=word, part=part, whole=whole, most=most, judged=whole >= rules.minimum_sample)
        for word, part, whole, most in limits
        if most
    ]
