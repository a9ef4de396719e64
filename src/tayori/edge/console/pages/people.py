"""What the pages about people share: words for what is refused, roles and zones, and sessions."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import available_timezones

from starlette.responses import Response

from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_
from tayori.edge.console.log_ins import Wait
from tayori.edge.console.visit import HOME, Visit, inside
from tayori.tenants.users.audit_model import AuditAction, AuditEntry
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import MEMBER_ROLES, Role, User

FAULTS: Final[Mapping[Fault, str]] = {
    Fault.EMAIL: N_("This is no e-mail address. Write one like name@example.com."),
    Fault.EMAIL_TAKEN: N_("There is a user with this e-mail address already."),
    Fault.NAME: N_("A name has 1 to 100 characters, none of them a control character."),
    Fault.LANGUAGE: N_("The console speaks en, ja and zh."),
    Fault.ZONE: N_("This is no time zone. Choose one like Asia/Tokyo."),
    Fault.NO_USER: N_("There is no such user."),
    Fault.NO_ACCOUNT: N_("There is no such account."),
    Fault.NO_MEMBER: N_("This user does not belong to the account."),
    Fault.MEMBER_ALREADY: N_("This user belongs to the account already. Change the role instead."),
    Fault.LAST_OWNER: N_("An account keeps at least one owner. Make somebody else owner first."),
    Fault.LAST_OPERATOR: N_("The service keeps at least one operator. Make another one first."),
    Fault.SUSPENDED: N_("This user is suspended."),
    Fault.PASSWORD_SHORT: N_("A password has at least 12 characters. A sentence is a good one."),
    Fault.PASSWORD_LONG: N_("A password has at most 200 characters."),
    Fault.PASSWORD_USUAL: N_(
        "This password is one of the first that are tried. Choose another one."
    ),
    Fault.PASSWORD_PERSONAL: N_("A password must not be made of the name or the e-mail address."),
    Fault.PASSWORD_WRONG: N_("This is not the present password."),
    Fault.LINK: N_("This link has been used, has expired or is not complete. Ask for a new one."),
    Fault.CODE: N_("This code is wrong, or has been used. Wait for the next one and try again."),
    Fault.SECOND_FACTOR_ON: N_("The second factor is on already."),
    Fault.SECOND_FACTOR_OFF: N_("The second factor is not on."),
}
"""The sentences of faults once more, where the catalogues find them; a test compares the two."""
FIELDS: Final = {
    Fault.EMAIL: "email",
    Fault.EMAIL_TAKEN: "email",
    Fault.MEMBER_ALREADY: "email",
    Fault.NAME: "name",
    Fault.ZONE: "zone",
    Fault.LANGUAGE: "language",
    Fault.PASSWORD_SHORT: "password",
    Fault.PASSWORD_LONG: "password",
    Fault.PASSWORD_USUAL: "password",
    Fault.PASSWORD_PERSONAL: "password",
    Fault.PASSWORD_WRONG: "present",
    Fault.CODE: "code",
}
"""The field at which a fault is shown."""
ROLE_NAMES: Final = {
    Role.OWNER: N_("Owner"),
    Role.MEMBER: N_("Member"),
    Role.VIEWER: N_("Viewer"),
    Role.OPERATOR: N_("Operator"),
}
ROLE_HELP: Final = {
    Role.OWNER: N_("everything, users and credentials included"),
    Role.MEMBER: N_("send, and keep domains, senders, templates and lists"),
    Role.VIEWER: N_("look at everything, change nothing"),
}


def complain(form: Form, fault: Fault) -> None:
    """Show a fault at its field, or above the form."""
    name = FIELDS.get(fault, "")
    if name in form:
        errors: list[Any] = [*form[name].errors, FAULTS[fault]]
        form[name].errors = errors
    else:
        form.troubles.append(FAULTS[fault])


def too_many(visit: Visit, wait: Wait) -> str:
    """Return the sentence for somebody who tried too often."""
    return visit.ngettext(
        "Too many attempts. Try again in %(number)s second.",
        "Too many attempts. Try again in %(number)s seconds.",
        wait.seconds,
    )


def role_choices(visit: Visit) -> dict[str, str]:
    """Return roles as choices of a form, in the visitor's language."""
    return {
        role.value: f"{visit.gettext(ROLE_NAMES[role])}: {visit.gettext(ROLE_HELP[role])}"
        for role in MEMBER_ROLES
    }


@cache
def zones() -> dict[str, str]:
    """Return the time zones to choose from, as choices of a form: places, and UTC."""
    places = {name for name in available_timezones() if "/" in name}
    names = sorted(name for name in places if not name.startswith(("Etc/", "posix/")))
    return {name: name.replace("_", " ") for name in ("UTC", *names)}


async def come_in(visit: Visit, user: User, goal: str = HOME) -> Response:
    """Begin a session for somebody who has just shown who it is, under a token nobody saw before.

    What the browser had before is ended. With a second factor the way leads to its page first.
    """
    services, visitors = visit.services, visit.templates.visitors
    await services.sessions.end(visit.request.cookies.get(visitors.session_cookie, ""))
    agent = visit.request.headers.get("user-agent", "")
    token, session = await services.sessions.begin(user, address=visit.visitor.address, agent=agent)
    if session.complete:
        await arrived(visit, user, session_token=token)
        response = visit.redirect(inside(goal))
    else:
        response = visit.redirect(f"{HOME}/log-in/code?{_query(goal)}")
    visitors.remember(response, token)
    return response


async def arrived(visit: Visit, user: User, *, session_token: str) -> None:
    """Enter the only account of a user who is logged in now, and write the log-in down."""
    services = visit.services
    session = await services.sessions.find(session_token)
    roles = await services.users.memberships(user.id)
    only = next(iter(roles)) if len(roles) == 1 else None
    if session is not None and only is not None and not user.operator:
        await services.sessions.enter(session, only)
    await record_for(visit, AuditAction.LOG_IN, user, account_id=only)


async def record_for(
    visit: Visit,
    action: AuditAction,
    user: User,
    *,
    account_id: int | None = None,
    after: str = "",
) -> None:
    """Write down what somebody did who has no session yet."""
    await visit.services.audit.record(
        AuditEntry(
            action=action,
            user_id=user.id,
            email=user.email,
            account_id=account_id,
            target=user.email,
            after=after,
            address=visit.visitor.address,
        )
    )


def _query(goal: str) -> str:
    return urlencode({"next": inside(goal)})
