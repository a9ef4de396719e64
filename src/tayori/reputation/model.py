"""Counted limits as values. A window is named by its end; a limit of 0 means no limit."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a limit counts."""

    ACCOUNT_DAY = "account/day"
    DOMAIN_DAY = "domain/day"
    MAILBOX_HOUR = "mailbox/hour"
    """Mails from one sender to one mailbox; once full it stays shut for an hour (spec 3)."""
    REQUESTS_SECOND = "requests/second"
    """Calls of one action of the API by one account, and mails that it hands in by SMTP."""
    LOGIN_USER = "login/user"
    """Failed log-ins by SMTP under a user name."""
    LOGIN_CLIENT = "login/client"
    """The same from a client's address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A wish to count `amount` against a limit in the window that ends at `window_ends_at`.

    `shut_until` is the new end of the window when this claim makes it full; 0 leaves the end.
    """

    scope: Scope
    key: str
    amount: int
    limit: int
    window_ends_at: int
    shut_until: int = 0
