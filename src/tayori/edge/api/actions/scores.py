"""The quality score: of a template, of a mail, and of a mail that is sent to a one-time address.

These actions are ours, beside those of the original; official SDKs make them with their common
client. Each costs nothing and sends nothing.
"""

import base64
import binascii
from collections.abc import Mapping

from msgspec import field

from tayori.catalog.model import TemplateContent
from tayori.catalog.values import read_texts
from tayori.catalog.variables import MissingVariable, VariableFault, split_variables
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Request, Response
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say
from tayori.refusal.table import Language
from tayori.runtime.clock import SECOND
from tayori.screen.model import Business
from tayori.screen.score.address import ScoreAddress, Stage
from tayori.screen.score.grade import explain
from tayori.screen.score.model import RECOMMENDED, Score

_STATUS = {Stage.WAITING: 0, Stage.SCORED: 1, Stage.EXPIRED: 2}


class ScoreEmailTemplateRequest(Request, frozen=True):
    """The score of a template, with values for its variables or as it is."""

    template_id: Count = field(name="TemplateID")
    template_data: str | None = None


class ScoreEmailRequest(Request, frozen=True):
    """The score of a whole mail, as it would be sent or was received (.eml)."""

    content: str


class CreateScoreAddressRequest(Request, frozen=True):
    """A one-time address; the mail that is sent to it is scored as it arrives."""


class GetScoreAddressRequest(Request, frozen=True):
    """A one-time address with the score of its mail; Status is 0 waiting, 1 scored, 2 expired."""

    score_id: Count


class ScoreLoss(Response, frozen=True):
    """What costs points."""

    check: str
    points: float
    finding: str
    why: str
    mend: str


class ScoreAnswer(Response, frozen=True):
    """A score; sentences are in the language of the call."""

    score: float
    recommended: float
    business: str
    losses: list[ScoreLoss]


class ScoreFact(Response, frozen=True):
    """Something about how a mail came."""

    name: str
    value: str


class ScoreAddressAnswer(Response, frozen=True):
    """A one-time address; times are in Unix seconds, 0 for what has not happened."""

    score_id: int
    address: str
    status: int
    created_timestamp: int
    expired_timestamp: int
    scored_timestamp: int
    mail_from: str
    subject: str
    facts: list[ScoreFact]
    result: ScoreAnswer | None


async def score_email_template(
    services: Services, call: Call, request: ScoreEmailTemplateRequest
) -> ScoreAnswer | Refusal:
    """Score the newest version of a template of the account."""
    stored = await services.templates.get(call.account.id, request.template_id)
    if isinstance(stored, Refusal):
        return stored
    content = stored.content
    if request.template_data is not None:
        filled = _filled(content, request.template_data)
        if isinstance(filled, Refusal):
            return filled
        content = filled
    found = await services.scorer.content(content.html, content.text, name=stored.template.name)
    return _answer(found.score, found.evidence.review.business, call.language)


async def score_email(
    services: Services, call: Call, request: ScoreEmailRequest
) -> ScoreAnswer | Refusal:
    """Score a mail as it lies in a file."""
    try:
        raw = base64.b64decode("".join(request.content.split()), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not raw:
        told = say("Content is a whole mail in base64.")
        return refuse(Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG, told)
    found = await services.scorer.mail(raw)
    return _answer(found.score, found.evidence.review.business, call.language)


async def create_score_address(
    services: Services, call: Call, request: CreateScoreAddressRequest
) -> ScoreAddressAnswer | Refusal:
    """Make a one-time address."""
    _ = request
    made = await services.score_addresses.create(call.account.id)
    return made if isinstance(made, Refusal) else _address(made, call)


async def get_score_address(
    services: Services, call: Call, request: GetScoreAddressRequest
) -> ScoreAddressAnswer | Refusal:
    """Show a one-time address of the account, and the score of its mail if that came."""
    found = await services.score_addresses.get(call.account.id, request.score_id)
    return found if isinstance(found, Refusal) else _address(found, call)


def _filled(content: TemplateContent, data: str) -> TemplateContent | Refusal:
    values = read_texts(data)
    if isinstance(values, Saying):
        return refuse(Code.FAILED_OPERATION__WRONG_CONTENT_JSON, values)
    html = _part(content.html, values, escape=True)
    text = _part(content.text, values, escape=False)
    if isinstance(html, Refusal):
        return html
    return text if isinstance(text, Refusal) else TemplateContent(html=html, text=text)


def _part(text: str, values: Mapping[str, str], *, escape: bool) -> str | Refusal:
    split = split_variables(text)
    if isinstance(split, VariableFault):
        # A stored template has none; one from before the rule is scored as it stands.
        return text
    filled = split.fill(values, escape=escape)
    if isinstance(filled, MissingVariable):
        told = say("TemplateData has no value for {name}.", name=filled.name)
        return refuse(Code.FAILED_OPERATION__WRONG_CONTENT_JSON, told)
    return filled


def _answer(score: Score, business: Business, language: Language) -> ScoreAnswer:
    return ScoreAnswer(
        score=score.points,
        recommended=RECOMMENDED,
        business=business.value,
        losses=[
            ScoreLoss(
                check=one.check.value,
                points=one.points,
                finding=one.finding,
                why=one.why,
                mend=one.mend,
            )
            for one in (explain(each, language) for each in score.losses)
        ],
    )


def _address(found: ScoreAddress, call: Call) -> ScoreAddressAnswer:
    mail = found.mail
    facts = {} if mail is None else mail.facts
    return ScoreAddressAnswer(
        score_id=found.id,
        address=found.address,
        status=_STATUS[found.stage(call.now)],
        created_timestamp=found.created_at // SECOND,
        expired_timestamp=found.expires_at // SECOND,
        scored_timestamp=0 if mail is None else mail.scored_at // SECOND,
        mail_from="" if mail is None else mail.header_from,
        subject="" if mail is None else mail.subject,
        facts=[ScoreFact(name=name, value=value) for name, value in facts.items()],
        result=None if mail is None else _answer(mail.score, mail.business, call.language),
    )
