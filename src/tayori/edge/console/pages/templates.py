"""Templates: the list, one with its review and versions, and what is done to it."""

from collections.abc import Mapping
from typing import ClassVar, Final

from starlette.responses import Response
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired

from tayori.accept.submission import Source, Submission
from tayori.catalog.model import StoredTemplate, TemplateContent, TemplateStatus
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.drafts import judge, reasons_of
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.outgoing import senders_of
from tayori.edge.console.previews import filled, framed, names_in
from tayori.edge.console.rendering import url
from tayori.edge.console.samples import samples
from tayori.edge.console.visit import Visit
from tayori.mail.address import AddressError, parse_mailbox
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import message
from tayori.tenants.model import Permission
from tayori.tenants.users.audit_model import AuditAction

_STATUSES: Final = {
    "approved": TemplateStatus.APPROVED,
    "review": TemplateStatus.IN_REVIEW,
    "refused": TemplateStatus.REFUSED,
}
_VERSIONS: Final = 10
"""Versions that one page shows."""
VALUE: Final = "value."
"""What stands before a variable's name in a form, so that no name is one of ours."""
_LONGEST_VALUE: Final = 2_000


class TrialForm(Form):
    """A test of a template, which goes to whoever asks for it."""

    REFUSALS: ClassVar = dict.fromkeys(
        (
            *("IncorrectSender", "NotAuthenticatedSender", "HighRejectionRate"),
            "TemporaryBlocked",
        ),
        "sender",
    ) | {"SubjectLengthError": "subject"}
    sender = SelectField(N_("Sender"), [InputRequired()])
    subject = StringField(N_("Subject"), [InputRequired(), one_line])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/templates", Right.LOOK, listing),
        page("/templates/{id:key}", Right.LOOK, show),
        page("/templates/{id:key}/preview", Right.LOOK, preview),
        action("/templates/{id:key}/preview", Right.LOOK, preview),
        action("/templates/{id:key}/test", Right.SEND, send_test),
        page("/templates/{id:key}/versions", Right.LOOK, versions),
        page("/templates/{id:key}/versions/{version:key}", Right.LOOK, show_version),
        page("/templates/{id:key}/versions/{version:key}/preview", Right.LOOK, preview_version),
        action("/templates/{id:key}/versions/{version:key}/restore", Right.SEND, restore),
        action("/templates/{id:key}/delete", Right.SEND, delete),
    ]


async def listing(visit: Visit) -> Response:
    """Show the account's templates with their status, and why some were refused."""
    asked = read_list(
        url("/templates"),
        visit.query,
        sorts=("name", "changed"),
        usual="-changed",
        filters={"q": None, "status": tuple(_STATUSES)},
    )
    found, total = await visit.services.template_looks.page(
        visit.account.id,
        asked.order,
        (asked.offset, asked.limit),
        text=asked["q"],
        status=_STATUSES.get(asked["status"]),
    )
    return visit.page(
        "templates/list.html.j2",
        page=page_of(asked, found, total),
        reasons={template.id: reasons_of(template, visit.language) for template in found},
    )


async def show(visit: Visit) -> Response:
    """Show a template: status and reasons, preview, score, versions."""
    stored = await template_of(visit)
    return visit.not_found() if stored is None else await shown(visit, stored)


async def preview(visit: Visit) -> Response:
    """Answer the frame with the newest version, filled with the values of the query."""
    stored = await template_of(visit)
    return visit.not_found() if stored is None else _frame(visit, stored.content)


async def send_test(visit: Visit) -> Response:
    """Send the newest version to whoever asks, as a trigger mail through the door."""
    stored = await template_of(visit)
    if stored is None:
        return visit.not_found()
    form = await _trial_form(visit, stored)
    submission = None if visit.failed(form) else _trial(visit, stored, form)
    if submission is None:
        return await shown(visit, stored, form=form, status=422)
    answer = await visit.services.door.accept(submission)
    if isinstance(answer, Refusal):
        form.refuse(answer)
        return await shown(visit, stored, form=form, status=422)
    await visit.record(AuditAction.TEMPLATE_TESTED, stored.template.name, after=answer.message_id)
    text = visit.gettext("The test is on its way to %(address)s.", address=visit.user.email)
    return visit.redirect(url("/send/done", answer.message_id), text)


async def versions(visit: Visit) -> Response:
    """Show all versions, newest first."""
    stored = await template_of(visit)
    if stored is None:
        return visit.not_found()
    asked = read_list(url("/templates", stored.template.id, "versions"), visit.query, sorts=("id",))
    before = read_key(asked.after) or stored.template.version + 1
    found = await visit.services.template_looks.versions(
        visit.account.id, stored.template.id, asked.limit, before=before
    )
    last = str(found[asked.rows - 1].number) if len(found) > asked.rows else ""
    return visit.page(
        "templates/versions.html.j2",
        kept=stored.template,
        page=page_of(asked, found, next_key=last),
    )


