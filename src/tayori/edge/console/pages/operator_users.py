"""All people of the service, as operators keep them: who may come in, and who is operator."""

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.keys import read_key
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.pages.inviting import InviteeForm, invite_page, invited
from tayori.edge.console.pages.people import FAULTS, complain
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.notices.texts import NoticeKind
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import User


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
    form = visit.form(InviteeForm, language=visit.language.value)
    return invite_page(visit, "operator_users", form)


async def invite(visit: Visit) -> Response:
    """Invite an operator; without a sender of notices the link is shown, to be handed over."""
    form = visit.form(InviteeForm)
    if not form.validate():
        return invite_page(visit, "operator_users", form)
    drawn = await visit.services.links.invite(
        form.email.data or "",
        operator=True,
        language=form.language.data,
        invited_by=visit.user.email,
    )
    if isinstance(drawn, Fault):
        complain(form, drawn)
        return invite_page(visit, "operator_users", form)
    return await invited(
        visit,
        "operator_users",
        drawn,
        NoticeKind.OPERATOR_INVITATION,
        {},
        role="operator",
        home=url("/operator/users"),
    )


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
