"""The shared blacklist, as far as the account's own mail filled it, and the account's own list."""

from typing import Annotated, Final

from msgspec import Meta

from tayori.catalog.receivers import LONGEST_ADDRESS, check_count
from tayori.edge.api.actions.dates import read_date, read_period, written_time
from tayori.edge.api.actions.paging import check_limit
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Done, Request, Response
from tayori.mail.address import AddressError, parse_mailbox
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import day_range, local
from tayori.suppress.model import Blocked, CustomEntry, Uploaded

_NO_STATUS: Final = 3


class ListBlackEmailAddressRequest(Request, frozen=True):
    """Two days, both included, and a page; TaskID is out of use."""

    start_date: str
    end_date: str
    limit: Count
    offset: Count
    email_address: str | None = None
    task_i_d: str | None = None


class BlackEmailAddress(Response, frozen=True):
    """A blocked address, when it was blocked, and what its server said."""

    bounce_time: str
    email_address: str
    isp_desc: str


class ListBlackEmailAddressResponse(Response, frozen=True):
    """A page, newest first, and how many there are."""

    black_list: list[BlackEmailAddress]
    total_count: int


class DeleteBlackListRequest(Request, frozen=True):
    """Addresses that are to be written to again."""

    email_address_list: list[str]


class CreateCustomBlacklistRequest(Request, frozen=True):
    """Addresses and the day on which they are free again; none = never."""

    emails: list[str]
    expire_date: str | None = None


class CreateCustomBlacklistResponse(Response, frozen=True):
    """What came of the upload; every address is counted once."""

    total_count: int
    valid_count: int
    too_long_count: int
    repeat_count: int
    invalid_count: int


class ListCustomBlacklistRequest(Request, frozen=True):
    """A page; Status is 0 for expired, 1 for active, 2 for all."""

    offset: Count
    limit: Count
    status: Annotated[int, Meta(ge=0, lt=_NO_STATUS)]
    email: str | None = None


class BlackAddressDetail(Response, frozen=True):
    """An address of the account's own list; ExpireDate is "" for ever."""

    id: int
    email: str
    create_time: str
    expire_date: str
    status: int


class ListCustomBlacklistResponse(Response, frozen=True):
    """A page, newest first, and how many there are."""

    total_count: int
    data: list[BlackAddressDetail]


class UpdateCustomBlackListRequest(Request, frozen=True):
    """An entry and what it is to be."""

    id: Count
    email: str
    expire_date: str | None = None


class DeleteCustomBlackListRequest(Request, frozen=True):
    """Addresses that leave the account's own list."""

    emails: list[str]


async def list_black_email_address(
    services: Services, call: Call, request: ListBlackEmailAddressRequest
) -> ListBlackEmailAddressResponse | Refusal:
    """Return addresses that the account's own mail put on the shared blacklist."""
    period = read_period(request.start_date, request.end_date, services.zone)
    if isinstance(period, Refusal):
        return period
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    store, account = services.suppressions, call.account.id
    if request.email_address:
        one = await store.shared_of(account, period, request.email_address.lower(), call.now)
        found, total = ([one], 1) if one else ([], 0)
        found = found[request.offset :][: request.limit]
    else:
        page = (request.offset, request.limit)
        found, total = await store.shared(account, period, page, call.now)
    shown = [_blocked(services, item) for item in found]
    return ListBlackEmailAddressResponse(black_list=shown, total_count=total)


async def delete_black_list(
    services: Services, call: Call, request: DeleteBlackListRequest
) -> Done | Refusal:
    """Take addresses off the shared blacklist; what other accounts' mail blocked stays."""
    refused = check_count(len(request.email_address_list))
    if refused is not None:
        return refused
    addresses = [address.strip().lower() for address in request.email_address_list]
    await services.suppressions.unblock(call.account.id, addresses)
    return Done()


