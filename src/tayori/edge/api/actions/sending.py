"""SendEmail: one mail to its recipients, through the door."""

from dataclasses import replace
from typing import TypeVar

from msgspec import field

from tayori.accept.checks.recipients import MOST_BCC, MOST_CC, MOST_TO
from tayori.accept.linking import TRACK_HEADER
from tayori.accept.submission import Source, Submission, SubmittedAttachment
from tayori.catalog.tracking_model import CHOICE_RULE, Switches, read_choice
from tayori.catalog.values import read_texts
from tayori.edge.api.actions.embedded import read_base64, read_base64_text
from tayori.edge.api.actions.languages import CHOICES, swapped
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Request, Response
from tayori.edge.api.idempotency import token_of
from tayori.mail.address import AddressError, Mailbox, parse_mailbox
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say

T = TypeVar("T")


class Template(Request, frozen=True):
    """A template and its values, a JSON object in a string."""

    template_id: Count = field(name="TemplateID")
    template_data: str


class Simple(Request, frozen=True):
    """Own content in base64 of UTF-8."""

    html: str | None = None
    text: str | None = None


class Attachment(Request, frozen=True):
    """A file in base64."""

    file_name: str
    content: str | None = None
    file_url: str | None = field(name="FileURL", default=None)


class SendEmailRequest(Request, frozen=True):
    """One mail; at least one of Destination, Cc and Bcc is needed, and Template or Simple."""

    from_email_address: str
    subject: str
    destination: list[str] | None = None
    reply_to_addresses: str | None = None
    cc: list[str] | None = None
    bcc: list[str] | None = None
    template: Template | None = None
    simple: Simple | None = None
    attachments: list[Attachment] | None = None
    unsubscribe: str | int | None = None
    trigger_type: Count | None = None
    smtp_message_id: str | None = None
    smtp_headers: str | None = None
    header_from: str | None = None


class SendEmailResponse(Response, frozen=True):
    """The name under which GetSendEmailStatus and callbacks know the mail."""

    message_id: str


async def send_email(
    services: Services, call: Call, request: SendEmailRequest
) -> SendEmailResponse | Refusal:
    """Hand the mail to the door; yes means that it is stored."""
    submission = read_submission(call, request)
    if isinstance(submission, Refusal):
        return submission
    token = token_of(call, "SendEmail", request)
    if isinstance(token, Refusal):
        return token
    answer = await services.door.accept(replace(submission, token=token) if token else submission)
    if isinstance(answer, Refusal):
        return answer
    return SendEmailResponse(message_id=answer.message_id)


def read_submission(call: Call, request: SendEmailRequest) -> Submission | Refusal:
    """Return the request as the door takes it, or the first part that cannot be read."""
    sender = _sender(request.from_email_address)
    if isinstance(sender, Refusal):
        return sender
    first = _First()
    to = first.of(_mailboxes("Destination", request.destination, MOST_TO), ())
    cc = first.of(_mailboxes("Cc", request.cc, MOST_CC), ())
    bcc = first.of(_mailboxes("Bcc", request.bcc, MOST_BCC), ())
    reply_to = first.of(_reply_to(request.reply_to_addresses or ""), ())
    header_from = first.of(_header_from(request.header_from or ""), None)
    headers = first.of(_headers(request.smtp_headers or ""), ())
    headers, tracking = first.of(_tracking(headers), ((), None))
    values = first.of(_values(request.template), {})
    html, text = first.of(_content(request.simple), (None, None))
    files = first.of(_files(request.attachments), ())
    trigger, unsubscribe = first.of(_options(request, call.region), (False, ""))
    if first.refusal is not None:
        return first.refusal
    return Submission(
        account=call.account,
        source=Source.API,
        sender=sender,
        subject=request.subject,
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=reply_to,
        header_from=header_from,
        template_id=request.template.template_id if request.template else None,
        values=values,
        html=html,
        text=text,
        attachments=files,
        trigger=trigger,
        unsubscribe=unsubscribe,
        tracking=tracking,
        rfc_message_id=_message_id(request.smtp_message_id or ""),
        headers=headers,
    )


class _First:
    """Keeps the first refusal among the parts of a request."""

    def __init__(self) -> None:
        self.refusal: Refusal | None = None

    def of(self, part: T | Refusal, otherwise: T) -> T:
        """Return the part, or `otherwise` in the place of a refusal."""
        if isinstance(part, Refusal):
            self.refusal = self.refusal or part
            return otherwise
        return part


def _sender(text: str) -> Mailbox | Refusal:
    sender = parse_mailbox(text)
    if isinstance(sender, AddressError):
        return refuse(
            Code.FAILED_OPERATION__INCORRECT_SENDER,
            say("FromEmailAddress: {fault}", fault=sender.saying),
        )
    return sender


