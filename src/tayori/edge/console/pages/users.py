"""The users of an account, as its owners keep them: roles, invitations, removal."""

from starlette.responses import Response
from wtforms import RadioField

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.languages import N_, catalogue
from tayori.edge.console.pages.inviting import InviteeForm, invite_page, invited
from tayori.edge.console.pages.people import FAULTS, ROLE_NAMES, complain, role_choices
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.notices.texts import NoticeKind
from tayori.refusal.table import Language
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import MEMBER_ROLES, Member, Role


class InviteForm(InviteeForm):
    """Who is invited, and as what."""

    role = RadioField(N_("Role"), default=Role.MEMBER.value)


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/users", Right.OWN, listing),
        page("/users/invite", Right.OWN, ask_whom),
        action("/users/invite", Right.OWN, invite),
        action("/users/invitations/{id:key}/withdraw", Right.OWN, withdraw),
        action("/users/{id:key}/role", Right.OWN, change_role),
        action("/users/{id:key}/remove", Right.OWN, remove),
    ]


async def listing(visit: Visit) -> Response:
    """Show the users of the account and the invitations that still work."""
    return visit.page(
        "users/list.html.j2",
        members=await visit.services.users.members(visit.account.id),
        pending=await visit.services.links.pending(visit.account.id),
        role_names=ROLE_NAMES,
        roles=MEMBER_ROLES,
    )


async def ask_whom(visit: Visit) -> Response:
    """Show the form of an invitation."""
    return invite_page(visit, "users", _form(visit))


async def invite(visit: Visit) -> Response:
    """Invite somebody; without a sender of notices the link is shown, to be handed over."""
    form = _form(visit)
    if not form.validate():
        return invite_page(visit, "users", form)
    drawn = await visit.services.links.invite(
        form.email.data or "",
        account_id=visit.account.id,
        role=Role(form.role.data),
        language=form.language.data,
        invited_by=visit.user.email,
    )
    if isinstance(drawn, Fault):
        complain(form, drawn)
        return invite_page(visit, "users", form)
    role = Role(form.role.data)
    words = catalogue(Language(form.language.data))
    data = {"account": visit.account.name, "role": words.gettext(ROLE_NAMES[role])}
    return await invited(
        visit,
        "users",
        drawn,
        NoticeKind.INVITATION,
        data,
        role=role.value,
        home=url("/users"),
    )


async def withdraw(visit: Visit) -> Response:
    """End an invitation to this account."""
    link = await visit.services.links.withdraw(visit.account.id, int(visit.path["id"]))
    if link is None:
        return visit.not_found()
    await visit.record(AuditAction.INVITATION_WITHDRAWN, link.email)
    text = visit.gettext("The invitation of %(address)s was withdrawn.", address=link.email)
    return visit.redirect(url("/users"), text)


async def change_role(visit: Visit) -> Response:
    """Change what a member is; running sessions of that user end."""
    member = await _member(visit)
    role = visit.posted.get("role")
    if member is None or role not in MEMBER_ROLES:
        return visit.not_found()
    before = await visit.services.users.set_role(member.user.id, visit.account.id, Role(role))
    if isinstance(before, Fault):
        return visit.redirect(url("/users"), visit.gettext(FAULTS[before]), Tone.DANGER)
    await visit.record(
        AuditAction.USER_ROLE_CHANGED, member.user.email, before=before.value, after=role
    )
    text = visit.gettext("The role of %(name)s was changed.", name=member.user.name)
    return visit.redirect(url("/users"), text)


async def remove(visit: Visit) -> Response:
    """End a membership; the user stays a user of other accounts."""
    member = await _member(visit)
    if member is None:
        return visit.not_found()
    before = await visit.services.users.remove(member.user.id, visit.account.id)
    if isinstance(before, Fault):
        return visit.redirect(url("/users"), visit.gettext(FAULTS[before]), Tone.DANGER)
    await visit.record(AuditAction.USER_REMOVED, member.user.email, before=before.value)
    text = visit.gettext("%(name)s does not belong to the account any more.", name=member.user.name)
    return visit.redirect(url("/users"), text)


async def _member(visit: Visit) -> Member | None:
    number = int(visit.path["id"])
    members = await visit.services.users.members(visit.account.id)
    return next((member for member in members if member.user.id == number), None)


def _form(visit: Visit) -> InviteForm:
    form = visit.form(InviteForm, role=Role.MEMBER.value, language=visit.language.value)
    form.role.choices = role_choices(visit)
    return form
