"""Makes of a task and a receiver the mail that the door takes (pure)."""

from tayori.accept.submission import Source, Submission
from tayori.bulk.model import AdLocation, Order
from tayori.catalog.receiver_model import Receiver
from tayori.catalog.values import read_texts
from tayori.mail.address import AddressError, Mailbox, parse_mailbox
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say
from tayori.reputation.model import Towards
from tayori.tenants.model import Account


def submission_for(
    account: Account,
    order: Order,
    receiver: Receiver,
    *,
    ad_mark: str,
    task_id: int | None = None,
    towards: Towards | None = None,
) -> Submission | Refusal:
    """Return one receiver's mail, to nobody else; its own values go over those of the task."""
    sender = _mailbox("FromEmailAddress", order.sender, Code.FAILED_OPERATION__INCORRECT_SENDER)
    if isinstance(sender, Refusal):
        return sender
    to = _mailbox("The receiver", receiver.address, Code.FAILED_OPERATION__INCORRECT_EMAIL)
    if isinstance(to, Refusal):
        return to
    reply_to: tuple[Mailbox, ...] = ()
    if order.reply_to:
        found = _mailbox(
            "ReplyToAddresses", order.reply_to, Code.FAILED_OPERATION__NOT_AUTHENTICATED_SENDER
        )
        if isinstance(found, Refusal):
            return found
        reply_to = (found,)
    values = merged_values(order.template_data, receiver.data)
    if isinstance(values, Refusal):
        return values
    return Submission(
        account=account,
        source=Source.BULK,
        sender=sender,
        subject=marked_subject(order.subject, order.ad_location, ad_mark),
        to=(to,),
        reply_to=reply_to,
        template_id=order.template_id,
        values=values,
        unsubscribe=order.unsubscribe,
        task_id=task_id,
        towards=towards,
    )


def merged_values(common: str, own: str) -> dict[str, str] | Refusal:
    """Return the values of both JSON objects; where both name a variable the receiver's counts."""
    values: dict[str, str] = {}
    for text in (common, own):
        found = read_texts(text) if text else {}
        if isinstance(found, Saying):
            return refuse(Code.INVALID_PARAMETER_VALUE__TEMPLATE_DATA_ERROR, found)
        values |= found
    return values


def marked_subject(subject: str, location: AdLocation, mark: str) -> str:
    """Return the subject with the mark of an advertisement where it is wanted."""
    match location:
        case AdLocation.BEFORE:
            return f"{mark} {subject}"
        case AdLocation.BEHIND:
            return f"{subject} {mark}"
        case AdLocation.NONE:
            return subject


def _mailbox(name: str, text: str, code: Code) -> Mailbox | Refusal:
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressError):
        return refuse(code, say("{name}: {fault}", name=name, fault=mailbox.saying))
    return mailbox