def _mailboxes(name: str, given: list[str] | None, most: int) -> tuple[Mailbox, ...] | Refusal:
    if not given:
        return ()
    if len(given) > most:
        # Said before a long list is read; the door has the same rule for every way in.
        return refuse(
            Code.FAILED_OPERATION__TOO_MANY_RECIPIENTS,
            say(
                "{name} has {count} addresses; {most} are allowed.",
                name=name,
                count=len(given),
                most=most,
            ),
        )
    found = []
    for place, text in enumerate(given):
        mailbox = parse_mailbox(text)
        if isinstance(mailbox, AddressError):
            empty = not text.strip()
            code = (
                Code.INVALID_PARAMETER_VALUE__EMAIL_ADDRESS_IS_NULL
                if empty
                else Code.FAILED_OPERATION__INCORRECT_EMAIL
            )
            return refuse(
                code, say("{name}.{place}: {fault}", name=name, place=place, fault=mailbox.saying)
            )
        found.append(mailbox)
    return tuple(found)


def _reply_to(text: str) -> tuple[Mailbox, ...] | Refusal:
    if not text:
        return ()
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressError):
        return refuse(
            Code.FAILED_OPERATION__INCORRECT_EMAIL,
            say("ReplyToAddresses: {fault}", fault=mailbox.saying),
        )
    return (mailbox,)


def _header_from(text: str) -> Mailbox | Refusal | None:
    if not text:
        return None
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressError):
        return refuse(
            Code.INVALID_PARAMETER_VALUE__INVALID_EMAIL_IDENTITY,
            say("HeaderFrom: {fault}", fault=mailbox.saying),
        )
    return mailbox


def _headers(encoded: str) -> tuple[tuple[str, str], ...] | Refusal:
    if not encoded:
        return ()
    found = read_texts(encoded)
    if isinstance(found, Saying):
        return refuse(
            Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR, say("SmtpHeaders: {fault}", fault=found)
        )
    return tuple(found.items())


def _tracking(
    headers: tuple[tuple[str, str], ...],
) -> tuple[tuple[tuple[str, str], ...], Switches | None] | Refusal:
    """Return the headers that go into the mail, and what the mail wants tracked."""
    wanted = [text for name, text in headers if name.lower() == TRACK_HEADER.lower()]
    if not wanted:
        return headers, None
    choice = read_choice(wanted[0])
    if choice is None:
        return refuse(
            Code.FAILED_OPERATION__PROTOCOL_CHECK_ERR,
            say("{header}: {rule}", header=TRACK_HEADER, rule=CHOICE_RULE),
        )
    return tuple(item for item in headers if item[0].lower() != TRACK_HEADER.lower()), choice


def _values(template: Template | None) -> dict[str, str] | Refusal:
    if template is None:
        return {}
    found = read_texts(template.template_data)
    if isinstance(found, Saying):
        return refuse(Code.FAILED_OPERATION__WRONG_CONTENT_JSON, found)
    return found


def _content(simple: Simple | None) -> tuple[str | None, str | None] | Refusal:
    if simple is None:
        return None, None
    html, text = read_base64_text(simple.html or ""), read_base64_text(simple.text or "")
    if html is None or text is None:
        name = "Html" if html is None else "Text"
        return refuse(
            Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG,
            say("Simple.{name} must be base64 of UTF-8 text without NUL.", name=name),
        )
    return html, text


def _files(given: list[Attachment] | None) -> tuple[SubmittedAttachment, ...] | Refusal:
    found = []
    for place, file in enumerate(given or ()):
        if file.file_url:
            return refuse(Code.FAILED_OPERATION__FILE_URL_NOT_EXIST)
        content = None if file.content is None else read_base64(file.content)
        if content is None:
            return refuse(
                Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG,
                say("Attachments.{place}.Content must be base64.", place=place),
            )
        found.append(SubmittedAttachment(file_name=file.file_name, content=content))
    return tuple(found)


def read_unsubscribe(given: str | int | None, region: str) -> str | Refusal:
    """Return the choice as a text, "" where none was made.

    Callers send a number as well (wire facts 1.8), and count otherwise in some regions.
    """
    if given is None or given == "":
        return ""
    unsubscribe = str(given)
    if unsubscribe in CHOICES:
        return swapped(unsubscribe, region)
    return refuse(
        Code.INVALID_PARAMETER_VALUE,
        say("0 means no link, 1 to 12 are its language."),
        parameter="Unsubscribe",
    )


def _options(request: SendEmailRequest, region: str) -> tuple[bool, str] | Refusal:
    unsubscribe = read_unsubscribe(request.unsubscribe, region)
    if isinstance(unsubscribe, Refusal):
        return unsubscribe
    trigger = request.trigger_type or 0
    if trigger not in (0, 1):
        return refuse(
            Code.INVALID_PARAMETER_VALUE,
            say("0 means ordinary mail, 1 means mail that was asked for just now."),
            parameter="TriggerType",
        )
    return trigger == 1, unsubscribe


def _message_id(text: str) -> str:
    """Return the Message-ID with its angle brackets, which some clients leave out."""
    return f"<{text}>" if text and not text.startswith("<") and not text.endswith(">") else text
