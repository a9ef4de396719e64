"""All people of the service, as operators keep them: who may come in, and who is operator."""

from starlette.responses import Response
from wtforms import EmailField, SelectField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import Form
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_, NAMES
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.pages.people import FAULTS, complain
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.notices.sender import Told
from tayori.notices.texts import NoticeKind
from tayori.refusal.table import Language
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.links import console_link
from tayori.tenants.users.model import LinkKind, User


class OperatorForm(Form):
    """Who is invited as operator."""

    email = EmailField(N_("E-mail address"), [InputRequired(), Length(max=254)])
    language = SelectField(
        N_("Language of the mail"), choices={key.value: name for key, name in NAMES.items()}
    )


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/users", Right.OPERATE, listing),
        page("/operator/users/invite", Right.OPERATE, ask_whom),
        action("/operator/users/invite", Right.OPERATE, invite),
        action("/operator/users/{id:key}/suspend", Right.OPERATE, suspend),
        action("/operator/users/{id:key}/resume", Right.OPERATE, resume),
        action("/operator/users/{id:key}/revoke", Right.OPERATE, revoke),
    ]


async def listing(visit: Visit) -> Response:
    """Show everybody in the order in which they came, page by page."""
    asked = read_list(url("/operator/users"), visit.query, sorts=("id",))
    found = await visit.services.users.list(after=read_key(asked.after) or 0, most=asked.limit)
    last = str(found[asked.rows - 1].id) if len(found) > asked.rows else ""
    return visit.page("operator_users/list.html.j2", page=page_of(asked, found, next_key=last))


async def ask_whom(visit: Visit) -> Response:
    """Show the form that invites an operator."""
    return _invite_page(visit, visit.form(OperatorForm, language=visit.language.value))


async def invite(visit: Visit) -> Response:
    """Invite an operator; without a sender of notices the link is shown, to be handed over."""
    form = visit.form(OperatorForm)
    if not form.validate():
        return _invite_page(visit, form)
    drawn = await visit.services.links.invite(
        form.email.data or "",
        operator=True,
        language=form.language.data,
        invited_by=visit.user.email,
    )
    if isinstance(drawn, Fault):
        complain(form, drawn)
        return _invite_page(visit, form)
    token, link = drawn
    await visit.record(AuditAction.USER_INVITED, link.email, after="operator")
    address = console_link(visit.public_url, LinkKind.INVITATION, token)
    hours = str(visit.services.settings.console.invitation_hours)
    data = {"link": address, "invited_by": visit.user.name, "hours": hours}
    told = await visit.services.notices.send(
        link.email, NoticeKind.OPERATOR_INVITATION, data, Language(link.language)
    )
    if told is Told.ACCEPTED:
        text = visit.gettext("An invitation is on its way to %(address)s.", address=link.email)
        return visit.redirect(url("/operator/users"), text)
    return visit.page("operator_users/invited.html.j2", link=link, address=address)


async def suspend(visit: Visit) -> Response:
    """Keep a user out, at once."""
    user = await _user(visit)
    if user is None:
        return visit.not_found()
    fault = await visit.services.users.suspend(user.id)
    text = visit.gettext("%(name)s is kept out from now on.", name=user.name)
    return await _done(visit, user, fault, AuditAction.USER_SUSPENDED, text)


async def resume(visit: Visit) -> Response:
    """Let a user in again."""
    user = await _user(visit)
    if user is None:
        return visit.not_found()
    await visit.services.users.resume(user.id)
    text = visit.gettext("%(name)s may come in again.", name=user.name)
    return await _done(visit, user, None, AuditAction.USER_RESUMED, text)


async def revoke(visit: Visit) -> Response:
    """Take the rights of an operator away; roles in accounts stay."""
    user = await _user(visit)
    if user is None or not user.operator:
        return visit.not_found()
    fault = await visit.services.users.set_operator(user.id, operator=False)
    text = visit.gettext("%(name)s is no operator any more.", name=user.name)
    return await _done(visit, user, fault, AuditAction.OPERATOR_REVOKED, text)


async def _done(
    visit: Visit, user: User, fault: Fault | None, done: AuditAction, text: str
) -> Response:
    if fault is not None:
        return visit.redirect(url("/operator/users"), visit.gettext(FAULTS[fault]), Tone.DANGER)
    await visit.record(done, user.email)
    return visit.redirect(url("/operator/users"), text)


async def _user(visit: Visit) -> User | None:
    return await visit.services.users.get(int(visit.path["id"]))


def _invite_page(visit: Visit, form: OperatorForm) -> Response:
    return visit.page(
        "operator_users/invite.html.j2",
        status=422 if form.refused else 200,
        form=form,
        can_send=visit.services.notices.can_send,
    )
