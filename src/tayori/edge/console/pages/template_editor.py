"""The editor of templates: by blocks or HTML, with preview, review and score while one writes."""

from collections import defaultdict
from dataclasses import dataclass
from typing import ClassVar, Final

from starlette.responses import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from tayori.catalog.blocks.model import (
    ACCENT,
    MOST_BLOCKS,
    Design,
    Kind,
    decode_design,
    encode_design,
)
from tayori.catalog.blocks.rendering import render
from tayori.catalog.content import MAX_NAME
from tayori.catalog.model import StoredTemplate, Template, TemplateContent, TemplateStatus
from tayori.edge.console.access import MIB, Page, Right, action, page
from tayori.edge.console.block_forms import (
    Named,
    arranged,
    design_of,
    named,
    new_block,
    read_blocks,
)
from tayori.edge.console.drafts import Judgement, judge
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_
from tayori.edge.console.pages.templates import template_of
from tayori.edge.console.previews import filled, framed, names_in
from tayori.edge.console.rendering import url
from tayori.edge.console.samples import samples
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.tenants.users.audit_model import AuditAction

_EXAMPLE: Final = "{{name}}"
_FIRST_URL: Final = defaultdict(str, {Kind.BUTTON: "https://www.example.com/"})
_LARGEST: Final = 4 * MIB
"""A form with a template of the largest size, percent-encoded."""


