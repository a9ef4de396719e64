"""Lists of receivers: create, list, delete, fill, look into."""

import re
from datetime import datetime, tzinfo
from typing import Final

from tayori.catalog.receiver_model import Receiver, ReceiverList, Search, Upload
from tayori.edge.api.actions.dates import written_time
from tayori.edge.api.actions.paging import check_limit
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Done, Request, Response
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import SECOND

_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?\Z")
_VALIDITY: Final = {1: True, 2: False}
_DAY_LENGTH: Final = 10


class CreateReceiverRequest(Request, frozen=True):
    """A new list."""

    receivers_name: str
    desc: str | None = None


class CreateReceiverResponse(Response, frozen=True):
    """The list's number."""

    receiver_id: int


class ListReceiversRequest(Request, frozen=True):
    """A page of lists, of one status, with a word in their names."""

    offset: Count
    limit: Count
    status: Count | None = None
    key_word: str | None = None


class ReceiverData(Response, frozen=True):
    """A list; ReceiversStatus is 1 before the first upload, 2 during one, 3 afterwards."""

    receiver_id: int
    receivers_name: str
    count: int
    desc: str
    receivers_status: int
    create_time: str
    invalid_count: int


class ListReceiversResponse(Response, frozen=True):
    """A page, newest first, and how many there are."""

    total_count: int
    data: list[ReceiverData]


class DeleteReceiverRequest(Request, frozen=True):
    """A list."""

    receiver_id: Count


class CreateReceiverDetailRequest(Request, frozen=True):
    """Addresses for a list."""

    receiver_id: Count
    emails: list[str]


class ReceiverInputData(Request, frozen=True):
    """An address and the values of its template variables, a JSON object as a text."""

    email: str
    template_data: str


class CreateReceiverDetailWithDataRequest(Request, frozen=True):
    """Addresses with data for a list."""

    receiver_id: Count
    datas: list[ReceiverInputData]


class UploadResponse(Response, frozen=True):
    """What came of an upload; every line is counted once."""

    total_count: int
    valid_count: int
    too_long_count: int
    empty_email_count: int
    repeat_count: int


class ListReceiverDetailsRequest(Request, frozen=True):
    """A page of a list; Status is 1 for valid addresses, 2 for the others."""

    receiver_id: Count
    offset: Count
    limit: Count
    email: str | None = None
    create_time_begin: str | None = None
    create_time_end: str | None = None
    status: Count | None = None


class ReceiverDetail(Response, frozen=True):
    """An address of a list; Reason says why it is invalid."""

    email: str
    create_time: str
    template_data: str
    reason: str
    status: int
    email_id: int


class ListReceiverDetailsResponse(Response, frozen=True):
    """A page in the order of upload, and how many match."""

    total_count: int
    data: list[ReceiverDetail]
    valid_count: int
    invalid_count: int


async def create_receiver(
    services: Services, call: Call, request: CreateReceiverRequest
) -> CreateReceiverResponse | Refusal:
    """Make an empty list."""
    made = await services.receivers.create(
        call.account.id, request.receivers_name, request.desc or ""
    )
    return made if isinstance(made, Refusal) else CreateReceiverResponse(receiver_id=made)


async def list_receivers(
    services: Services, call: Call, request: ListReceiversRequest
) -> ListReceiversResponse | Refusal:
    """Return a page of the account's lists."""
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    page = (request.offset, request.limit)
    found, total = await services.receivers.page(
        call.account.id, page, request.status, request.key_word or ""
    )
    data = [_list(item, services.zone) for item in found]
    return ListReceiversResponse(total_count=total, data=data)


async def delete_receiver(
    services: Services, call: Call, request: DeleteReceiverRequest
) -> Done | Refusal:
    """Delete a list with its receivers."""
    if not request.receiver_id:
        return refuse(Code.MISSING_PARAMETER__RECEIVER_ID_NECESSARY)
    return await services.receivers.delete(call.account.id, request.receiver_id) or Done()


