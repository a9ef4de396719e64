"""Callbacks: where the account's programs hear of events, what became of the calls, and again."""

from typing import ClassVar

from starlette.responses import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from tayori.callbacks.model import Answer, Endpoint
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import HOUR
from tayori.tenants.users.audit_model import AuditAction

_LONGEST_URL = 2_000
MOST_WAITING = 1_000
REPLAYED_HOURS = (1, 6, 24, 72, 168)
"""Spans that can be replayed at once."""


class EndpointForm(Form):
    """A new callback address."""

    REFUSALS: ClassVar = {"InvalidParameterValue": "url"}
    url = StringField(N_("URL"), [InputRequired(), Length(max=_LONGEST_URL), one_line])
    sender = SelectField(N_("For events of"), choices=[])


class UrlForm(Form):
    """Another URL of an endpoint."""

    REFUSALS: ClassVar = {"InvalidParameterValue": "url"}
    url = StringField(N_("URL"), [InputRequired(), Length(max=_LONGEST_URL), one_line])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/callbacks", Right.LOOK, listing),
        page("/callbacks/new", Right.MANAGE, ask_new),
        action("/callbacks/new", Right.MANAGE, create),
        page("/callbacks/{id:key}", Right.LOOK, show),
        action("/callbacks/{id:key}/url", Right.MANAGE, set_url),
        action("/callbacks/{id:key}/test", Right.MANAGE, test),
        action("/callbacks/{id:key}/on", Right.MANAGE, switch_on),
        action("/callbacks/{id:key}/replay", Right.MANAGE, replay),
        action("/callbacks/{id:key}/calls/{call:key}/replay", Right.MANAGE, replay_one),
        action("/callbacks/{id:key}/delete", Right.MANAGE, delete),
    ]


async def listing(visit: Visit) -> Response:
    """Show the account's endpoints and how they stand."""
    store = visit.services.endpoint_store
    found = await store.of_account(visit.account.id)
    waiting = {each.id: await store.waiting_of(each.id, MOST_WAITING + 1) for each in found}
    return visit.page("callbacks/list.html.j2", endpoints=found, waiting=waiting, most=MOST_WAITING)


async def ask_new(visit: Visit) -> Response:
    """Show the form of a new endpoint."""
    form = await _form(visit)
    form.sender.data = visit.query.get("sender", "")
    return visit.page("callbacks/new.html.j2", form=form)


async def create(visit: Visit) -> Response:
    """Make an endpoint."""
    form = await _form(visit)
    if not visit.failed(form):
        made = await visit.services.endpoints.set(
            visit.account, (form.url.data or "").strip(), form.sender.data or ""
        )
        if isinstance(made, Endpoint):
            await visit.record(AuditAction.CALLBACK_CHANGED, made.sender, after=made.url)
            text = visit.gettext("The callback address was set. Send a test call to try it.")
            return visit.redirect(url("/callbacks", made.id), text)
        form.refuse(made)
    return visit.again("callbacks/new.html.j2", form=form)


async def show(visit: Visit) -> Response:
    """Show an endpoint with the log of its calls."""
    found = await _endpoint(visit)
    return visit.not_found() if found is None else await _page(visit, found)


async def set_url(visit: Visit) -> Response:
    """Change where calls go; the endpoint is switched on by it."""
    found = await _endpoint(visit)
    if found is None:
        return visit.not_found()
    form = visit.form(UrlForm)
    if not visit.failed(form):
        wanted = (form.url.data or "").strip()
        made = await visit.services.endpoints.set(visit.account, wanted, found.sender)
        if not isinstance(made, Refusal):
            await visit.record(
                AuditAction.CALLBACK_CHANGED, found.sender, before=found.url, after=made.url
            )
            text = visit.gettext("Calls go to the new URL from now on.")
            return visit.redirect(_path(found), text)
        form.refuse(made)
    return await _page(visit, found, form=form)


async def test(visit: Visit) -> Response:
    """Post a made-up event now and show the answer on the page."""
    found = await _endpoint(visit)
    if found is None:
        return visit.not_found()
    async with visit.services.operating.poster() as poster:
        answer = await visit.services.endpoints.test(visit.account, found, poster)
    result = str(answer.status) if answer.status is not None else answer.error.english
    await visit.record(AuditAction.CALLBACK_TESTED, found.url, after=result)
    return await _page(visit, found, answer=answer)


