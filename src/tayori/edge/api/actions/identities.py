"""Sender domains: create, verify, show, list, delete."""

from collections.abc import Sequence
from typing import Final

from msgspec import field

from tayori.config.delivery import DeliverySettings
from tayori.config.tree import LEVELS
from tayori.edge.api.actions.paging import check_limit
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Call, Count, Done, Request, Response
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.reputation.standing import DayUse
from tayori.tenants.model import DnsRecord, Identity, RecordGroup, RecordState, Tag
from tayori.tenants.rechecks import check_identity
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.model import Record, expectations_of

DOMAIN: Final = "DOMAIN"
"""The only type of identity."""
_ORDER: Final = (RecordGroup.DKIM, RecordGroup.MX, RecordGroup.SPF, RecordGroup.DMARC)


class TagList(Request, frozen=True):
    """A label of an identity."""

    tag_key: str
    tag_value: str


class CreateEmailIdentityRequest(Request, frozen=True):
    """A new sender domain; DKIMOption is 0 for 1024 bits, 1 for 2048, 2 for both."""

    email_identity: str
    dkim_option: Count | None = field(name="DKIMOption", default=None)
    tag_list: list[TagList] | None = None


class UpdateEmailIdentityRequest(Request, frozen=True):
    """A domain to look up now; NewAPI means nothing here."""

    email_identity: str
    new_api: bool | None = field(name="NewAPI", default=None)
    dkim_option: Count | None = field(name="DKIMOption", default=None)


class EmailIdentityRequest(Request, frozen=True):
    """A sender domain."""

    email_identity: str


class ListEmailIdentitiesRequest(Request, frozen=True):
    """Which domains: those with all these tags."""

    tag_list: list[TagList] | None = None
    limit: Count | None = None
    offset: Count | None = None


class DNSAttributes(Response, frozen=True):
    """One record to publish, what was found in its place ("" for nothing), and whether it fits."""

    type: str
    send_domain: str
    expected_value: str
    current_value: str
    status: bool


class IdentityResponse(Response, frozen=True):
    """A domain and its records."""

    identity_type: str
    verified_for_sending_status: bool
    attributes: list[DNSAttributes]
    dkim_option: int = field(name="DKIMOption")


class TagListAnswer(Response, frozen=True):
    """A label of an identity."""

    tag_key: str
    tag_value: str


class GetEmailIdentityResponse(Response, frozen=True):
    """A domain, its records and its labels."""

    identity_type: str
    verified_for_sending_status: bool
    attributes: list[DNSAttributes]
    dkim_option: int = field(name="DKIMOption")
    tag_list: list[TagListAnswer]


class EmailIdentity(Response, frozen=True):
    """A domain in a list."""

    identity_name: str
    identity_type: str
    sending_enabled: bool
    current_reputation_level: int
    daily_quota: int
    send_ip: list[str]
    tag_list: list[TagListAnswer]
    dkim_option: int = field(name="DKIMOption")


class ListEmailIdentitiesResponse(Response, frozen=True):
    """A page of domains; a quota of 0 means that there is no limit."""

    email_identities: list[EmailIdentity]
    max_reputation_level: int
    max_daily_quota: int
    total: int


async def create_email_identity(
    services: Services, call: Call, request: CreateEmailIdentityRequest
) -> IdentityResponse | Refusal:
    """Make a pending domain and say what to publish for it."""
    made = await services.identities.create(
        call.account.id,
        request.email_identity,
        request.dkim_option or 0,
        _tags(request.tag_list),
    )
    return made if isinstance(made, Refusal) else await _shown(services, made)


async def update_email_identity(
    services: Services, call: Call, request: UpdateEmailIdentityRequest
) -> IdentityResponse | Refusal:
    """Look the domain's records up now; a changed DKIMOption makes the keys that are missing."""
    found = await services.identities.get(call.account.id, request.email_identity)
    if isinstance(found, Refusal):
        return found
    if request.dkim_option is not None:
        changed = await services.identities.change_dkim_option(
            call.account.id, found.domain, request.dkim_option
        )
        if isinstance(changed, Refusal):
            return changed
        found = changed
    if not await services.identities.published_keys(found):
        return refuse(Code.FAILED_OPERATION__DKIM_NOT_APPLIED)
    checked = await check_identity(
        found,
        identities=services.identities,
        rotations=services.rotations,
        lookups=services.lookups,
        domains=services.domains,
    )
    if not checked.answered:
        return refuse(
            Code.FAILED_OPERATION__SERVICE_NOT_AVAILABLE,
            say("No name server answered, so the domain keeps its standing."),
        )
    return await _shown(services, checked.identity)


