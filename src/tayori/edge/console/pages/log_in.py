"""Coming in and going out: e-mail address and password, then the account that is entered."""

from starlette.responses import Response
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_
from tayori.edge.console.visit import HOME, Visit, inside
from tayori.tenants.users.audit_model import AuditAction, AuditEntry


class LogInForm(Form):
    """Who one is, and where to go afterwards."""

    email = EmailField(N_("E-mail address"), [InputRequired(), Length(max=254)])
    password = PasswordField(N_("Password"), [InputRequired(), Length(max=1000)])
    next = HiddenField()


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/log-in", Right.ANYONE, ask),
        action("/log-in", Right.ANYONE, log_in),
        action("/log-out", Right.SIGNED_IN, log_out),
    ]


async def ask(visit: Visit) -> Response:
    """Show the form; who is signed in already goes on."""
    goal = inside(visit.query.get("next", HOME))
    if visit.visitor.signed_in:
        return visit.redirect(goal)
    return visit.page("log_in/log_in.html.j2", form=visit.form(LogInForm, next=goal))


async def log_in(visit: Visit) -> Response:
    """Begin a session when address and password are right."""
    form = visit.form(LogInForm)
    services = visit.services
    address = visit.visitor.address
    user = None
    if form.validate():
        user = await services.users.log_in(form.email.data or "", form.password.data or "")
    if user is None:
        entry = AuditEntry(
            action=AuditAction.LOG_IN_FAILED, email=form.email.data or "", address=address
        )
        await services.audit.record(entry)
        return visit.again("log_in/log_in.html.j2", form=form, failed=not form.refused)
    agent = visit.request.headers.get("user-agent", "")
    token, session = await services.sessions.begin(user, address=address, agent=agent)
    roles = await services.users.memberships(user.id)
    if len(roles) == 1 and not user.operator:
        await services.sessions.enter(session, next(iter(roles)))
    entry = AuditEntry(
        action=AuditAction.LOG_IN, user_id=user.id, email=user.email, address=address
    )
    await services.audit.record(entry)
    response = visit.redirect(inside(form.next.data or HOME))
    visit.templates.visitors.remember(response, token)
    return response


async def log_out(visit: Visit) -> Response:
    """End the session, on this browser and in the database."""
    visitors = visit.templates.visitors
    await visit.services.sessions.end(visit.request.cookies.get(visitors.session_cookie, ""))
    await visit.record(AuditAction.LOG_OUT)
    response = visit.redirect(f"{HOME}/log-in", visit.gettext("You are logged out."))
    visitors.forget(response)
    return response
