"""What keeps a mail from an address. Times are milliseconds since the Unix epoch."""

from dataclasses import dataclass
from enum import IntEnum

from tayori.refusal.saying import Saying, say

BLOCKED_MS = 14 * 24 * 3600 * 1000
"""How long an address that refused as unknown is blocked for all accounts (spec 7)."""


FULL_DAYS = 3
"""On so many days, one after the other, a mailbox has to be full until its address is blocked."""
FULL_FORGOTTEN_MS = 30 * 24 * 3600 * 1000
"""A mailbox that was not full for so long begins anew."""


BY_OPERATOR = say("Added by the operator.")
"""The reason of an entry for which an operator gave none."""


class SendStatus(IntEnum):
    """Our result for a recipient that we did not send to, as GetSendEmailStatus tells it."""

    BLACKLISTED = 1007
    UNSUBSCRIBED = 1013


@dataclass(frozen=True, slots=True)
class Target:
    """A mail that is about to go from a sender domain of an account to an address."""

    account_id: int
    domain: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Why a target is not written to, as a status and a sentence."""

    status: SendStatus
    reason: Saying


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """An address on the shared blacklist, and whose mail put it there."""

    address: str
    account_id: int
    at: int
    expires_at: int
    reason: str
    message_id: int | None = None
    """The mail that was refused; None when an operator put the address there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEntry:
    """An address on an account's own blacklist; None as the end means for ever."""

    id: int
    address: str
    created_at: int
    expires_at: int | None

    def active(self, now: int) -> bool:
        """Tell whether it still blocks."""
        return self.expires_at is None or self.expires_at > now


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What came of adding many addresses, each counted once: under the first that applies."""

    total: int
    valid: int
    too_long: int
    repeated: int
    invalid: int
