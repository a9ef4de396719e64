"""Pages that a link opens: an invitation, the first operator's, and the choice of a new password.

Whether an address has a user is told nobody: asking for a link is answered alike, and at the same
time, since the mail is made after the answer.
"""

from typing import Any

from starlette.background import BackgroundTask
from starlette.responses import Response
from wtforms import EmailField, PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.languages import N_, NAMES
from tayori.edge.console.pages.people import (
    ROLE_NAMES,
    come_in,
    complain,
    record_for,
    too_many,
    zones,
)
from tayori.edge.console.visit import HOME, Visit
from tayori.notices.texts import NoticeKind
from tayori.refusal.refusal import Refusal
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.links import console_link
from tayori.tenants.users.model import Link, LinkKind, User

_GONE = 410
_PASSWORD = N_("Password")
_INVITED = (LinkKind.INVITATION, LinkKind.FIRST_OPERATOR)


class ForgotForm(Form):
    """Whose password is to be replaced."""

    email = EmailField(N_("E-mail address"), [InputRequired(), Length(max=254)])


class NewPasswordForm(Form):
    """A new password."""

    password = PasswordField(N_("New password"), [InputRequired(), Length(max=1000)])


class JoinForm(Form):
    """A new user. `email` is asked of the first operator alone."""

    email = EmailField(N_("E-mail address"), [Length(max=254)])
    name = StringField(N_("Your name"), [InputRequired(), Length(max=100), one_line])
    language = SelectField(N_("Language"), choices={key.value: name for key, name in NAMES.items()})
    zone = SelectField(N_("Time zone"), choices=zones)
    password = PasswordField(_PASSWORD, [InputRequired(), Length(max=1000)])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/invitation/{token}", Right.ANYONE, ask_to_join),
        action("/invitation/{token}", Right.ANYONE, join),
        page("/first-operator/{token}", Right.ANYONE, ask_to_join),
        action("/first-operator/{token}", Right.ANYONE, join),
        page("/forgot", Right.ANYONE, ask_who),
        action("/forgot", Right.ANYONE, send_link),
        page("/new-password/{token}", Right.ANYONE, ask_password),
        action("/new-password/{token}", Right.ANYONE, set_password),
    ]


async def ask_to_join(visit: Visit) -> Response:
    """Show who invites to what; a new user is asked for name and password."""
    link = await visit.services.links.find(visit.path["token"], *_INVITED)
    if link is None:
        return _dead(visit)
    form = visit.form(JoinForm, language=visit.language.value, zone="UTC")
    return await _join_page(visit, link, form)


async def join(visit: Visit) -> Response:
    """Use the invitation. A new user is logged in; who had one logs in as always."""
    services, token = visit.services, visit.path["token"]
    link = await services.links.find(token, *_INVITED)
    if link is None:
        return _dead(visit)
    form = visit.form(JoinForm)
    known = await services.users.find(link.email) if link.email else None
    if known is None and not form.validate():
        return await _join_page(visit, link, form, status=422)
    joined = await services.links.accept(
        token,
        name=form.name.data or "",
        language=form.language.data or "en",
        zone=form.zone.data or "UTC",
        password=form.password.data or "",
        email=form.email.data or "",
    )
    if joined is Fault.LINK:
        return _dead(visit)
    if isinstance(joined, Fault):
        complain(form, joined)
        return await _join_page(visit, link, form, status=422)
    action_done = AuditAction.USER_JOINED if known else AuditAction.USER_CREATED
    role = "operator" if link.operator else link.role or ""
    await record_for(visit, action_done, joined, account_id=link.account_id, after=role)
    if known is None:
        return await come_in(visit, joined)
    text = visit.gettext("You have joined. Log in to go on.")
    return visit.redirect(f"{HOME}/log-in", text)


async def ask_who(visit: Visit) -> Response:
    """Show the form that asks for a link."""
    return visit.page("links/forgot.html.j2", form=visit.form(ForgotForm), **_ways(visit))


async def send_link(visit: Visit) -> Response:
    """Send a link if the address has a user; the answer does not tell."""
    form = visit.form(ForgotForm)
    if not form.validate():
        return visit.again("links/forgot.html.j2", form=form, **_ways(visit))
    email = form.email.data or ""
    wait = await visit.services.log_ins.ask_link(email, visit.visitor.address)
    if wait is not None:
        sentence = too_many(visit, wait)
        return visit.again("links/forgot.html.j2", form=form, trouble=sentence, **_ways(visit))
    response = visit.page("links/asked.html.j2", **_ways(visit))
    response.background = BackgroundTask(_send_link, visit, email)
    return response


async def _send_link(visit: Visit, email: str) -> None:
    services = visit.services
    user = await services.users.find(email)
    if user is None or not services.notices.can_send:
        return
    drawn = await services.links.reset(user)
    if isinstance(drawn, Fault):
        return
    token, _ = drawn
    link = console_link(visit.public_url, LinkKind.RESET, token)
    minutes = str(services.settings.console.reset_minutes)
    await services.notices.send(user, NoticeKind.RESET, {"link": link, "minutes": minutes})
    await record_for(visit, AuditAction.PASSWORD_RESET_ASKED, user)


async def ask_password(visit: Visit) -> Response:
    """Show the form of a new password."""
    if await visit.services.links.find(visit.path["token"], LinkKind.RESET) is None:
        return _dead(visit)
    return visit.page("links/new_password.html.j2", form=visit.form(NewPasswordForm))


async def set_password(visit: Visit) -> Response:
    """Set the new password; all sessions of the user end."""
    form, token = visit.form(NewPasswordForm), visit.path["token"]
    if not form.validate():
        return visit.again("links/new_password.html.j2", form=form)
    done = await visit.services.links.use_reset(token, form.password.data or "")
    if done is Fault.LINK:
        return _dead(visit)
    if isinstance(done, Fault):
        complain(form, done)
        return visit.again("links/new_password.html.j2", form=form)
    await record_for(visit, AuditAction.PASSWORD_RESET, done)
    await _tell_of_password(visit, done)
    text = visit.gettext("The new password is set. Log in with it.")
    return visit.redirect(f"{HOME}/log-in", text)


async def _tell_of_password(visit: Visit, user: User) -> None:
    data = {"address": visit.visitor.address}
    await visit.services.notices.send(user, NoticeKind.PASSWORD_CHANGED, data)


async def _join_page(visit: Visit, link: Link, form: JoinForm, *, status: int = 200) -> Response:
    services = visit.services
    account = await services.accounts.get(link.account_id) if link.account_id else None
    return visit.page(
        "links/join.html.j2",
        status=status,
        form=form,
        link=link,
        joined=None if isinstance(account, Refusal) else account,
        known=bool(link.email) and await services.users.find(link.email) is not None,
        role_name=ROLE_NAMES[link.role] if link.role else "",
    )


def _ways(visit: Visit) -> dict[str, Any]:
    return {
        "can_send": visit.services.notices.can_send,
        "minutes": visit.services.settings.console.reset_minutes,
    }


def _dead(visit: Visit) -> Response:
    return visit.page("links/dead.html.j2", status=_GONE)