async def create_custom_blacklist(
    services: Services, call: Call, request: CreateCustomBlacklistRequest
) -> CreateCustomBlacklistResponse | Refusal:
    """Put addresses on the account's own list; those that are there get the new end."""
    refused = check_count(len(request.emails))
    if refused is not None:
        return refused
    expires_at = _end(services, request.expire_date)
    if isinstance(expires_at, Refusal):
        return expires_at
    addresses, counts = read_addresses(request.emails)
    await services.suppressions.add_custom(call.account.id, addresses, expires_at, call.now)
    return CreateCustomBlacklistResponse(
        total_count=counts.total,
        valid_count=counts.valid,
        too_long_count=counts.too_long,
        repeat_count=counts.repeated,
        invalid_count=counts.invalid,
    )


async def list_custom_blacklist(
    services: Services, call: Call, request: ListCustomBlacklistRequest
) -> ListCustomBlacklistResponse | Refusal:
    """Return a page of the account's own list."""
    refused = check_limit(request.limit)
    if refused is not None:
        return refused
    found, total = await services.suppressions.custom(
        call.account.id,
        request.status,
        (request.offset, request.limit),
        call.now,
        (request.email or "").strip().lower(),
    )
    data = [_detail(services, item, call.now) for item in found]
    return ListCustomBlacklistResponse(total_count=total, data=data)


async def update_custom_black_list(
    services: Services, call: Call, request: UpdateCustomBlackListRequest
) -> Done | Refusal:
    """Change an entry of the account's own list."""
    address = _read_address(request.email)
    if address is None:
        return refuse(Code.INVALID_PARAMETER_VALUE__ILLEGAL_EMAIL_ADDRESS)
    expires_at = _end(services, request.expire_date)
    if isinstance(expires_at, Refusal):
        return expires_at
    changed = await services.suppressions.change_custom(
        call.account.id, request.id, address, expires_at
    )
    if changed is None:
        return refuse(
            Code.RESOURCE_IN_USE, say("{address} is in the list already.", address=address)
        )
    return (
        Done()
        if changed
        else refuse(Code.RESOURCE_NOT_FOUND, say("There is no Id {number}.", number=request.id))
    )


async def delete_custom_black_list(
    services: Services, call: Call, request: DeleteCustomBlackListRequest
) -> Done | Refusal:
    """Take addresses off the account's own list; those that are not in it change nothing."""
    refused = check_count(len(request.emails))
    if refused is not None:
        return refused
    addresses = [address.strip().lower() for address in request.emails]
    await services.suppressions.remove_custom(call.account.id, addresses)
    return Done()


def read_addresses(texts: list[str]) -> tuple[list[str], Uploaded]:
    """Return the addresses that are good, each once, and what came of all of them."""
    good: dict[str, None] = {}
    too_long = repeated = invalid = 0
    for text in texts:
        address = _read_address(text)
        if len(text) > LONGEST_ADDRESS:
            too_long += 1
        elif address is None:
            invalid += 1
        elif address in good:
            repeated += 1
        else:
            good[address] = None
    counts = Uploaded(
        total=len(texts),
        valid=len(good),
        too_long=too_long,
        repeated=repeated,
        invalid=invalid,
    )
    return list(good), counts


def _read_address(text: str) -> str | None:
    mailbox = parse_mailbox(text.strip())
    if isinstance(mailbox, AddressError) or mailbox.display_name:
        return None
    return mailbox.address.addr.lower()


def _end(services: Services, text: str | None) -> int | Refusal | None:
    """Return the moment at which the named day ends, None for no end."""
    if not text:
        return None
    day = read_date(text)
    return day if isinstance(day, Refusal) else day_range(day, services.zone)[1]


def _blocked(services: Services, item: Blocked) -> BlackEmailAddress:
    return BlackEmailAddress(
        bounce_time=written_time(item.at, services.zone),
        email_address=item.address,
        isp_desc=item.reason,
    )


def _detail(services: Services, item: CustomEntry, now: int) -> BlackAddressDetail:
    # The stored end is the first moment after the named day.
    ends = item.expires_at
    last = "" if ends is None else local(ends - 1, services.zone).strftime("%Y-%m-%d")
    return BlackAddressDetail(
        id=item.id,
        email=item.address,
        create_time=written_time(item.created_at, services.zone),
        expire_date=last,
        status=int(item.active(now)),
    )
