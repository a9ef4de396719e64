"""How much mail was asked for and what became of it, and who complained."""

from datetime import date, timedelta
from typing import Final

from tayori.edge.api.actions.dates import read_date, written_time
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Request, Response
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import day_range
from tayori.stats.model import ALL, Complaint, ComplaintsWanted, Volume, Wanted

MOST_DAYS: Final = 366
"""Days that one report can span: any year."""
MOST_COMPLAINTS: Final = 1_000
"""Complaints in one answer; also how many there are when no Limit is given."""
_LARGEST_ID: Final = 2**63 - 1


class GetStatisticsReportRequest(Request, frozen=True):
    """Two days, both included; ReceivingMailboxType is a recipients' domain such as gmail.com."""

    start_date: str
    end_date: str
    domain: str | None = None
    receiving_mailbox_type: str | None = None


class StatisticsVolume(Response, frozen=True):
    """Counts of one day; in the overall one SendDate is the first day."""

    send_date: str
    request_count: int
    accepted_count: int
    delivered_count: int
    opened_count: int
    clicked_count: int
    bounce_count: int
    unsubscribe_count: int


class GetStatisticsReportResponse(Response, frozen=True):
    """Every day of the range, oldest first, and their sums."""

    daily_volumes: list[StatisticsVolume]
    overall_volume: StatisticsVolume


class GetAbuseReportRequest(Request, frozen=True):
    """Two days, both included, on which the mails were delivered; filters; a page."""

    start_time: str
    end_time: str
    offset: Count = 0
    limit: Count = MOST_COMPLAINTS
    from_domain: str | None = None
    from_address: str | None = None
    mta: str | None = None
    to_address: str | None = None
    template_id: str | None = None


class AbuseReport(Response, frozen=True):
    """One complaint; what is not known is ""."""

    deliver_time: str
    original_mail_from: str
    original_rcpt_to: str
    from_domain: str
    complain_time: str
    mta: str
    source_ip: str
    insert_time: str
    template_id: str
    bulk_id: str
    message_id: str
    abuse_time: str
    subject: str


class GetAbuseReportResponse(Response, frozen=True):
    """A page of complaints, oldest first, and how many there are."""

    data: list[AbuseReport]
    total_count: int


async def get_statistics_report(
    services: Services, call: Call, request: GetStatisticsReportRequest
) -> GetStatisticsReportResponse | Refusal:
    """Return the counts of every day of the range, and their sums."""
    days = _days(request.start_date, request.end_date)
    if isinstance(days, Refusal):
        return days
    wanted = Wanted(
        account_id=call.account.id,
        days=days,
        domain=_lower(request.domain) or ALL,
        mailbox_type=_lower(request.receiving_mailbox_type) or ALL,
    )
    found = await services.stats.report(wanted)
    overall = Volume()
    for volume in found.values():
        overall = overall.plus(volume)
    return GetStatisticsReportResponse(
        daily_volumes=[_volume(day, found.get(day, Volume())) for day in days],
        overall_volume=_volume(days[0], overall),
    )


async def get_abuse_report(
    services: Services, call: Call, request: GetAbuseReportRequest
) -> GetAbuseReportResponse | Refusal:
    """Return complaints about mail that was delivered on the days of the range."""
    if request.limit > MOST_COMPLAINTS:
        return refuse(Code.FAILED_OPERATION__INVALID_LIMIT, limit=MOST_COMPLAINTS)
    period = _moments(services, request)
    if isinstance(period, Refusal):
        return period
    template_id = _template_id(request.template_id)
    if isinstance(template_id, Refusal):
        return template_id
    wanted = ComplaintsWanted(
        account_id=call.account.id,
        first=period[0],
        end=period[1],
        from_domain=_lower(request.from_domain),
        from_address=_lower(request.from_address),
        mailbox_type=_lower(request.mta),
        to_address=_lower(request.to_address),
        template_id=template_id,
    )
    found, total = await services.stats.complaints(wanted, (request.offset, request.limit))
    return GetAbuseReportResponse(
        data=[_complaint(services, item) for item in found], total_count=total
    )


def _days(first: str, last: str) -> list[str] | Refusal:
    """Return every day of the range."""
    for text in (first, last):
        day = read_date(text)
        if isinstance(day, Refusal):
            return day
    start = date.fromisoformat(first)
    number = (date.fromisoformat(last) - start).days + 1
    if number < 1:
        return refuse(Code.INVALID_PARAMETER_VALUE__WRONG_DATE, say("StartDate is after EndDate."))
    if number > MOST_DAYS:
        told = say(
            "A report spans at most {most} days; these are {number}.", most=MOST_DAYS, number=number
        )
        return refuse(Code.INVALID_PARAMETER_VALUE__WRONG_DATE, told)
    return [str(start + timedelta(days=offset)) for offset in range(number)]


def _moments(services: Services, request: GetAbuseReportRequest) -> tuple[int, int] | Refusal:
    if isinstance(read_date(request.start_time), Refusal):
        return refuse(Code.INVALID_PARAMETER__INVALID_START_TIME_FORMAT)
    if isinstance(read_date(request.end_time), Refusal):
        return refuse(Code.INVALID_PARAMETER__INVALID_END_TIME_FORMAT)
    if request.start_time > request.end_time:
        told = say("EndTime is before StartTime.")
        return refuse(Code.INVALID_PARAMETER__INVALID_END_TIME_FORMAT, told)
    first = day_range(request.start_time, services.zone)[0]
    return first, day_range(request.end_time, services.zone)[1]


def _template_id(text: str | None) -> int | Refusal | None:
    if not text:
        return None
    if text.isascii() and text.isdecimal() and len(text) < len(str(_LARGEST_ID)):
        return int(text)
    told = say("It is the number of a template.")
    return refuse(Code.INVALID_PARAMETER_VALUE, told, parameter="TemplateId")


def _lower(text: str | None) -> str:
    return (text or "").strip().lower()


def _volume(day: str, volume: Volume) -> StatisticsVolume:
    return StatisticsVolume(
        send_date=day,
        request_count=volume.requested,
        accepted_count=volume.accepted,
        delivered_count=volume.delivered,
        opened_count=volume.opened,
        clicked_count=volume.clicked,
        bounce_count=volume.bounced,
        unsubscribe_count=volume.unsubscribed,
    )


def _complaint(services: Services, item: Complaint) -> AbuseReport:
    complained = written_time(item.complained_at, services.zone)
    return AbuseReport(
        deliver_time=written_time(item.delivered_at, services.zone),
        original_mail_from=item.from_address,
        original_rcpt_to=item.to_address,
        from_domain=item.from_address.rpartition("@")[2],
        complain_time=complained,
        mta=item.mailbox_type,
        source_ip=item.source_ip,
        insert_time=complained,
        template_id=str(item.template_id or ""),
        bulk_id=item.public_id,
        message_id=item.rfc_message_id.strip("<>"),
        abuse_time=complained,
        subject=item.subject,
    )
