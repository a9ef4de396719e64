"""Which unsubscribe link the mails of a sender address carry."""

from typing import Annotated, Final

from msgspec import Meta

from tayori.catalog.unsubscribe_store import UnsubscribeConfig
from tayori.edge.api.actions.languages import CHOICES, swapped
from tayori.edge.api.actions.paging import LARGEST_PAGE, check_limit
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Done, Request, Response
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

_LONGEST_NUMBER: Final = 9
Switch = Annotated[int, Meta(ge=0, le=1)]
"""0 is off, 1 is on."""


class AddressUnsubscribeConfigRequest(Request, frozen=True):
    """A sender and its link: "0" for none, "1" to "12" for the language."""

    address: str
    unsubscribe_config: str
    status: Switch


class ListAddressUnsubscribeConfigRequest(Request, frozen=True):
    """A page; Limit is a number written as a text."""

    offset: Count = 0
    limit: str = "20"


class DeleteAddressUnsubscribeConfigRequest(Request, frozen=True):
    """A sender."""

    address: str | None = None


class AddressUnsubscribeConfigData(Response, frozen=True):
    """A sender's link."""

    address: str
    unsubscribe_config: str
    status: int


class ListAddressUnsubscribeConfigResponse(Response, frozen=True):
    """A page by address, and how many there are."""

    address_unsubscribe_config_list: list[AddressUnsubscribeConfigData]
    total: int


async def create_address_unsubscribe_config(
    services: Services, call: Call, request: AddressUnsubscribeConfigRequest
) -> Done | Refusal:
    """Make a sender's first setting."""
    config = await _read(services, call, request)
    if isinstance(config, Refusal):
        return config
    if await services.unsubscribes.add(call.account.id, config):
        return Done()
    return refuse(
        Code.RESOURCE_IN_USE,
        say("{address} has a setting; update it instead.", address=config.address),
    )


async def update_address_unsubscribe_config(
    services: Services, call: Call, request: AddressUnsubscribeConfigRequest
) -> Done | Refusal:
    """Change a sender's setting."""
    config = await _read(services, call, request)
    if isinstance(config, Refusal):
        return config
    changed = await services.unsubscribes.change(call.account.id, config)
    return Done() if changed else _absent(config.address)


async def delete_address_unsubscribe_config(
    services: Services, call: Call, request: DeleteAddressUnsubscribeConfigRequest
) -> Done | Refusal:
    """Delete a sender's setting."""
    if not request.address:
        return refuse(Code.MISSING_PARAMETER, parameter="Address")
    address = request.address.strip().lower()
    deleted = await services.unsubscribes.delete(call.account.id, address)
    return Done() if deleted else _absent(request.address)


async def list_address_unsubscribe_config(
    services: Services, call: Call, request: ListAddressUnsubscribeConfigRequest
) -> ListAddressUnsubscribeConfigResponse | Refusal:
    """Return a page of the account's settings."""
    text = request.limit.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER):
        return refuse(
            Code.INVALID_PARAMETER_VALUE,
            say("It is a number up to {most}, written as a text.", most=LARGEST_PAGE),
            parameter="Limit",
        )
    refused = check_limit(int(text))
    if refused is not None:
        return refused
    found, total = await services.unsubscribes.page(call.account.id, (request.offset, int(text)))
    shown = [
        AddressUnsubscribeConfigData(
            address=item.address,
            unsubscribe_config=swapped(item.choice, call.region),
            status=int(item.enabled),
        )
        for item in found
    ]
    return ListAddressUnsubscribeConfigResponse(address_unsubscribe_config_list=shown, total=total)


async def _read(
    services: Services, call: Call, request: AddressUnsubscribeConfigRequest
) -> UnsubscribeConfig | Refusal:
    if request.unsubscribe_config not in CHOICES:
        return refuse(
            Code.INVALID_PARAMETER_VALUE,
            say('"0" means no link, "1" to "12" its language.'),
            parameter="UnsubscribeConfig",
        )
    sender = await services.senders.find(call.account.id, request.address)
    if sender is None:
        return refuse(Code.INVALID_PARAMETER_VALUE__NO_SUCH_SENDER)
    return UnsubscribeConfig(
        address=sender.address.addr,
        choice=swapped(request.unsubscribe_config, call.region),
        enabled=bool(request.status),
    )


def _absent(address: str) -> Refusal:
    return refuse(
        Code.RESOURCE_NOT_FOUND, say("{address} has no unsubscribe setting.", address=address[:80])
    )