async def switch_on(visit: Visit) -> Response:
    """Send calls again; what was kept meanwhile needs a replay."""
    found = await _endpoint(visit)
    if found is None:
        return visit.not_found()
    await visit.services.endpoint_store.switch_on(found.id)
    await visit.record(AuditAction.CALLBACK_CHANGED, found.url, before="off", after="on")
    text = visit.gettext("Calls are sent again. Replay those that were kept in the meantime.")
    return visit.redirect(_path(found), text)


async def replay(visit: Visit) -> Response:
    """Send the calls of the last hours again: all, or those that nobody took."""
    found = await _endpoint(visit)
    if found is None:
        return visit.not_found()
    text = visit.posted.get("hours")
    hours = int(text) if text in {str(each) for each in REPLAYED_HOURS} else REPLAYED_HOURS[0]
    failed_only = visit.posted.get("which") != "all"
    now = visit.services.clock.now()
    if found.off_at is not None:
        await visit.services.endpoint_store.switch_on(found.id)
    count = await visit.services.endpoint_store.replay(
        found.id, (now - hours * HOUR, now + 1), now, failed_only=failed_only
    )
    await visit.record(AuditAction.CALLBACK_REPLAYED, found.url, after=f"{count} in {hours} h")
    told = visit.ngettext(
        "%(number)s call is sent again.", "%(number)s calls are sent again.", count
    )
    return visit.redirect(_path(found), told, Tone.SUCCESS if count else Tone.INFO)


async def replay_one(visit: Visit) -> Response:
    """Send one call again."""
    found = await _endpoint(visit)
    if found is None:
        return visit.not_found()
    call, now = visit.path["call"], visit.services.clock.now()
    if not await visit.services.endpoint_store.replay_one(found.id, int(call), now):
        text = visit.gettext("This call waits already, or is no longer kept.")
        return visit.redirect(_path(found), text, Tone.WARNING)
    await visit.record(AuditAction.CALLBACK_REPLAYED, found.url, after=f"call {call}")
    return visit.redirect(_path(found), visit.gettext("The call is sent again."))


async def delete(visit: Visit) -> Response:
    """Delete an endpoint with its waiting calls and its log."""
    found = await _endpoint(visit)
    if found is None:
        return visit.not_found()
    await visit.services.endpoint_store.delete(found.id)
    await visit.record(AuditAction.CALLBACK_REMOVED, found.sender, before=found.url)
    return visit.redirect(url("/callbacks"), visit.gettext("The callback address was deleted."))


async def _endpoint(visit: Visit) -> Endpoint | None:
    found = await visit.services.endpoint_store.get(int(visit.path["id"]))
    return found if found is not None and found.account_id == visit.account.id else None


async def _page(
    visit: Visit,
    endpoint: Endpoint,
    *,
    form: UrlForm | None = None,
    answer: Answer | None = None,
) -> Response:
    asked = read_list(
        url("/callbacks", endpoint.id),
        visit.query,
        sorts=("at",),
        usual="-at",
        filters={"which": ("failed",)},
    )
    store = visit.services.endpoint_store
    ask = store.failures if asked["which"] else store.log
    after = read_key(asked.after)
    before = {} if after is None else {"before": after}
    entries = await ask(endpoint.id, asked.limit, **before)
    key = str(entries[asked.rows - 1].attempt_id) if len(entries) > asked.rows else ""
    return visit.page(
        "callbacks/show.html.j2",
        status=422 if form is not None else 200,
        endpoint=endpoint,
        form=form or UrlForm(url=endpoint.url),
        answer=answer,
        page=page_of(asked, entries, next_key=key),
        waiting=await store.waiting_of(endpoint.id, MOST_WAITING + 1),
        most=MOST_WAITING,
        hours=REPLAYED_HOURS,
        hour_ms=HOUR,
    )


async def _form(visit: Visit) -> EndpointForm:
    form = visit.form(EndpointForm)
    senders = await visit.services.senders.list(visit.account.id)
    form.sender.choices = {
        "": visit.gettext("All senders of the account"),
        **{each.address.addr: each.address.addr for each in senders},
    }
    return form


def _path(endpoint: Endpoint) -> str:
    return url("/callbacks", endpoint.id)
