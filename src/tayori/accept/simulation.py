"""Recipients at the simulator's domain: they count against nothing, and one is blacklisted."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tayori.queue.model import NewRecipient
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say
from tayori.suppress.model import SendStatus

BLACKLISTED: Final = "blacklisted"


def with_simulated(recipients: Sequence[NewRecipient], domain: str) -> tuple[NewRecipient, ...]:
    """Return the recipients, those of the simulator marked; domain "" means there is none."""
    if not domain or all(one.domain != domain for one in recipients):
        return tuple(recipients)
    return tuple(_simulated(one) if one.domain == domain else one for one in recipients)


def nobody_left(recipients: Sequence[NewRecipient]) -> Refusal | None:
    """Return the refusal of a mail whose recipients were all dropped here."""
    if all(one.dropped_status for one in recipients):
        return refuse(
            Code.FAILED_OPERATION__EMAIL_ADDR_IN_BLACKLIST, _blacklisted(recipients[0].address)
        )
    return None


def _simulated(recipient: NewRecipient) -> NewRecipient:
    marked = replace(recipient, simulated=True)
    if recipient.address.lower().partition("@")[0].partition("+")[0] != BLACKLISTED:
        return marked
    reason = _blacklisted(recipient.address)
    return replace(marked, dropped_status=int(SendStatus.BLACKLISTED), dropped_reason=reason)


def _blacklisted(address: str) -> Saying:
    return say("{address} is blacklisted by the mailbox simulator.", address=address)