class TemplateForm(Form):
    """A template as it is written."""

    REFUSALS: ClassVar = {
        "TemplateNameIllegal": "name",
        "TemplateNameIsNULL": "name",
        "TemplateContentIsNULL": "html",
        "TemplateContentIsWrong": "html",
        "TemplateContentToolarge": "html",
    }
    name = StringField(N_("Name"), [InputRequired(), Length(max=MAX_NAME), one_line])
    html = TextAreaField(N_("HTML"))
    text = TextAreaField(N_("Plain text"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is being written: the form, and the template that it changes (None for a new one).

    `blocks` are those of the editor with their names in the form, None while HTML is written.
    """

    form: TemplateForm
    stored: StoredTemplate | None
    blocks: Named | None = None
    accent: str = ACCENT
    lang: str = "en"

    @property
    def content(self) -> TemplateContent:
        """Return what would be saved."""
        if self.blocks is None:
            return TemplateContent(html=self.form.html.data or "", text=self.form.text.data or "")
        design = Design(blocks=tuple(block for _, block in self.blocks), accent=self.accent)
        html, text = render(design, self.lang)
        return TemplateContent(html=html, text=text, blocks=encode_design(design))

    @property
    def name(self) -> str:
        """Return the name that was entered."""
        return self.form.name.data or ""


def routes() -> list[Page]:
    """Return the pages of this area; those with fixed names come before a template's own."""
    return [
        page("/templates/new", Right.SEND, ask_new),
        action("/templates/new", Right.SEND, create, largest=_LARGEST),
        action("/templates/draft", Right.SEND, look_again, largest=_LARGEST),
        action("/templates/check", Right.SEND, check, largest=_LARGEST),
        action("/templates/preview", Right.SEND, preview, largest=_LARGEST),
        page("/templates/{id:key}/edit", Right.SEND, ask_edit),
        action("/templates/{id:key}/edit", Right.SEND, save, largest=_LARGEST),
    ]


async def ask_new(visit: Visit) -> Response:
    """Show the editor with a few blocks to begin with, or for HTML."""
    blocks = None if visit.query.get("editor") == "html" else _first_blocks(visit)
    return _editor(visit, Draft(form=visit.form(TemplateForm), stored=None, blocks=blocks))


async def ask_edit(visit: Visit) -> Response:
    """Open a template in the editor."""
    stored = await template_of(visit)
    if stored is None:
        return visit.not_found()
    form = visit.form(
        TemplateForm,
        name=stored.template.name,
        html=stored.content.html,
        text=stored.content.text,
    )
    design = decode_design(stored.content.blocks)
    if design is None or visit.query.get("editor") == "html":
        return _editor(visit, Draft(form=form, stored=stored))
    draft = Draft(form=form, stored=stored, blocks=named(design), accent=design.accent)
    return _editor(visit, draft)


async def create(visit: Visit) -> Response:
    """Save a new template, which is reviewed at once."""
    draft = _draft(visit, None)
    if not visit.failed(draft.form):
        made = await visit.services.templates.create(visit.account.id, draft.name, draft.content)
        if not isinstance(made, Refusal):
            await visit.record(AuditAction.TEMPLATE_CREATED, made.name, after=str(made.id))
            return _saved(visit, made)
        draft.form.refuse(made)
    return _editor(visit, draft, await _judged(visit, draft), status=422)


async def save(visit: Visit) -> Response:
    """Save a further version of a template, which goes back to review."""
    stored = await template_of(visit)
    if stored is None:
        return visit.not_found()
    draft = _draft(visit, stored)
    if not visit.failed(draft.form):
        edited = await visit.services.templates.update(
            visit.account.id, stored.template.id, draft.name, draft.content
        )
        if not isinstance(edited, Refusal):
            await visit.record(
                AuditAction.TEMPLATE_CHANGED,
                edited.name,
                before=str(stored.template.version),
                after=str(edited.version),
            )
            return _saved(visit, edited)
        draft.form.refuse(edited)
    return _editor(visit, draft, await _judged(visit, draft), status=422)


async def look_again(visit: Visit) -> Response:
    """Show the editor with what was entered and what review and score say of it; saves nothing."""
    draft = await _posted(visit)
    return (
        visit.not_found() if draft is None else _editor(visit, draft, await _judged(visit, draft))
    )


async def check(visit: Visit) -> Response:
    """Answer what review and score say of what was entered, for its place beside the editor."""
    draft = _draft(visit, None)
    return visit.page("template_editor/check.html.j2", judged=await _judged(visit, draft))


async def preview(visit: Visit) -> Response:
    """Answer the frame with what was entered, its variables filled with samples."""
    content = _draft(visit, None).content
    values = samples(names_in(content.html, content.text), visit.language)
    html = filled(content.html, values, html=True)
    return framed(html, filled(content.text, values, html=False), visit.language.value)


async def _posted(visit: Visit) -> Draft | None:
    """Return the draft of a form; None when it is of a template that the account has not."""
    called = visit.posted.get("template")
    if not called:
        return _draft(visit, None)
    found = await visit.services.templates.get(visit.account.id, read_key(called) or 0)
    return None if isinstance(found, Refusal) else _draft(visit, found)


def _draft(visit: Visit, stored: StoredTemplate | None) -> Draft:
    """Return what a form sent, its blocks as they are after the button that was pressed."""
    form = visit.form(TemplateForm)
    lang = visit.language.value
    if visit.posted.get("editor") != "blocks":
        return Draft(form=form, stored=stored, lang=lang)
    blocks = arranged(read_blocks(visit.posted), visit.posted.get("do"))
    accent = design_of(visit.posted, []).accent
    return Draft(form=form, stored=stored, blocks=blocks, accent=accent, lang=lang)


def _first_blocks(visit: Visit) -> Named:
    """Return what a new template begins with."""
    name = _EXAMPLE
    texts = (
        (Kind.HEADING, visit.gettext("Hello %(name)s", name=name)),
        (
            Kind.TEXT,
            visit.gettext("Write here what you want to say. **Two asterisks** make words bold."),
        ),
        (Kind.BUTTON, visit.gettext("Open the page")),
        (
            Kind.FOOTER,
            visit.gettext("You get this mail because you are a customer of our shop."),
        ),
    )
    blocks = tuple(new_block(kind, text, url=_FIRST_URL[kind]) for kind, text in texts)
    return named(Design(blocks=blocks))


async def _judged(visit: Visit, draft: Draft) -> Judgement | None:
    content = draft.content
    if not content.html.strip() and not content.text.strip():
        return None
    return await judge(visit.services.scorer, content, draft.name, visit.language)


def _editor(
    visit: Visit, draft: Draft, judged: Judgement | None = None, *, status: int = 200
) -> Response:
    return visit.page(
        "template_editor/edit.html.j2",
        status=status,
        form=draft.form,
        kept=draft.stored.template if draft.stored else None,
        judged=judged,
        example=_EXAMPLE,
        blocks=draft.blocks,
        accent=draft.accent,
        kinds=list(Kind),
        most_blocks=MOST_BLOCKS,
        has_blocks=bool(draft.stored and draft.stored.content.blocks),
    )


def _saved(visit: Visit, template: Template) -> Response:
    said = {
        TemplateStatus.APPROVED: visit.gettext("The template was saved and is approved."),
        TemplateStatus.IN_REVIEW: visit.gettext(
            "The template was saved. It can be used once an operator has approved it."
        ),
        TemplateStatus.REFUSED: visit.gettext(
            "The template was saved, but the review refused it. The reasons are below."
        ),
    }
    refused = template.status is TemplateStatus.REFUSED
    tone = Tone.WARNING if refused else Tone.SUCCESS
    return visit.redirect(url("/templates", template.id), said[template.status], tone)
