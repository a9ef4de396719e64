"""The desk where templates are reviewed first: rules decide, and say what persons are to look at.

In every mode a template that breaks a rule is refused at once, with all its reasons. What is left
is approved (`auto`), shown to an operator (`manual`), or shown only when something about it is
doubtful or the account has never marketed before (`mixed`).
"""

import asyncio
from datetime import date, tzinfo

from tayori.catalog.model import FirstReview, Template, TemplateContent, TemplateStatus
from tayori.config.screening import Review as ReviewSettings
from tayori.refusal.table import Language
from tayori.runtime.clock import Clock
from tayori.screen.due import BusinessDays
from tayori.screen.model import Business, Review
from tayori.screen.reasons import decode_findings, encode_findings, sentence
from tayori.screen.review import Reviewer

_LARGE = 32_768
"""Characters above which reading would hold up everything else in this process."""


class ReviewDesk:
    """Reviews templates by rules and the service's settings."""

    def __init__(
        self, reviewer: Reviewer, settings: ReviewSettings, clock: Clock, zone: tzinfo
    ) -> None:
        self._reviewer = reviewer
        self._settings = settings
        self._clock = clock
        self._calendar = BusinessDays(
            zone=zone,
            holidays=frozenset(map(date.fromisoformat, settings.holidays)),
            extra_workdays=frozenset(map(date.fromisoformat, settings.extra_workdays)),
        )

    async def first_review(self, name: str, content: TemplateContent, usual: str) -> FirstReview:
        """Return what the rules decide; see `catalog.templates.FirstReviewer`."""
        self._reviewer.refresh()
        review = await self._look(name, content, Business(usual) if usual else None)
        status = self._status(review, usual)
        waits = status is TemplateStatus.IN_REVIEW
        days = self._settings.due_business_days
        return FirstReview(
            status=status,
            business=review.business.value,
            findings=encode_findings(review.findings),
            due_at=self._calendar.due(self._clock.now(), days) if waits else None,
        )

    async def _look(self, name: str, content: TemplateContent, usual: Business | None) -> Review:
        if len(content.html) + len(content.text) < _LARGE:
            return self._reviewer.review(content.html, content.text, name=name, usual=usual)
        return await asyncio.to_thread(
            self._reviewer.review, content.html, content.text, name=name, usual=usual
        )

    def _status(self, review: Review, usual: str) -> TemplateStatus:
        if review.refused:
            return TemplateStatus.REFUSED
        if self._settings.mode == "auto":
            return TemplateStatus.APPROVED
        first_marketing = review.business is Business.MARKETING and not usual
        person = self._settings.mode == "manual" or review.doubtful or first_marketing
        return TemplateStatus.IN_REVIEW if person else TemplateStatus.APPROVED


def why(template: Template, language: Language) -> str:
    """Return why a template is not approved, or "": an operator's words, else all the rules'."""
    if template.status is TemplateStatus.APPROVED:
        return ""
    if template.review_reason:
        return template.review_reason
    return " ".join(sentence(finding, language) for finding in decode_findings(template.findings))
