"""The choice of the account to work in: one's own memberships, or any for an operator."""

from dataclasses import dataclass

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.keys import read_key
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.pages.people import ROLE_NAMES
from tayori.edge.console.visit import HOME, Visit
from tayori.refusal.refusal import Refusal
from tayori.tenants.model import Account
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.model import Role


@dataclass(frozen=True, slots=True)
class Choice:
    """An account that can be entered, and what the user is there."""

    account: Account
    role: Role

    @property
    def role_name(self) -> str:
        """Return the role's name, to be translated."""
        return ROLE_NAMES[self.role]


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/accounts", Right.SIGNED_IN, choose),
        action("/accounts/enter", Right.SIGNED_IN, enter),
    ]


async def choose(visit: Visit) -> Response:
    """Show the accounts that can be entered, found by a part of their name."""
    asked = read_list(visit.request.url.path, visit.query, sorts=("name",), filters={"q": None})
    wanted = asked["q"].casefold()
    found = [each for each in await choices(visit) if wanted in each.account.name.casefold()]
    found.sort(key=lambda each: each.account.name.casefold(), reverse=asked.descending)
    rows = found[asked.offset : asked.offset + asked.limit]
    return visit.page("accounts/choose.html.j2", page=page_of(asked, rows, len(found)))


async def enter(visit: Visit) -> Response:
    """Work in another account from now on; the session gets a new token, since rights change."""
    text = visit.posted.get("account")
    token = visit.request.cookies.get(visit.templates.visitors.session_cookie, "")
    session = visit.visitor.session
    number = read_key(text)
    if session is None or number is None:
        return visit.not_found()
    account = await visit.services.accounts.get(number)
    if isinstance(account, Refusal):
        return visit.not_found()
    role = await visit.services.sessions.enter(session, account.id)
    if role is None:
        return visit.not_found()
    entered = AuditAction.ACCOUNT_ENTERED
    await visit.record(entered, account.name, after=role.value, of=account)
    response = visit.redirect(HOME)
    rotated = await visit.services.sessions.rotate(token)
    if rotated is not None:
        visit.templates.visitors.remember(response, rotated)
    return response


async def choices(visit: Visit) -> list[Choice]:
    """Return the accounts that the user may enter."""
    if visit.user.operator:
        return [Choice(each, Role.OPERATOR) for each in await visit.services.accounts.list()]
    roles = await visit.services.users.memberships(visit.user.id)
    found = []
    for account_id, role in roles.items():
        account = await visit.services.accounts.get(account_id)
        if not isinstance(account, Refusal):
            found.append(Choice(account, role))
    return found
