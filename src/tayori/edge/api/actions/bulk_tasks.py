"""Bulk tasks: BatchSendEmail and ListSendTasks."""

from datetime import datetime, tzinfo
from typing import Final

from msgspec import field

from tayori.bulk.model import AdLocation, Filters, Order, Task, TaskKind
from tayori.edge.api.actions.dates import written_time
from tayori.edge.api.actions.paging import check_limit
from tayori.edge.api.actions.sending import Attachment, Simple, Template, read_unsubscribe
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Request, Response
from tayori.edge.api.idempotency import token_of
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say
from tayori.runtime.clock import SECOND

LONGEST_INTERVAL_H: Final = 24 * 366


class CycleEmailParam(Request, frozen=True):
    """When a recurring task begins, how many hours lie between two runs; TermCycle 1 ends it."""

    begin_time: str
    interval_time: Count
    term_cycle: Count | None = None


class TimedEmailParam(Request, frozen=True):
    """When a scheduled task begins."""

    begin_time: str


class BatchSendEmailRequest(Request, frozen=True):
    """A mail from a template to each receiver of a list; TaskType 1 now, 2 timed, 3 recurring."""

    from_email_address: str
    receiver_id: Count
    subject: str
    task_type: Count
    reply_to_addresses: str | None = None
    template: Template | None = None
    simple: Simple | None = None
    attachments: list[Attachment] | None = None
    cycle_param: CycleEmailParam | None = None
    timed_param: TimedEmailParam | None = None
    unsubscribe: str | int | None = None
    ad_location: Count | None = field(name="ADLocation", default=None)


class BatchSendEmailResponse(Response, frozen=True):
    """The task's number."""

    task_id: int


class ListSendTasksRequest(Request, frozen=True):
    """A page of tasks, of one status, list and kind."""

    offset: Count
    limit: Count
    status: Count | None = None
    receiver_id: Count | None = None
    task_type: Count | None = None


class TaskTemplate(Response, frozen=True):
    """The template of a task and the values for all its receivers."""

    template_id: int = field(name="TemplateID")
    template_data: str


class TaskCycle(Response, frozen=True):
    """The times of a recurring task."""

    begin_time: str
    interval_time: int
    term_cycle: int


class TaskTime(Response, frozen=True):
    """The time of a scheduled task."""

    begin_time: str


class SendTaskData(Response, frozen=True):
    """A task; the counts are of the run under way, or of the last one."""

    task_id: int
    from_email_address: str
    receiver_id: int
    task_status: int
    task_type: int
    request_count: int
    send_count: int
    cache_count: int
    create_time: str
    update_time: str
    subject: str
    template: TaskTemplate
    cycle_param: TaskCycle | None
    timed_param: TaskTime | None
    err_msg: str
    receivers_name: str


class ListSendTasksResponse(Response, frozen=True):
    """A page, newest first, and how many there are."""

    total_count: int
    data: list[SendTaskData]


async def batch_send_email(
    services: Services, call: Call, request: BatchSendEmailRequest
) -> BatchSendEmailResponse | Refusal:
    """Create a task; yes means that it is stored and will be worked on."""
    order = _order(request, services.zone, call.region)
    if isinstance(order, Refusal):
        return order
    token = token_of(call, "BatchSendEmail", request)
    if isinstance(token, Refusal):
        return token
    number = await services.tasks.create(call.account, order, token)
    return number if isinstance(number, Refusal) else BatchSendEmailResponse(task_id=number)


async def list_send_tasks(
    services: Services, call: Call, request: ListSendTasksRequest
) -> ListSendTasksResponse | Refusal:
    """Return a page of the account's tasks."""
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    filters = Filters(status=request.status, list_id=request.receiver_id, kind=request.task_type)
    tasks, total = await services.tasks.page(
        call.account.id, filters, (request.offset, request.limit)
    )
    return ListSendTasksResponse(
        total_count=total, data=[_shown(task, services.zone) for task in tasks]
    )


