"""Decisions about templates as events, written in the transaction that makes them."""

from tayori.catalog.model import Template, TemplateStatus
from tayori.db.database import Transaction
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.screen.reasons import decode_findings

_KINDS = {
    TemplateStatus.APPROVED: EventKind.TEMPLATE_APPROVED,
    TemplateStatus.REFUSED: EventKind.TEMPLATE_REJECTED,
}


async def record_decision(transaction: Transaction, template: Template, at: int) -> None:
    """Record that a template was approved or refused at `at`; one that waits has no event.

    `data` has template, name, version, and why: `reason` in an operator's words, `rules` by name.
    """
    kind = _KINDS.get(template.status)
    if kind is None:
        return
    refused = kind is EventKind.TEMPLATE_REJECTED
    rules = dict.fromkeys(one.reason.value for one in decode_findings(template.findings))
    data: dict[str, str | int] = {
        "template": template.id,
        "name": template.name,
        "version": template.version,
    }
    if refused and template.review_reason:
        data["reason"] = template.review_reason
    elif refused:
        data["rules"] = ", ".join(rules)
    event = Event(at=at, account_id=template.account_id, kind=kind, data=data)
    await record(transaction, [event])
