"""Counted limits as values. A window is named by its end; a limit of 0 means no limit."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    """What a limit counts."""

    ACCOUNT_DAY = "account/day"
    DOMAIN_DAY = "domain/day"
    DOMAIN_HOUR = "domain/hour"
    """Bulk mails of a domain in a clock hour: its share of the day's quota (spec 4)."""
    PROVIDER_HOUR = "provider/hour"
    """Those of them that go to one receiving provider; the key is "domain>provider"."""
    MAILBOX_HOUR = "mailbox/hour"
    """Mails from one sender to one mailbox; once full it stays shut for an hour (spec 3)."""
    REQUESTS_SECOND = "requests/second"
    """Calls of one action of the API by one account, and mails that it hands in by SMTP."""
    INBOUND_SECOND = "inbound/second"
    """Mails that one client hands in at the inbound listener."""
    LOGIN_USER = "login/user"
    """Failed log-ins by SMTP under a user name."""
    LOGIN_CLIENT = "login/client"
    """The same from a client's address."""
    CONSOLE_USER = "console/user"
    """Failed log-ins to the console under an e-mail address."""
    CONSOLE_CLIENT = "console/client"
    """The same from a client's address; and links for new passwords that it asked for."""
    CONSOLE_LINK = "console/link"
    """Links for new passwords that were asked for under an e-mail address."""


CALENDAR = frozenset({Scope.ACCOUNT_DAY, Scope.DOMAIN_DAY, Scope.DOMAIN_HOUR, Scope.PROVIDER_HOUR})
"""Windows that the calendar begins and ends. Each is counted in a row of its own, so that a mail
that was accepted before midnight counts against its day however late it is committed, and a clock
that is set back finds the counts of the day before again."""


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

    @property
    def counter(self) -> tuple[str, str]:
        """Return scope and key of the row that counts it."""
        if self.scope in CALENDAR:
            return self.scope.value, f"{self.key}@{self.window_ends_at}"
        return self.scope.value, self.key


class Towards(NamedTuple):
    """The receiver's provider, and how many bulk mails of the domain it may get in this hour."""

    provider: str
    limit: int
