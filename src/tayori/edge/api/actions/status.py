"""What became of accepted mail: one row per recipient."""

import re
from datetime import date, timedelta
from typing import Final

from tayori.edge.api.actions.paging import check_limit
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Request, Response
from tayori.events.model import EventKind
from tayori.mail.address import AddressError, parse_mailbox
from tayori.queue.model import Status
from tayori.queue.states import State
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import SECOND, day_range, local

KEPT_DAYS: Final = 90
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_TIMED_OUT: Final = 1004
_DELIVER_STATUS: Final = {
    State.QUEUED: 0,
    State.SENDING: 0,
    State.DELIVERED: 1,
    State.DROPPED: 2,
    State.BOUNCED: 3,
    State.EXPIRED: 3,
    State.DEFERRED: 8,
    State.HELD: 0,
}


class GetSendEmailStatusRequest(Request, frozen=True):
    """One day in the service's time zone, and what to look for in it."""

    request_date: str
    offset: Count
    limit: Count
    message_id: str | None = None
    to_email_address: str | None = None


class SendEmailStatus(Response, frozen=True):
    """One recipient; times are Unix seconds, DeliverTime is 0 until its mail has come to an end.

    SendStatus is our own result, DeliverStatus the receiver's: 0 queued, 1 delivered, 2 dropped,
    3 refused, 8 deferred.
    """

    message_id: str
    to_email_address: str
    from_email_address: str
    send_status: int
    deliver_status: int
    deliver_message: str
    request_time: int
    deliver_time: int
    user_opened: bool
    user_clicked: bool
    user_unsubscribed: bool
    user_complainted: bool
    """The same as UserComplained; some clients read the misspelt name."""
    user_complained: bool


class GetSendEmailStatusResponse(Response, frozen=True):
    """A page of recipients, oldest first."""

    email_status_list: list[SendEmailStatus]


async def get_send_email_status(
    services: Services, call: Call, request: GetSendEmailStatusRequest
) -> GetSendEmailStatusResponse | Refusal:
    """Return what became of the recipients of a day."""
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    today = local(call.now, services.zone).date()
    day = _day(request.request_date, today)
    if isinstance(day, Refusal):
        return day
    to_address = _address(request.to_email_address or "")
    if isinstance(to_address, Refusal):
        return to_address
    found = await services.queue.status(
        call.account.id,
        day_range(day, services.zone),
        (request.offset, request.limit),
        message_id=request.message_id or "",
        to_address=to_address,
    )
    return GetSendEmailStatusResponse(email_status_list=[_shown(status) for status in found])


def _day(text: str, today: date) -> str | Refusal:
    try:
        day = date.fromisoformat(text) if _DATE.match(text) else None
    except ValueError:
        day = None
    if day is None:
        return refuse(Code.INVALID_PARAMETER_VALUE__WRONG_DATE)
    # A client east of the service's time zone may be a day ahead of it.
    if not today - timedelta(days=KEPT_DAYS) <= day <= today + timedelta(days=1):
        return refuse(Code.FAILED_OPERATION__NOT_SUPPORT_DATE, limit=KEPT_DAYS)
    return text


def _address(text: str) -> str | Refusal:
    if not text:
        return ""
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressError):
        return refuse(
            Code.FAILED_OPERATION__INCORRECT_EMAIL,
            say("ToEmailAddress: {fault}", fault=mailbox.saying),
        )
    return mailbox.address.addr


def _shown(status: Status) -> SendEmailStatus:
    reacted = status.reactions
    return SendEmailStatus(
        message_id=status.message_id,
        to_email_address=status.to_address,
        from_email_address=status.from_address,
        send_status=_send_status(status),
        deliver_status=_deliver_status(status),
        deliver_message=status.reply.english,
        request_time=status.accepted_at // SECOND,
        deliver_time=(status.ended_at or 0) // SECOND,
        user_opened=EventKind.OPEN in reacted,
        user_clicked=EventKind.CLICK in reacted,
        user_unsubscribed=EventKind.UNSUBSCRIBE in reacted,
        user_complainted=EventKind.SPAMREPORT in reacted,
        user_complained=EventKind.SPAMREPORT in reacted,
    )


def _send_status(status: Status) -> int:
    if status.state is State.EXPIRED and not status.send_status:
        return _TIMED_OUT
    return status.send_status


def _deliver_status(status: Status) -> int:
    # A recipient that is attempted again still stands as its last attempt left it.
    again = status.state is State.SENDING and bool(status.reply)
    return _DELIVER_STATUS[State.DEFERRED if again else status.state]
