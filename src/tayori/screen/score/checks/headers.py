"""The header fields that every mail has (RFC 5322 3.6)."""

from collections.abc import Iterable

from tayori.mail.address import AddressError
from tayori.mail.address_list import read_mailboxes
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss


def check_headers(evidence: Evidence) -> Iterable[Loss]:
    """Take points for fields that are absent; a template has none yet."""
    if evidence.mail is None:
        return
    senders = evidence.values.get("from", [])
    if len(senders) != 1 or not _is_one_mailbox(senders[0]):
        yield loss(Check.FROM_INVALID)
    if "to" not in evidence.values:
        yield loss(Check.TO_MISSING)
    if "date" not in evidence.values:
        yield loss(Check.DATE_MISSING)
    if "message-id" not in evidence.values:
        yield loss(Check.MESSAGE_ID_MISSING)


def _is_one_mailbox(value: str) -> bool:
    found = read_mailboxes(value)
    return not isinstance(found, AddressError) and len(found) == 1