async def create_receiver_detail(
    services: Services, call: Call, request: CreateReceiverDetailRequest
) -> UploadResponse | Refusal:
    """Add addresses to a list."""
    if not request.receiver_id:
        return refuse(Code.MISSING_PARAMETER__RECEIVER_ID_NECESSARY)
    return _uploaded(
        await services.receivers.add(call.account.id, request.receiver_id, request.emails)
    )


async def create_receiver_detail_with_data(
    services: Services, call: Call, request: CreateReceiverDetailWithDataRequest
) -> UploadResponse | Refusal:
    """Add addresses with the values of template variables to a list."""
    if not request.receiver_id:
        return refuse(Code.MISSING_PARAMETER__RECEIVER_ID_NECESSARY)
    datas = [(item.email, item.template_data) for item in request.datas]
    return _uploaded(
        await services.receivers.add_with_data(call.account.id, request.receiver_id, datas)
    )


async def list_receiver_details(
    services: Services, call: Call, request: ListReceiverDetailsRequest
) -> ListReceiverDetailsResponse | Refusal:
    """Return a page of a list's receivers."""
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    search = _search(request, services.zone)
    if isinstance(search, Refusal):
        return search
    page = (request.offset, request.limit)
    found = await services.receivers.search(call.account.id, request.receiver_id, search, page)
    if isinstance(found, Refusal):
        return found
    totals = {None: found.valid + found.invalid, True: found.valid, False: found.invalid}
    return ListReceiverDetailsResponse(
        total_count=totals[search.valid],
        data=[_detail(item, services.zone) for item in found.receivers],
        valid_count=found.valid,
        invalid_count=found.invalid,
    )


def _search(request: ListReceiverDetailsRequest, zone: tzinfo) -> Search | Refusal:
    first_at = _moment(request.create_time_begin, "CreateTimeBegin", zone, whole_day=0)
    if isinstance(first_at, Refusal):
        return first_at
    end_at = _moment(request.create_time_end, "CreateTimeEnd", zone, whole_day=86_400)
    if isinstance(end_at, Refusal):
        return end_at
    if request.status is not None and request.status not in _VALIDITY:
        return refuse(
            Code.INVALID_PARAMETER_VALUE, say("1 means valid, 2 means invalid."), parameter="Status"
        )
    return Search(
        text=(request.email or "").strip(),
        first_at=first_at or 0,
        end_at=end_at or 2**62,
        valid=None if request.status is None else _VALIDITY[request.status],
    )


def _moment(text: str | None, name: str, zone: tzinfo, *, whole_day: int) -> int | Refusal:
    """Return the moment of a day or of a time in it, 0 for none.

    An end includes what it names: the whole day, or the whole second.
    """
    if not text:
        return 0
    try:
        read = datetime.fromisoformat(text).replace(tzinfo=zone) if _TIME.match(text) else None
        at = int(read.timestamp()) if read else None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__WRONG_DATE,
            say("{name} is YYYY-MM-DD or YYYY-MM-DD HH:MM:SS.", name=name),
        )
    length = whole_day if len(text) == _DAY_LENGTH else min(whole_day, 1)
    return (at + length) * SECOND


def _uploaded(upload: Upload | Refusal) -> UploadResponse | Refusal:
    if isinstance(upload, Refusal):
        return upload
    return UploadResponse(
        total_count=upload.total,
        valid_count=upload.valid,
        too_long_count=upload.too_long,
        empty_email_count=upload.empty,
        repeat_count=upload.repeated,
    )


def _list(item: ReceiverList, zone: tzinfo) -> ReceiverData:
    return ReceiverData(
        receiver_id=item.id,
        receivers_name=item.name,
        count=item.total,
        desc=item.description,
        receivers_status=int(item.status),
        create_time=written_time(item.created_at, zone),
        invalid_count=item.invalid,
    )


def _detail(item: Receiver, zone: tzinfo) -> ReceiverDetail:
    return ReceiverDetail(
        email=item.address,
        create_time=written_time(item.created_at, zone),
        template_data=item.data,
        reason=item.reason.english,
        status=1 if item.valid else 2,
        email_id=item.id,
    )
