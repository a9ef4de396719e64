"""The desk where an operator reviews templates: what waits, until when, what it looks like."""

import re
from typing import Final

from starlette.responses import Response

from tayori.catalog.model import StoredTemplate, TemplateStatus
from tayori.catalog.template_store import Waiting
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import error_text
from tayori.edge.console.keys import read_key
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.previews import framed
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.notices.verdicts import Judge
from tayori.refusal.refusal import Refusal
from tayori.screen.model import Severity
from tayori.screen.reasons import decode_findings, named, sentence

_PLACE: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})\Z")
_STATUSES: Final = {
    "waiting": TemplateStatus.IN_REVIEW,
    "refused": TemplateStatus.REFUSED,
    "approved": TemplateStatus.APPROVED,
}


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/reviews", Right.OPERATE, listing),
        page("/operator/reviews/{id:key}", Right.OPERATE, show),
        page("/operator/reviews/{id:key}/frame", Right.OPERATE, frame),
        action("/operator/reviews/{id:key}/approve", Right.OPERATE, approve),
        action("/operator/reviews/{id:key}/refuse", Right.OPERATE, refuse),
    ]


async def listing(visit: Visit) -> Response:
    """Show templates, those that wait longest first; decided ones newest first."""
    asked = read_list(
        url("/operator/reviews"),
        visit.query,
        sorts=("came",),
        filters={"status": tuple(_STATUSES), "account": None},
    )
    status = _STATUSES.get(asked["status"], TemplateStatus.IN_REVIEW)
    place = _PLACE.match(asked.after)
    account = await _account_id(visit, asked["account"])
    wanted = Waiting(
        status=status,
        account_id=account,
        newest_first=status is not TemplateStatus.IN_REVIEW,
        behind=(int(place[1]), int(place[2])) if place else None,
    )
    found = await visit.services.templates.queue(wanted, asked.limit) if account != 0 else ()
    last = found[asked.rows - 1] if len(found) > asked.rows else None
    key = f"{last.updated_at}.{last.id}" if last else ""
    rows = page_of(asked, found, next_key=key)
    return visit.page(
        "operator_review/list.html.j2",
        page=rows,
        names=await visit.services.accounts.names(each.account_id for each in rows.rows),
        findings={each.id: decode_findings(each.findings) for each in rows.rows},
        now=visit.services.clock.now(),
        business=lambda each: named("business", each.business, visit.language) or each.business,
        waiting=status is TemplateStatus.IN_REVIEW,
    )


async def show(visit: Visit) -> Response:
    """Show a template with its content, what the rules found, and the verdict to be given."""
    found = await visit.services.templates.any(int(visit.path["id"]))
    if isinstance(found, Refusal):
        return visit.not_found()
    return await _page(visit, found)


async def frame(visit: Visit) -> Response:
    """Send the template's HTML for the frame of the page: cleaned, and sandboxed by its policy."""
    found = await visit.services.templates.any(int(visit.path["id"]))
    if isinstance(found, Refusal):
        return visit.not_found()
    return framed(found.content.html, found.content.text, visit.language.value)


async def approve(visit: Visit) -> Response:
    """Approve the version that was shown."""
    number = int(visit.path["id"])
    verdicts = visit.services.verdicts
    done = await verdicts.approve(_judge(visit), number, version=_version(visit))
    if isinstance(done, Refusal):
        return _again(visit, number, done)
    text = visit.gettext("The template %(name)s was approved.", name=done.name)
    return visit.redirect(url("/operator/reviews"), text)


async def refuse(visit: Visit) -> Response:
    """Refuse the version that was shown, with the reason that its owner is told."""
    number, reason = int(visit.path["id"]), visit.posted.get("reason").strip()
    verdicts = visit.services.verdicts
    done = await verdicts.reject(_judge(visit), number, reason, version=_version(visit))
    if isinstance(done, Refusal):
        return _again(visit, number, done)
    text = visit.gettext("The template %(name)s was refused.", name=done.name)
    return visit.redirect(url("/operator/reviews"), text)


async def _page(visit: Visit, found: StoredTemplate) -> Response:
    template = found.template
    findings = [
        (sentence(one, visit.language), one.severity is Severity.REFUSE)
        for one in decode_findings(template.findings)
    ]
    names = await visit.services.accounts.names([template.account_id])
    return visit.page(
        "operator_review/show.html.j2",
        one=template,
        content=found.content,
        findings=findings,
        owner=names.get(template.account_id, ""),
        business=named("business", template.business, visit.language) or template.business,
        waiting=template.status is TemplateStatus.IN_REVIEW,
        refused=template.status is TemplateStatus.REFUSED,
        now=visit.services.clock.now(),
    )


def _again(visit: Visit, number: int, refusal: Refusal) -> Response:
    text = error_text(refusal, visit.language)
    return visit.redirect(url("/operator/reviews", number), text, Tone.DANGER)


def _version(visit: Visit) -> int:
    return read_key(visit.posted.get("version")) or 0


async def _account_id(visit: Visit, text: str) -> int | None:
    """Return whose templates are meant, None for all, 0 for nobody's."""
    if not text:
        return None
    found = await visit.services.accounts.find(text)
    return 0 if isinstance(found, Refusal) else found.id


def _judge(visit: Visit) -> Judge:
    return Judge(user_id=visit.user.id, name=visit.user.email, address=visit.visitor.address)
