"""The review of templates by an operator's own tools; only credentials of scope `review` may.

These actions are ours, beside those of the original. They see the templates of all accounts, which
is why no other scope, `full` included, is enough for them.
"""

import re
from typing import Annotated, Final

from msgspec import Meta, field

from tayori.catalog.model import Template, TemplateStatus
from tayori.catalog.template_store import Waiting
from tayori.edge.api.actions.paging import check_limit
from tayori.edge.api.actions.services import Services
from tayori.edge.api.actions.templates import (
    TemplateContentAnswer,
    TemplateRequest,
    content_answer,
)
from tayori.edge.api.call import Call, Count, Request, Response
from tayori.notices.verdicts import Judge
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.refusal.table import Language
from tayori.runtime.clock import SECOND
from tayori.screen.reasons import decode_findings, sentence

_POSITION: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,18})")
Status = Annotated[int, Meta(ge=0, le=2)]


class ListEmailTemplateReviewsRequest(Request, frozen=True):
    """A page of the templates of all accounts, those that wait longest first."""

    limit: Count
    template_status: Status = TemplateStatus.IN_REVIEW.value
    position: str = ""


class GetEmailTemplateReviewRequest(TemplateRequest, frozen=True):
    """A template of any account, with its content and what the rules of review found."""


class ApproveEmailTemplateRequest(Request, frozen=True):
    """An approval of the version that was looked at."""

    template_id: Count = field(name="TemplateID")
    version: Count


class RejectEmailTemplateRequest(Request, frozen=True):
    """A refusal of the version that was looked at, with the reason that its owner is told."""

    template_id: Count = field(name="TemplateID")
    version: Count
    reason: str


class ReviewFinding(Response, frozen=True):
    """What a rule found."""

    severity: str
    sentence: str


class TemplateReview(Response, frozen=True):
    """Where a template stands in review; times are in Unix seconds, 0 for none."""

    template_id: int = field(name="TemplateID")
    template_name: str
    account_id: int
    version: int
    template_status: int
    business: str
    review_reason: str
    findings: list[ReviewFinding]
    due_timestamp: int
    updated_timestamp: int


class ListEmailTemplateReviewsResponse(Response, frozen=True):
    """A page of templates; `next_position` is "" on the last one."""

    reviews: list[TemplateReview]
    next_position: str


class GetEmailTemplateReviewResponse(Response, frozen=True):
    """A template with all that a verdict needs."""

    review: TemplateReview
    template_content: TemplateContentAnswer


class VerdictResponse(Response, frozen=True):
    """The template as it stands after the verdict."""

    review: TemplateReview


async def list_email_template_reviews(
    services: Services, call: Call, request: ListEmailTemplateReviewsRequest
) -> ListEmailTemplateReviewsResponse | Refusal:
    """Show templates in a status: waiting ones oldest first, decided ones newest first."""
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    place = _POSITION.fullmatch(request.position)
    if request.position and place is None:
        told = say("It is the NextPosition of the page before, or left out.")
        return refuse(Code.INVALID_PARAMETER_VALUE, told, parameter="Position")
    status = TemplateStatus(request.template_status)
    wanted = Waiting(
        status=status,
        newest_first=status is not TemplateStatus.IN_REVIEW,
        behind=(int(place[1]), int(place[2])) if place else None,
    )
    found = await services.templates.queue(wanted, request.limit + 1)
    shown = found[: request.limit]
    more = shown and len(found) > len(shown)
    return ListEmailTemplateReviewsResponse(
        reviews=[_review(each, call.language) for each in shown],
        next_position=f"{shown[-1].updated_at}.{shown[-1].id}" if more else "",
    )


async def get_email_template_review(
    services: Services, call: Call, request: GetEmailTemplateReviewRequest
) -> GetEmailTemplateReviewResponse | Refusal:
    """Show a template of any account with its newest content."""
    found = await services.templates.any(request.template_id)
    if isinstance(found, Refusal):
        return found
    return GetEmailTemplateReviewResponse(
        review=_review(found.template, call.language),
        template_content=content_answer(found.content),
    )


async def approve_email_template(
    services: Services, call: Call, request: ApproveEmailTemplateRequest
) -> VerdictResponse | Refusal:
    """Approve the version that was looked at; its owner hears of it."""
    decided = await services.verdicts.approve(
        _judge(call), request.template_id, version=request.version
    )
    return _verdict(decided, call)


async def reject_email_template(
    services: Services, call: Call, request: RejectEmailTemplateRequest
) -> VerdictResponse | Refusal:
    """Refuse the version that was looked at; its owner is told the reason."""
    decided = await services.verdicts.reject(
        _judge(call), request.template_id, request.reason, version=request.version
    )
    return _verdict(decided, call)


def _judge(call: Call) -> Judge:
    return Judge(name=call.credential.secret_id, address=call.source)


def _verdict(decided: Template | Refusal, call: Call) -> VerdictResponse | Refusal:
    if isinstance(decided, Refusal):
        return decided
    return VerdictResponse(review=_review(decided, call.language))


def _review(template: Template, language: Language) -> TemplateReview:
    return TemplateReview(
        template_id=template.id,
        template_name=template.name,
        account_id=template.account_id,
        version=template.version,
        template_status=int(template.status),
        business=template.business,
        review_reason=template.review_reason,
        findings=[
            ReviewFinding(severity=one.severity.value, sentence=sentence(one, language))
            for one in decode_findings(template.findings)
        ],
        due_timestamp=(template.due_at or 0) // SECOND,
        updated_timestamp=template.updated_at // SECOND,
    )
