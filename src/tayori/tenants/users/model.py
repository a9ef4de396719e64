"""Users of the console, their roles and their sessions, as values.

Secrets (hashes of passwords, tokens, secrets of the second factor) are no part of these values, so
a page cannot show them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LANGUAGES: Final = ("en", "ja", "zh")


class Role(StrEnum):
    """What somebody is in an account; the operator is a flag of the user, in every account."""

    OPERATOR = "operator"
    OWNER = "owner"
    MEMBER = "member"
    VIEWER = "viewer"


MEMBER_ROLES: Final = (Role.OWNER, Role.MEMBER, Role.VIEWER)
"""What a membership can be, most rights first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who may log in. `second_factor` tells whether a code is asked for, too.

    `language` is one of `LANGUAGES`, `zone` an IANA name. `has_password` is False until the
    invitation is accepted.
    """

    id: int
    email: str
    name: str
    language: str
    zone: str
    operator: bool
    created_at: int
    suspended_at: int | None = None
    second_factor: bool = False
    has_password: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user in an account."""

    user: User
    account_id: int
    role: Role
    since: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A log-in. `complete` is False while the second factor is due.

    `account_id` is the account that was entered, `role` what the user is there now; both are None
    before one is entered, and after the membership has ended. `csrf` is what each form carries.
    """

    id: int
    user: User
    account_id: int | None
    role: Role | None
    csrf: str
    complete: bool
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    agent: str


class LinkKind(StrEnum):
    """What a link that was sent to somebody is good for."""

    INVITATION = "invitation"
    RESET = "reset"
    FIRST_OPERATOR = "first_operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link that works once, until `expires_at`.

    An invitation is to an account in a role, or as operator. `email` is "" in the invitation of
    the first operator, who writes it when accepting. `invited_by` is "" for the command.
    """

    id: int
    kind: LinkKind
    email: str
    operator: bool
    account_id: int | None
    role: Role | None
    language: str
    invited_by: str
    created_at: int
    expires_at: int
