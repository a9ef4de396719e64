"""Who may do what: rights, the roles that have them, and the form in which pages state theirs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

from tayori.tenants.users.model import Role

if TYPE_CHECKING:
    from tayori.edge.console.visit import Visit

KIB: Final = 1024
MIB: Final = 1024 * KIB
USUAL_BODY: Final = MIB
"""Octets that a form may have where a page does not say otherwise."""


class Right(StrEnum):
    """What a page or an action needs; every one of them states its right."""

    ANYONE = "anyone"
    """Nothing: log-in, invitations, password resets, the switch of language."""
    SIGNED_IN = "signed_in"
    """A complete log-in, in whatever account: a user's own profile, the choice of account."""
    LOOK = "look"
    """See an account's data."""
    SEND = "send"
    """Send mails and tasks; keep templates and receiver lists."""
    MANAGE = "manage"
    """Change domains, senders, callbacks and blacklists."""
    OWN = "own"
    """Change users, credentials, billing settings and TLS policy."""
    OPERATE = "operate"
    """Run the service: all accounts, reviews, queues, sources."""


_MEMBER: Final = frozenset({Right.LOOK, Right.SEND, Right.MANAGE})
GRANTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.VIEWER: frozenset({Right.LOOK}),
    Role.MEMBER: _MEMBER,
    Role.OWNER: _MEMBER | {Right.OWN},
    Role.OPERATOR: _MEMBER | {Right.OWN},
}
"""What a role may do in the account that was entered. `OPERATE` is the user's, not a role's."""
IN_ACCOUNT: Final = frozenset({Right.LOOK, Right.SEND, Right.MANAGE, Right.OWN})
"""Rights that mean something in an account only."""

Handler = Callable[["Visit"], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One path of the console: `path` below /console, the right it needs, what answers it."""

    path: str
    right: Right
    handler: Handler
    method: str
    largest: int = USUAL_BODY

    @property
    def is_unsafe(self) -> bool:
        """Tell whether it changes something, so that tokens and limits are checked."""
        return self.method == "POST"


def page(path: str, right: Right, handler: Handler) -> Page:
    """Return a page that is looked at (GET); it changes nothing."""
    return Page(path=path, right=right, handler=handler, method="GET")


def action(path: str, right: Right, handler: Handler, *, largest: int = USUAL_BODY) -> Page:
    """Return an action (POST) whose body has at most `largest` octets."""
    return Page(path=path, right=right, handler=handler, method="POST", largest=largest)
