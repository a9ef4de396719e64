"""One mail to a few people: written in a form, looked at, sent through the door, and its fate."""

from dataclasses import dataclass, replace
from typing import ClassVar, Final

from starlette.responses import Response
from wtforms import (
    HiddenField,
    MultipleFileField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired

from tayori.accept.checks.attachments import ALLOWED, LARGEST_TOTAL
from tayori.accept.checks.attachments import MOST as MOST_FILES
from tayori.accept.checks.subject import LONGEST as LONGEST_SUBJECT
from tayori.accept.submission import Source, Submission
from tayori.catalog.model import StoredTemplate, TemplateStatus
from tayori.compose.build import fill_subject
from tayori.edge.console.access import MIB, Page, Right, action, page
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_
from tayori.edge.console.outgoing import (
    MOST_RECIPIENTS,
    attached,
    footer_choices,
    read_recipients,
    senders_of,
    token_for,
    too_many,
)
from tayori.edge.console.pages.templates import values_of
from tayori.edge.console.previews import filled, framed, names_in
from tayori.edge.console.rendering import url
from tayori.edge.console.samples import samples
from tayori.edge.console.visit import Visit
from tayori.mail.address import AddressError, Mailbox, parse_mailbox
from tayori.queue.states import State
from tayori.refusal.refusal import Refusal
from tayori.tenants.model import Permission
from tayori.tenants.users.audit_model import AuditAction

RECOMMENDED_SUBJECT: Final = 78
"""Characters that mail programs show whole; longer ones are sent all the same (RFC 5322 2.1.1)."""
_LARGEST: Final = 8 * MIB
"""A form with the largest attachments, and content besides."""
_TEMPLATES: Final = 500
_KEY_LENGTH: Final = 24
_PEOPLE: Final = ("to", "cc", "bcc", "reply_to")


class SendForm(Form):
    """One mail."""

    REFUSALS: ClassVar = {
        **dict.fromkeys(
            (
                *("IncorrectSender", "NotAuthenticatedSender", "HighRejectionRate"),
                *("TemporaryBlocked", "NoSuchSender"),
            ),
            "sender",
        ),
        **dict.fromkeys(
            (
                *("EmailAddressIsNULL", "IncorrectEmail", "TooManyRecipients"),
                *("EmailAddrInBlacklist", "ReceiverHasUnsubscribed", "FrequencyLimit"),
            ),
            "to",
        ),
        "ReceiverEmailInvalid": "bcc",
        "SubjectLengthError": "subject",
        "InvalidTemplateID": "template",
        "TemplateNotMatchData": "template",
        "WithOutPermission": "content",
        "MissingEmailContent": "html",
        **dict.fromkeys(
            (
                *("NoAttachPermission", "TooManyAttachments", "InvalidAttachName"),
                "AttachContentToolarge",
            ),
            "files",
        ),
    }
    sender = SelectField(N_("Sender"), [InputRequired()])
    to = TextAreaField(N_("To"))
    cc = TextAreaField(N_("Cc"))
    bcc = TextAreaField(N_("Bcc"))
    reply_to = StringField(N_("Replies go to"), [one_line])
    subject = StringField(N_("Subject"), [InputRequired(), one_line])
    content = RadioField(N_("Content"), default="template")
    template = SelectField(N_("Template"), default="", validate_choice=False)
    html = TextAreaField(N_("HTML"))
    text = TextAreaField(N_("Plain text"))
    files = MultipleFileField(N_("Attachments"))
    trigger = RadioField(N_("Kind of mail"), default="0")
    unsubscribe = SelectField(N_("Unsubscribe link"), default="")
    key = HiddenField()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A form with the template that is chosen in it, None without one."""

    form: SendForm
    stored: StoredTemplate | None

    @property
    def uses_template(self) -> bool:
        """Tell whether the content is a template's."""
        return bool(self.form.content.data != "own")


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/send", Right.SEND, ask),
        action("/send", Right.SEND, send, largest=_LARGEST),
        action("/send/draft", Right.SEND, look_again, largest=_LARGEST),
        action("/send/preview", Right.SEND, preview, largest=_LARGEST),
        page("/send/done/{id}", Right.LOOK, done),
    ]


async def ask(visit: Visit) -> Response:
    """Show the form; a template may be chosen by the query."""
    written = await _written(visit)
    return await _form(visit, written)


async def look_again(visit: Visit) -> Response:
    """Show the form with the fields of the template that was chosen; sends nothing."""
    return await _form(visit, await _written(visit))


async def preview(visit: Visit) -> Response:
    """Answer the frame with the mail as it would be."""
    written = await _written(visit)
    html, text = written.form.html.data or "", written.form.text.data or ""
    subject = written.form.subject.data or ""
    if written.uses_template:
        content = written.stored.content if written.stored else None
        html, text = (content.html, content.text) if content else ("", "")
        given = values_of({name: visit.posted.get(name) for name in visit.posted})
        values = samples(names_in(html, text, subject), visit.language, given)
        html, text = filled(html, values, html=True), filled(text, values, html=False)
        subject = str(fill_subject(subject, values))
    return framed(html, text, visit.language.value, subject)


