"""A template while it is written: what review and score would say of it, before it is saved."""

from collections.abc import Sequence
from dataclasses import dataclass

from tayori.catalog.content import check_content
from tayori.catalog.model import Template, TemplateContent, TemplateStatus
from tayori.edge.console.previews import names_in
from tayori.edge.console.samples import samples
from tayori.inbound.scoring import Scorer
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language
from tayori.screen.model import Severity
from tayori.screen.reasons import decode_findings, sentence
from tayori.screen.score.grade import Explained, explain
from tayori.screen.score.model import BEST, RECOMMENDED, Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is told about content: why it cannot be saved, or its score and what review finds.

    `refusing` are sentences about what is refused, `doubtful` about what a person would look at.
    """

    refusal: Refusal | None
    score: Score | None = None
    losses: Sequence[Explained] = ()
    refusing: Sequence[str] = ()
    doubtful: Sequence[str] = ()
    business: str = ""
    size: int = 0
    variables: tuple[tuple[str, str], ...] = ()
    best: float = BEST
    recommended: float = RECOMMENDED


async def judge(
    scorer: Scorer, content: TemplateContent, name: str, language: Language
) -> Judgement:
    """Look at content as the review and the score do; changes nothing."""
    variables = tuple(samples(names_in(content.html, content.text), language).items())
    refusal = check_content(content)
    if refusal is not None:
        return Judgement(refusal=refusal, variables=variables)
    found = await scorer.content(content.html, content.text, name=name)
    findings = found.evidence.review.findings
    said = [(one.severity, sentence(one, language)) for one in findings]
    return Judgement(
        refusal=None,
        score=found.score,
        losses=[explain(one, language) for one in found.score.losses],
        refusing=[text for severity, text in said if severity is Severity.REFUSE],
        doubtful=[text for severity, text in said if severity is Severity.PERSON],
        business=found.evidence.review.business.value,
        size=found.evidence.octets,
        variables=variables,
    )


def reasons_of(template: Template, language: Language) -> list[str]:
    """Return why a template is not approved: an operator's words, else those of the rules."""
    if template.status is TemplateStatus.APPROVED:
        return []
    if template.review_reason:
        return [template.review_reason]
    return [sentence(finding, language) for finding in decode_findings(template.findings)]
