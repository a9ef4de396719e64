"""The JSON of a call (wire facts 2): one event, all fields at the top level. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tayori.events.model import MACHINE, EventKind, reason_of
from tayori.mail.encoded_word import encode_words
from tayori.runtime.clock import SECOND

EVENT_IDS: Final = {
    EventKind.DELIVERED: 1,
    EventKind.DROPPED: 2,
    EventKind.BOUNCE: 3,
    EventKind.OPEN: 4,
    EventKind.CLICK: 5,
    EventKind.SPAMREPORT: 6,
    EventKind.UNSUBSCRIBE: 7,
    EventKind.DEFERRED: 8,
}
"""The kinds that callbacks tell of, with their numbers."""
_SOFT: Final = frozenset(
    {
        *("mailbox_full", "system", "expired", "network", "loop", "too_large", "protocol", "tls"),
        # These were about us or the mail: customers who drop addresses after a hard bounce must
        # not drop these.
        *("rate_limited", "greylisted", "reputation", "content", "authentication", "policy"),
    }
)
_LONGEST_REASON: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An event with what the call says about its message and recipient."""

    kind: EventKind
    at: int
    email: str
    public_id: str
    app_id: int
    from_address: str
    subject: str
    rfc_message_id: str
    accepted_at: int
    template_id: int | None = None
    task_id: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


def body_of(fact: Fact) -> str:
    """Return the call's body; only those with `tayori_` are additions to the original's fields."""
    data = fact.data
    told: dict[str, Any] = {
        "event": fact.kind.value,
        "eventid": EVENT_IDS[fact.kind],
        "email": fact.email,
        "bulkId": fact.public_id,
        "timestamp": fact.at // SECOND,
        "reason": reason_of(data).english[:_LONGEST_REASON],
        "bounceType": _bounce_type(fact),
        "username": str(fact.app_id),
        "from": fact.from_address,
        "fromDomain": fact.from_address.rpartition("@")[2],
        "templateId": fact.template_id or 0,
        "subject": _as_in_mail(fact.subject),
        "messageId": fact.rfc_message_id.strip("<>"),
        "sentTimestamp": fact.accepted_at // SECOND,
    }
    if fact.task_id is not None:
        told["taskId"] = fact.task_id
    if fact.kind in {EventKind.OPEN, EventKind.CLICK}:
        told["useragent"] = str(data.get("useragent", ""))
    if fact.kind is EventKind.CLICK:
        told["link"] = str(data.get("link", ""))
    if data.get("class"):
        told["tayori_class"] = data["class"]
    if data.get(MACHINE):
        told["tayori_machine"] = data[MACHINE]
    # Custom headers may not stand in for a field of the call, whatever they are named.
    return msgspec.json.encode({**fact.headers, **told}).decode()


def _bounce_type(fact: Fact) -> str:
    if fact.kind is not EventKind.BOUNCE:
        return ""
    return "soft_bounce" if fact.data.get("class") in _SOFT else "hard_bounce"


def _as_in_mail(subject: str) -> str:
    if subject.isascii():
        return subject
    return b" ".join(encode_words(subject)).decode("ascii")