async def send(visit: Visit) -> Response:
    """Send the mail through the door; a yes leads to the page of its fate."""
    written = await _written(visit)
    form = written.form
    failed = visit.failed(form)
    submission = await _submission(visit, written)
    if failed or form.refused or submission is None:
        return await _form(visit, written, status=422)
    answer = await visit.services.door.accept(
        replace(submission, token=token_for(submission, form.key.data or ""))
    )
    if isinstance(answer, Refusal):
        form.refuse(answer)
        return await _form(visit, written, status=422)
    if not answer.repeated:
        shown = [one.address.addr for one in (*submission.to, *submission.cc, *submission.bcc)]
        await visit.record(AuditAction.MAIL_SENT, answer.message_id, after=", ".join(shown)[:1_000])
    return visit.redirect(url("/send/done", answer.message_id))


async def done(visit: Visit) -> Response:
    """Show what became of a mail that was just sent, recipient by recipient."""
    message_id = visit.path["id"]
    found = await visit.services.stories.of_message(
        visit.account.id, message_id, MOST_RECIPIENTS * 5
    )
    if not found:
        return visit.not_found()
    states = {each.state for each in found}
    return visit.page(
        "send/fate.html.j2" if visit.is_partial else "send/done.html.j2",
        message_id=message_id,
        found=found,
        running=bool(states & {State.QUEUED, State.SENDING}),
        dropped=[each for each in found if each.state is State.DROPPED],
    )


async def _written(visit: Visit) -> Written:
    form = visit.form(
        SendForm,
        template=visit.query.get("template", ""),
        sender=visit.query.get("sender", ""),
        key=visit.services.ids.alphanumeric(_KEY_LENGTH),
    )
    approved, _ = await visit.services.template_looks.page(
        visit.account.id, "name", (0, _TEMPLATES), status=TemplateStatus.APPROVED
    )
    form.sender.choices = await senders_of(visit)
    form.template.choices = [
        ("", visit.gettext("Choose a template")),
        *((str(one.id), one.name) for one in approved),
    ]
    form.content.choices = [
        ("template", visit.gettext("A template")),
        ("own", visit.gettext("Own content")),
    ]
    form.trigger.choices = [
        ("0", visit.gettext("Ordinary mail")),
        ("1", visit.gettext("Trigger mail: a code, a receipt, an answer to what the reader did")),
    ]
    form.unsubscribe.choices = [
        ("", visit.gettext("As set for the sender")),
        ("0", visit.gettext("No link")),
        *footer_choices(visit.language),
    ]
    if not visit.account.may(Permission.API_SIMPLE):
        form.content.data = "template"
    chosen = read_key(form.template.data or "")
    stored = await visit.services.templates.find(visit.account.id, chosen) if chosen else None
    return Written(form=form, stored=stored)


async def _submission(visit: Visit, written: Written) -> Submission | None:
    """Return the mail, or None with what is wrong written into the form."""
    form = written.form
    people = {name: _people(visit, form, name) for name in _PEOPLE}
    if too_many(people["to"], people["cc"], people["bcc"]):
        _fault(
            form,
            "to",
            visit.gettext("One mail has at most %(most)s recipients.", most=MOST_RECIPIENTS),
        )
    sender = parse_mailbox(form.sender.data or "")
    if written.uses_template and written.stored is None:
        _fault(form, "template", visit.gettext("Choose the template of the mail."))
    if form.refused or isinstance(sender, AddressError):
        return None
    given = values_of({name: visit.posted.get(name) for name in visit.posted})
    own = not written.uses_template
    return Submission(
        account=visit.account,
        source=Source.CONSOLE,
        sender=sender,
        subject=form.subject.data or "",
        to=people["to"],
        cc=people["cc"],
        bcc=people["bcc"],
        reply_to=people["reply_to"],
        template_id=None if own or written.stored is None else written.stored.template.id,
        values={} if own else given,
        html=(form.html.data or "") if own else None,
        text=(form.text.data or "") if own else None,
        attachments=await attached(visit, "files"),
        trigger=form.trigger.data == "1",
        unsubscribe=form.unsubscribe.data or "",
    )


def _people(visit: Visit, form: SendForm, name: str) -> tuple[Mailbox, ...]:
    found, wrong = read_recipients(form[name].data or "")
    if wrong:
        text = visit.gettext("This is no e-mail address: %(wrong)s", wrong=", ".join(wrong)[:500])
        _fault(form, name, text)
    return found


def _fault(form: SendForm, name: str, text: str) -> None:
    form[name].errors = [*form[name].errors, text]


async def _form(visit: Visit, written: Written, *, status: int = 200) -> Response:
    content = written.stored.content if written.stored else None
    subject = written.form.subject.data or ""
    names = names_in(content.html, content.text, subject) if content else frozenset()
    given = values_of({name: visit.posted.get(name) for name in visit.posted})
    return visit.page(
        "send/send.html.j2",
        status=status,
        form=written.form,
        stored=written.stored,
        values={name: given.get(name, "") for name in sorted(names)},
        own_content=visit.account.may(Permission.API_SIMPLE),
        lost_files=bool(visit.posted.files),
        attachments=visit.account.may(Permission.ATTACHMENTS),
        most_files=MOST_FILES,
        largest_files=LARGEST_TOTAL,
        kinds=sorted(ALLOWED),
        recommended=RECOMMENDED_SUBJECT,
        longest=LONGEST_SUBJECT,
        most_recipients=MOST_RECIPIENTS,
    )