async def get_email_identity(
    services: Services, call: Call, request: EmailIdentityRequest
) -> GetEmailIdentityResponse | Refusal:
    """Show a domain with its records as the last check found them."""
    found = await services.identities.get(call.account.id, request.email_identity)
    if isinstance(found, Refusal):
        return found
    return GetEmailIdentityResponse(
        identity_type=DOMAIN,
        verified_for_sending_status=found.verified,
        attributes=await _attributes(services, found),
        dkim_option=int(found.dkim_option),
        tag_list=_shown_tags(found.tags),
    )


async def list_email_identities(
    services: Services, call: Call, request: ListEmailIdentitiesRequest
) -> ListEmailIdentitiesResponse | Refusal:
    """Return the account's domains, newest first; without Limit all of them."""
    refused = check_limit(request.limit or 0)
    if refused is not None:
        return refused
    page = await services.identities.list(
        call.account.id,
        _tags(request.tag_list),
        offset=request.offset or 0,
        limit=request.limit,
    )
    levels = services.policy.level_per_day
    owners = {identity.domain: identity.account_id for identity in page.identities}
    days = await services.standing.days(owners, services.clock.now())
    addresses = own_addresses(services.delivery, call.account.pool)
    return ListEmailIdentitiesResponse(
        email_identities=[
            _listed(identity, days[identity.domain], addresses) for identity in page.identities
        ],
        max_reputation_level=len(levels) or len(LEVELS),
        max_daily_quota=max(levels, default=0),
        total=page.total,
    )


async def delete_email_identity(
    services: Services, call: Call, request: EmailIdentityRequest
) -> Done | Refusal:
    """Delete a domain that has no senders and no mail on its way."""
    return await services.identities.delete(call.account.id, request.email_identity) or Done()


def _tags(given: Sequence[TagList] | None) -> list[Tag]:
    return [Tag(tag.tag_key, tag.tag_value) for tag in given or ()]


def _shown_tags(tags: Sequence[Tag]) -> list[TagListAnswer]:
    return [TagListAnswer(tag_key=tag.key, tag_value=tag.value) for tag in tags]


async def _shown(services: Services, identity: Identity) -> IdentityResponse:
    return IdentityResponse(
        identity_type=DOMAIN,
        verified_for_sending_status=identity.verified,
        attributes=await _attributes(services, identity),
        dkim_option=int(identity.dkim_option),
    )


async def _attributes(services: Services, identity: Identity) -> list[DNSAttributes]:
    keys = await services.identities.published_keys(identity)
    wanted = expected_records(identity.domain, expectations_of(services.domains, keys))
    checked = {(found.group, found.name, found.expected): found for found in identity.records}
    ordered = sorted(wanted, key=lambda record: _ORDER.index(record.group))
    return [
        _attribute(record, checked.get((record.group, record.name, record.expected)))
        for record in ordered
    ]


def _attribute(wanted: Record, found: DnsRecord | None) -> DNSAttributes:
    return DNSAttributes(
        type=wanted.type,
        send_domain=wanted.name,
        expected_value=wanted.expected,
        current_value=found.current if found else "",
        status=found is not None and found.state is RecordState.OK,
    )


def own_addresses(delivery: DeliverySettings, pool: str | None) -> list[str]:
    """Return the addresses that an account's own pool sends from; none for the shared one."""
    members = next((one.members for one in delivery.pools if one.name == pool), {})
    return [
        address
        for source in delivery.sources
        if source.name in members
        for address in (source.ipv4, source.ipv6)
        if address
    ]


def _listed(identity: Identity, day: DayUse, addresses: list[str]) -> EmailIdentity:
    return EmailIdentity(
        identity_name=identity.domain,
        identity_type=DOMAIN,
        sending_enabled=identity.verified and not day.stopped,
        current_reputation_level=day.level,
        daily_quota=day.per_day,
        send_ip=addresses,
        tag_list=_shown_tags(identity.tags),
        dkim_option=int(identity.dkim_option),
    )