def _order(request: BatchSendEmailRequest, zone: tzinfo, region: str) -> Order | Refusal:
    kind = {1: TaskKind.IMMEDIATE, 2: TaskKind.TIMED, 3: TaskKind.CYCLIC}.get(request.task_type)
    if kind is None:
        return _bad("TaskType", say("1 means now, 2 at a time, 3 again and again."))
    refused = _check_content(request)
    if refused is not None:
        return refused
    unsubscribe = read_unsubscribe(request.unsubscribe, region)
    if isinstance(unsubscribe, Refusal):
        return unsubscribe
    times = _times(request, kind, zone)
    if isinstance(times, Refusal):
        return times
    begins_at, interval_h, cycle_ended = times
    return Order(
        kind=kind,
        list_id=request.receiver_id,
        sender=request.from_email_address,
        subject=request.subject,
        template_id=request.template.template_id if request.template else 0,
        template_data=request.template.template_data if request.template else "",
        reply_to=request.reply_to_addresses or "",
        unsubscribe=unsubscribe,
        ad_location=AdLocation(request.ad_location or 0),
        begins_at=begins_at,
        interval_h=interval_h,
        cycle_ended=cycle_ended,
    )


def _check_content(request: BatchSendEmailRequest) -> Refusal | None:
    """Refuse what a bulk mail cannot carry, rather than sending the mail without it."""
    if request.attachments:
        return _bad("Attachments", say("Bulk mail carries no attachments."))
    simple = request.simple
    if simple is not None and (simple.html or simple.text):
        return refuse(
            Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG,
            say("Bulk mail is made from a template; leave Simple out."),
        )
    if request.template is None or not request.from_email_address.strip():
        return refuse(Code.MISSING_PARAMETER__SEND_PARAM_NECESSARY)
    if (request.ad_location or 0) not in (0, 1, 2):
        return _bad("ADLocation", say("0 means no mark, 1 before the subject, 2 behind it."))
    return None


def _times(
    request: BatchSendEmailRequest, kind: TaskKind, zone: tzinfo
) -> tuple[int | None, int | None, bool] | Refusal:
    """Return beginning, hours between two runs, and whether the first run is the last.

    Parameters of another kind of task are left aside, as the original service does.
    """
    if kind is TaskKind.TIMED and request.timed_param is not None:
        begins_at = _moment("TimedParam.BeginTime", request.timed_param.begin_time, zone)
        return begins_at if isinstance(begins_at, Refusal) else (begins_at, None, False)
    if kind is not TaskKind.CYCLIC or request.cycle_param is None:
        return None, None, False
    cycle = request.cycle_param
    begins_at = _moment("CycleParam.BeginTime", cycle.begin_time, zone)
    if isinstance(begins_at, Refusal):
        return begins_at
    if not 1 <= cycle.interval_time <= LONGEST_INTERVAL_H:
        return _bad(
            "CycleParam.IntervalTime",
            say("It is a number of hours from 1 to {most}.", most=LONGEST_INTERVAL_H),
        )
    if (cycle.term_cycle or 0) not in (0, 1):
        return _bad("CycleParam.TermCycle", say("0 goes on, 1 ends the cycle after one run."))
    return begins_at, cycle.interval_time, cycle.term_cycle == 1


def _moment(name: str, text: str, zone: tzinfo) -> int | Refusal:
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone)
        return int(moment.timestamp()) * SECOND
    except (ValueError, OverflowError):
        return _bad(name, say('It is written "YYYY-MM-DD HH:MM:SS".'))


def _bad(parameter: str, saying: Saying) -> Refusal:
    return refuse(Code.INVALID_PARAMETER_VALUE, saying, parameter=parameter)


def _shown(task: Task, zone: tzinfo) -> SendTaskData:
    order = task.order
    begins = written_time(order.begins_at, zone) if order.begins_at is not None else ""
    cycle = TaskCycle(
        begin_time=begins,
        interval_time=order.interval_h or 0,
        term_cycle=int(order.cycle_ended),
    )
    return SendTaskData(
        task_id=task.id,
        from_email_address=order.sender,
        receiver_id=order.list_id,
        task_status=int(task.status),
        task_type=int(order.kind),
        request_count=task.requested,
        send_count=task.sent,
        cache_count=task.cached,
        create_time=written_time(task.created_at, zone),
        update_time=written_time(task.updated_at, zone),
        subject=order.subject,
        template=TaskTemplate(template_id=order.template_id, template_data=order.template_data),
        cycle_param=cycle if order.kind is TaskKind.CYCLIC else None,
        timed_param=TaskTime(begin_time=begins) if order.kind is TaskKind.TIMED else None,
        err_msg=task.error.english,
        receivers_name=task.list_name,
    )
