"""Templates: create, show, list, change, delete."""

import base64

from msgspec import field

from tayori.catalog.content import read_content
from tayori.catalog.model import TemplateContent as StoredContent
from tayori.edge.api.actions.paging import check_limit
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Done, Request, Response
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import SECOND
from tayori.screen.desk import why


class TemplateContent(Request, frozen=True):
    """Content in base64 of UTF-8; at least one part is needed."""

    html: str | None = None
    text: str | None = None


class CreateEmailTemplateRequest(Request, frozen=True):
    """A new template."""

    template_name: str
    template_content: TemplateContent


class UpdateEmailTemplateRequest(Request, frozen=True):
    """A template's new name and content."""

    template_content: TemplateContent
    template_id: Count = field(name="TemplateID")
    template_name: str


class TemplateRequest(Request, frozen=True):
    """A template."""

    template_id: Count = field(name="TemplateID")


class ListEmailTemplatesRequest(Request, frozen=True):
    """A page of templates."""

    limit: Count
    offset: Count


class CreateEmailTemplateResponse(Response, frozen=True):
    """The id of the new template."""

    template_id: int = field(name="TemplateID")


class TemplateContentAnswer(Response, frozen=True):
    """Content in base64 of UTF-8, "" for a part that the template does not have."""

    html: str
    text: str


class GetEmailTemplateResponse(Response, frozen=True):
    """A template; the status is 0 approved, 1 in review, 2 refused."""

    template_content: TemplateContentAnswer
    template_status: int
    template_name: str


class TemplatesMetadata(Response, frozen=True):
    """A template in a list; the time is in Unix seconds."""

    created_timestamp: int
    template_name: str
    template_status: int
    template_id: int = field(name="TemplateID")
    review_reason: str


class ListEmailTemplatesResponse(Response, frozen=True):
    """A page of templates, and how many there are."""

    templates_metadata: list[TemplatesMetadata]
    total_count: int


async def create_email_template(
    services: Services, call: Call, request: CreateEmailTemplateRequest
) -> CreateEmailTemplateResponse | Refusal:
    """Make a template and submit it for review."""
    content = read_content(request.template_content.html, request.template_content.text)
    if isinstance(content, Refusal):
        return content
    made = await services.templates.create(call.account.id, request.template_name, content)
    if isinstance(made, Refusal):
        return made
    return CreateEmailTemplateResponse(template_id=made.id)


async def get_email_template(
    services: Services, call: Call, request: TemplateRequest
) -> GetEmailTemplateResponse | Refusal:
    """Show a template with its newest content."""
    found = await services.templates.get(call.account.id, request.template_id)
    if isinstance(found, Refusal):
        return found
    return GetEmailTemplateResponse(
        template_content=content_answer(found.content),
        template_status=int(found.template.status),
        template_name=found.template.name,
    )


async def list_email_templates(
    services: Services, call: Call, request: ListEmailTemplatesRequest
) -> ListEmailTemplatesResponse | Refusal:
    """Return a page of the account's templates, newest first."""
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    page = await services.templates.list(
        call.account.id, offset=request.offset, limit=request.limit
    )
    return ListEmailTemplatesResponse(
        templates_metadata=[
            TemplatesMetadata(
                created_timestamp=template.created_at // SECOND,
                template_name=template.name,
                template_status=int(template.status),
                template_id=template.id,
                review_reason=why(template, call.language),
            )
            for template in page.templates
        ],
        total_count=page.total,
    )


async def update_email_template(
    services: Services, call: Call, request: UpdateEmailTemplateRequest
) -> Done | Refusal:
    """Replace name and content; the template goes back to review."""
    content = read_content(request.template_content.html, request.template_content.text)
    if isinstance(content, Refusal):
        return content
    edited = await services.templates.update(
        call.account.id, request.template_id, request.template_name, content
    )
    return edited if isinstance(edited, Refusal) else Done()


async def delete_email_template(
    services: Services, call: Call, request: TemplateRequest
) -> Done | Refusal:
    """Delete a template; mail that was accepted with it still goes out."""
    return await services.templates.delete(call.account.id, request.template_id) or Done()


def content_answer(content: StoredContent) -> TemplateContentAnswer:
    """Return content as answers carry it."""
    return TemplateContentAnswer(html=_encoded(content.html), text=_encoded(content.text))


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
