"""Recipients that may not be written to are dropped in the transaction that takes the mail.

They stay in the message as dropped, with the reason, so that its status tells of them. A mail that
has nobody else is refused, and nothing of it stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tayori.db.database import Transaction
from tayori.queue.model import NewMessage, NewRecipient
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.suppress.model import SendStatus, Suppression, Target
from tayori.suppress.store import find_suppressed

_CODES = {
    SendStatus.BLACKLISTED: Code.FAILED_OPERATION__EMAIL_ADDR_IN_BLACKLIST,
    SendStatus.UNSUBSCRIBED: Code.FAILED_OPERATION__RECEIVER_HAS_UNSUBSCRIBED,
}


async def without_suppressed(
    transaction: Transaction, messages: Sequence[NewMessage], now: int
) -> list[NewMessage | Refusal]:
    """Return each message with its suppressed recipients dropped, or the refusal of a whole one."""
    targets = [target for message in messages for target in _targets(message)]
    found = await find_suppressed(transaction, targets, now)
    if not found:
        return list(messages)
    return [_without(message, found) for message in messages]


def _targets(message: NewMessage) -> list[Target]:
    domain = message.from_address.rpartition("@")[2]
    return [Target(message.account_id, domain, _key(recipient)) for recipient in message.recipients]


def _key(recipient: NewRecipient) -> str:
    """Return the address as lists hold it: nobody means another person by another case."""
    return recipient.address.lower()


def _without(message: NewMessage, found: Mapping[Target, Suppression]) -> NewMessage | Refusal:
    reasons = [found.get(target) for target in _targets(message)]
    if all(reasons) and reasons[0] is not None:
        first = reasons[0]
        return refuse(_CODES[first.status], first.reason)
    recipients = tuple(
        recipient if reason is None else _dropped(recipient, reason)
        for recipient, reason in zip(message.recipients, reasons, strict=True)
    )
    return replace(message, recipients=recipients)


def _dropped(recipient: NewRecipient, reason: Suppression) -> NewRecipient:
    return replace(recipient, dropped_status=int(reason.status), dropped_reason=reason.reason)
