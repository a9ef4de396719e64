"""A new task: asked for, checked with the planner's forecast, and only then created."""

import secrets

from starlette.responses import Response

from tayori.accept.idempotency import Token, fingerprint
from tayori.bulk.expanding import marked_subject
from tayori.bulk.model import Order, Skipped, TaskKind
from tayori.edge.console.pages.bulk.order import (
    Asked,
    Choices,
    TaskForm,
    choices_of,
    missing_values,
    order_of,
)
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.mail.address import AddressError, parse_mailbox
from tayori.refusal.refusal import Refusal
from tayori.reputation.planner import Plan
from tayori.tenants.users.audit_model import AuditAction

_ACTION = "ConsoleTask"
MOST_DAYS_SHOWN = 60


async def ask(visit: Visit) -> Response:
    """Show the form, or what has to be there before a task can be."""
    choices = await choices_of(visit)
    form = _form(visit, choices)
    if not form.errors:
        wanted = visit.query.get("list", "")
        if wanted in {value for value, _ in choices.lists}:
            form.list_id.data = wanted
    return visit.page("bulk/new.html.j2", form=form, choices=choices, missing=[], given={})


async def step(visit: Visit) -> Response:
    """Check what was asked for and show what would follow; create it when that was said."""
    choices = await choices_of(visit)
    form = _form(visit, choices)
    given = _values(visit)
    missing: list[str] = []
    if visit.posted.get("step") != "change" and not visit.failed(form):
        missing = await missing_values(visit, form, given)
        asked = order_of(visit, form, choices, given)
        if not missing:
            if visit.posted.get("step") == "create":
                done = await _create(visit, asked.order)
            else:
                done = await _check(visit, form, asked, given)
            if isinstance(done, Response):
                return done
            form.refuse(done)
    return visit.page(
        "bulk/new.html.j2",
        status=422 if form.refused or missing else 200,
        form=form,
        choices=choices,
        missing=missing,
        given=given,
    )


async def _create(visit: Visit, order: Order) -> Response | Refusal:
    token = _token(visit, order)
    made = await visit.services.tasks.create(visit.account, order, token)
    if isinstance(made, Refusal):
        return made
    await visit.record(AuditAction.TASK_CREATED, f"{made} {order.subject}")
    return visit.redirect(url("/tasks", made), visit.gettext("The task was created."))


async def _check(
    visit: Visit, form: TaskForm, asked: Asked, given: dict[str, str]
) -> Response | Refusal:
    order, services = asked.order, visit.services
    listed = await services.tasks.examine(visit.account, order)
    if isinstance(listed, Refusal):
        return listed
    domain = _domain(order)
    now = services.clock.now()
    outlook = await services.outlook.look(visit.account.id, listed.id, domain, now)
    valid = listed.total - listed.invalid
    skipped = _whole(outlook.skipped, outlook.looked_at, valid)
    written = max(0, valid - sum(skipped))
    plan = await services.planner.plan(domain, max(1, written))
    return visit.page(
        "bulk/check.html.j2",
        form=form,
        given=given,
        order=order,
        asked=asked,
        subject=marked_subject(order.subject, order.ad_location, services.settings.bulk.ad_mark),
        listed=listed,
        valid=valid,
        skipped=skipped,
        written=written,
        estimated=outlook.looked_at < valid,
        looked_at=outlook.looked_at,
        domain=domain,
        plan=plan if isinstance(plan, Plan) else None,
        refused=plan if isinstance(plan, Refusal) else None,
        most_days=MOST_DAYS_SHOWN,
        once=visit.posted.get("once") or secrets.token_urlsafe(16),
        TaskKind=TaskKind,
    )


def _whole(found: Skipped, looked_at: int, valid: int) -> Skipped:
    """Return what was found in the first receivers, reckoned up to the whole list."""
    if not looked_at or looked_at >= valid:
        return found
    return Skipped(*(round(count * valid / looked_at) for count in found))


def _token(visit: Visit, order: Order) -> Token | None:
    """Return what makes a form that is sent twice one task."""
    key = visit.posted.get("once")[:64]
    if not key.isascii() or not key.isprintable() or not key or " " in key:
        return None
    return Token(
        account_id=visit.account.id,
        action=_ACTION,
        key=key,
        fingerprint=fingerprint([repr(order).encode()]),
    )


def _form(visit: Visit, choices: Choices) -> TaskForm:
    form = visit.form(TaskForm)
    form.list_id.choices = choices.lists
    form.template_id.choices = choices.templates
    form.sender.choices = choices.senders
    form.kind.choices = choices.kinds
    form.unit.choices = choices.units
    form.unsubscribe.choices = choices.links
    form.ad.choices = choices.marks
    return form


def _values(visit: Visit) -> dict[str, str]:
    """Return the values for variables that stand in the form."""
    prefix = "value-"
    return {
        name.removeprefix(prefix): visit.posted.get(name)
        for name in visit.posted
        if name.startswith(prefix)
    }


def _domain(order: Order) -> str:
    sender = parse_mailbox(order.sender)
    return "" if isinstance(sender, AddressError) else sender.address.domain