async def show_version(visit: Visit) -> Response:
    """Show an older version, which can be made the newest one again."""
    stored, content = await _version_of(visit)
    if stored is None or content is None:
        return visit.not_found()
    return visit.page(
        "templates/version.html.j2",
        kept=stored.template,
        content=content,
        number=int(visit.path["version"]),
        text=filled(content.text, _values(visit, content), html=False),
    )


async def preview_version(visit: Visit) -> Response:
    """Answer the frame with an older version."""
    _, content = await _version_of(visit)
    return visit.not_found() if content is None else _frame(visit, content)


async def restore(visit: Visit) -> Response:
    """Make an older version the newest again: a further version, which is reviewed as any."""
    stored, content = await _version_of(visit)
    if stored is None or content is None:
        return visit.not_found()
    before = stored.template
    edited = await visit.services.templates.update(
        visit.account.id, before.id, before.name, content
    )
    if isinstance(edited, Refusal):
        said = message(edited, visit.language)
        return visit.redirect(url("/templates", before.id), said, Tone.DANGER)
    await visit.record(
        AuditAction.TEMPLATE_CHANGED,
        before.name,
        before=str(before.version),
        after=str(edited.version),
    )
    text = visit.gettext(
        "Version %(old)s is back, as version %(new)s.",
        old=visit.path["version"],
        new=edited.version,
    )
    return visit.redirect(url("/templates", before.id), text)


async def delete(visit: Visit) -> Response:
    """Delete a template; mail that was accepted with it still goes out."""
    stored = await template_of(visit)
    if stored is None:
        return visit.not_found()
    refused = await visit.services.templates.delete(visit.account.id, stored.template.id)
    if refused is not None:
        return visit.not_found()
    name = stored.template.name
    await visit.record(AuditAction.TEMPLATE_REMOVED, name)
    text = visit.gettext("The template %(name)s was deleted.", name=name)
    return visit.redirect(url("/templates"), text)


async def template_of(visit: Visit) -> StoredTemplate | None:
    """Return the account's template that the path names."""
    found = await visit.services.templates.get(visit.account.id, int(visit.path["id"]))
    return None if isinstance(found, Refusal) else found


async def shown(
    visit: Visit, stored: StoredTemplate, *, form: TrialForm | None = None, status: int = 200
) -> Response:
    """Return the page of a template."""
    template, content = stored.template, stored.content
    judged = await judge(visit.services.scorer, content, template.name, visit.language)
    found = await visit.services.template_looks.versions(
        visit.account.id, template.id, _VERSIONS + 1
    )
    values = _values(visit, content)
    return visit.page(
        "templates/show.html.j2",
        status=status,
        kept=template,
        content=content,
        form=form or await _trial_form(visit, stored),
        may_test=_approved(stored) or visit.account.may(Permission.API_SIMPLE),
        reasons=reasons_of(template, visit.language),
        judged=judged,
        values=values,
        text=filled(content.text, values, html=False),
        versions=found[:_VERSIONS],
        more=len(found) > _VERSIONS,
    )


def values_of(given: Mapping[str, str]) -> dict[str, str]:
    """Return the values of variables in a form or query."""
    return {
        name.removeprefix(VALUE): value[:_LONGEST_VALUE].replace("\0", "")
        for name, value in given.items()
        if name.startswith(VALUE)
    }


def _values(visit: Visit, content: TemplateContent) -> dict[str, str]:
    names = names_in(content.html, content.text)
    posted = {name: visit.posted.get(name) for name in visit.posted}
    return samples(names, visit.language, values_of({**visit.query, **posted}))


async def _trial_form(visit: Visit, stored: StoredTemplate) -> TrialForm:
    form = visit.form(TrialForm, subject=stored.template.name)
    form.sender.choices = await senders_of(visit)
    return form


def _trial(visit: Visit, stored: StoredTemplate, form: TrialForm) -> Submission | None:
    """Return the mail of a test; what is not approved goes as own content, which needs leave."""
    sender = parse_mailbox(form.sender.data or "")
    reader = parse_mailbox(visit.user.email)
    if isinstance(sender, AddressError) or isinstance(reader, AddressError):
        return None
    values, content = _values(visit, stored.content), stored.content
    approved = _approved(stored)
    return Submission(
        account=visit.account,
        source=Source.CONSOLE,
        sender=sender,
        subject=form.subject.data or "",
        to=(reader,),
        template_id=stored.template.id if approved else None,
        values=values if approved else {},
        html=None if approved else filled(content.html, values, html=True),
        text=None if approved else filled(content.text, values, html=False),
        trigger=True,
    )


def _approved(stored: StoredTemplate) -> bool:
    return stored.template.status is TemplateStatus.APPROVED


def _frame(visit: Visit, content: TemplateContent) -> Response:
    values = _values(visit, content)
    html = filled(content.html, values, html=True)
    return framed(html, filled(content.text, values, html=False), visit.language.value)


async def _version_of(visit: Visit) -> tuple[StoredTemplate | None, TemplateContent | None]:
    stored, wanted = await template_of(visit), int(visit.path["version"])
    if stored is None or not 0 < wanted < 2**31:
        return stored, None
    return stored, await visit.services.template_looks.version(
        visit.account.id, stored.template.id, wanted
    )
