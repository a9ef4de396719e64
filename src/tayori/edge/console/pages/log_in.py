"""Coming in and going out: address and password, the second factor, then the account."""

from starlette.responses import Response
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_
from tayori.edge.console.log_ins import Wait
from tayori.edge.console.pages.people import arrived, come_in, complain, record_for, too_many
from tayori.edge.console.visit import HOME, Visit, inside
from tayori.tenants.users.audit_model import AuditAction, AuditEntry
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.second_factor import Proof


class LogInForm(Form):
    """Who one is, and where to go afterwards."""

    email = EmailField(N_("E-mail address"), [InputRequired(), Length(max=254)])
    password = PasswordField(N_("Password"), [InputRequired(), Length(max=1000)])
    next = HiddenField()


class CodeForm(Form):
    """A code of the second factor."""

    code = StringField(N_("Code"), [InputRequired(), Length(max=40)])
    next = HiddenField()


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/log-in", Right.ANYONE, ask),
        action("/log-in", Right.ANYONE, log_in),
        page("/log-in/code", Right.ANYONE, ask_code),
        action("/log-in/code", Right.ANYONE, check_code),
        action("/log-out", Right.ANYONE, log_out),
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
    if not form.validate():
        return visit.again("log_in/log_in.html.j2", form=form)
    email, address = form.email.data or "", visit.visitor.address
    found = await visit.services.log_ins.judge(email, form.password.data or "", address)
    if isinstance(found, Wait):
        return visit.again("log_in/log_in.html.j2", form=form, trouble=too_many(visit, found))
    if found is None:
        entry = AuditEntry(
            action=AuditAction.LOG_IN_FAILED, email=email, target=email, address=address
        )
        await visit.services.audit.record(entry)
        return visit.again("log_in/log_in.html.j2", form=form, failed=True)
    return await come_in(visit, found, form.next.data or HOME)


async def ask_code(visit: Visit) -> Response:
    """Show the form of the second step, between the password and the session."""
    session = visit.visitor.session
    goal = inside(visit.query.get("next", HOME))
    if session is None or session.complete:
        return visit.redirect(goal if session else f"{HOME}/log-in")
    return visit.page("log_in/code.html.j2", form=visit.form(CodeForm, next=goal))


async def check_code(visit: Visit) -> Response:
    """Complete the session when the code is right; it gets a new token."""
    session = visit.visitor.session
    if session is None or session.complete:
        return visit.redirect(HOME if session else f"{HOME}/log-in")
    form = visit.form(CodeForm)
    if not form.validate():
        return visit.again("log_in/code.html.j2", form=form)
    user, services = session.user, visit.services
    proof = await services.log_ins.check_code(user, form.code.data or "", visit.visitor.address)
    if isinstance(proof, Wait):
        return visit.again("log_in/code.html.j2", form=form, trouble=too_many(visit, proof))
    if proof is None:
        await record_for(visit, AuditAction.LOG_IN_FAILED, user, after="second factor")
        complain(form, Fault.CODE)
        return visit.again("log_in/code.html.j2", form=form)
    visitors = visit.templates.visitors
    token = await services.sessions.complete(visit.request.cookies.get(visitors.session_cookie, ""))
    if token is None:
        return visit.redirect(f"{HOME}/log-in")
    if proof is Proof.RECOVERY_CODE:
        await record_for(visit, AuditAction.RECOVERY_CODE_USED, user)
    await arrived(visit, user, session_token=token)
    response = visit.redirect(inside(form.next.data or HOME))
    visitors.remember(response, token)
    return response


async def log_out(visit: Visit) -> Response:
    """End the session, on this browser and in the database."""
    visitors = visit.templates.visitors
    if visit.visitor.session is not None:
        await visit.services.sessions.end(visit.request.cookies.get(visitors.session_cookie, ""))
        await visit.record(AuditAction.LOG_OUT)
    response = visit.redirect(f"{HOME}/log-in", visit.gettext("You are logged out."))
    visitors.forget(response)
    return response
