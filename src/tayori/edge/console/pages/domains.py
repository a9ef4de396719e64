"""Domains: the list, creating one, its DNS records and how far they have spread."""

from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.responses import Response
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length

from tayori.dns.exchange import parse_server
from tayori.dns.names import MAX_NAME
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language
from tayori.tenants.model import DnsRecord, Identity, RecordGroup, RecordState
from tayori.tenants.rechecks import check_identity
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.findings import (
    Finding,
    FindingCode,
    Severity,
    stored_finding,
)
from tayori.tenants.verification.model import expectations_of
from tayori.tenants.verification.propagation import propagation

_GROUPS = (RecordGroup.DKIM, RecordGroup.SPF, RecordGroup.MX, RecordGroup.DMARC)
OPTIONS = (
    ("1", N_("2048 bits: strong, recommended")),
    ("0", N_("1024 bits: for DNS providers that take no long values")),
    ("2", N_("Both: every mail is signed twice")),
)


class DomainForm(Form):
    """A new sender domain."""

    REFUSALS: ClassVar = {
        "InvalidEmailIdentity": "domain",
        "CreatedByOther": "domain",
        "RepeatCreation": "domain",
    }
    domain = StringField(N_("Domain"), [InputRequired(), Length(max=MAX_NAME), one_line])
    option = RadioField(N_("DKIM key"), [InputRequired()], choices=[], default="1")


@dataclass(frozen=True, slots=True)
class Shown:
    """One record as a page shows it: what to enter, what was found, and what that means."""

    record: DnsRecord
    findings: tuple[tuple[Severity, str], ...]

    @property
    def host(self) -> str:
        """Return what to enter as host: within the zone where that is known, else the name."""
        return self.record.name if self.record.host is None else self.record.host


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/domains", Right.LOOK, listing),
        page("/domains/new", Right.MANAGE, ask_new),
        action("/domains/new", Right.MANAGE, create),
        page("/domains/{domain}", Right.LOOK, show),
        action("/domains/{domain}/check", Right.MANAGE, check),
        page("/domains/{domain}/propagation", Right.LOOK, spread),
    ]


async def listing(visit: Visit) -> Response:
    """Show the account's domains with how each stands today."""
    asked = read_list(
        url("/domains"),
        visit.query,
        sorts=("domain", "created"),
        usual="-created",
        filters={"q": None, "tag": None, "state": ("verified", "pending")},
    )
    every = await _all(visit)
    found = [i for i in every if _matches(i, asked["q"], asked["tag"], asked["state"])]
    found.sort(
        key=lambda i: (i.domain if asked.sort == "domain" else i.created_at, i.id),
        reverse=asked.descending,
    )
    shown = found[asked.offset : asked.offset + asked.limit]
    owners = {identity.domain: visit.account.id for identity in shown}
    days = await visit.services.standing.days(owners, visit.services.clock.now())
    limits = await visit.services.limits.of(visit.account.id)
    return visit.page(
        "domains/list.html.j2",
        page=page_of(asked, shown, len(found)),
        days=days,
        most=limits.max_domains,
        count=len(every),
    )


async def ask_new(visit: Visit) -> Response:
    """Show the form of a new domain."""
    return visit.page("domains/new.html.j2", form=_form(visit))


async def create(visit: Visit) -> Response:
    """Make a pending domain, whose page says what to publish."""
    form = _form(visit)
    if not visit.failed(form):
        made = await visit.services.identities.create(
            visit.account.id, form.domain.data or "", int(form.option.data)
        )
        if isinstance(made, Identity):
            await visit.record(AuditAction.DOMAIN_CREATED, made.domain)
            text = visit.gettext("Now publish the records below where the domain's DNS is kept.")
            return visit.redirect(url("/domains", made.domain), text)
        form.refuse(made)
    return visit.again("domains/new.html.j2", form=form)


async def show(visit: Visit) -> Response:
    """Show the records of a domain: what to enter, what was found, what that means."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    return visit.page("domains/show.html.j2", **await _records(visit, found))


async def check(visit: Visit) -> Response:
    """Look the records up now; the page asks for it by itself while the domain is pending."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    services = visit.services
    checked = await check_identity(
        found,
        identities=services.identities,
        rotations=services.rotations,
        lookups=services.resolver,
        domains=services.settings.domains,
    )
    if visit.is_partial:
        return visit.page("domains/records.html.j2", **await _records(visit, checked.identity))
    if not checked.answered:
        text = visit.gettext("No name server answered; look again in a few minutes.")
    elif checked.identity.verified:
        text = visit.gettext("All records are right. The domain is verified.")
    else:
        text = visit.gettext("Looked up. Some records are not right yet.")
    return visit.redirect(url("/domains", found.domain), text)


async def spread(visit: Visit) -> Response:
    """Show which servers see which records now."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    services = visit.services
    domains = services.settings.domains
    keys = await services.identities.published_keys(found)
    servers = domains.propagation_servers or services.settings.dns.servers
    seen = await propagation(
        found.domain,
        expectations_of(domains, keys),
        services.resolver,
        [parse_server(server) for server in servers],
        allow_private=services.settings.delivery.allow_private_networks,
    )
    return visit.page("domains/propagation.html.j2", identity=found, seen=seen)


async def _records(visit: Visit, identity: Identity) -> dict[str, Any]:
    """Return what the page of a domain shows: its records, looked up or not, in four groups."""
    services = visit.services
    keys = await services.identities.published_keys(identity)
    expected = expected_records(identity.domain, expectations_of(services.settings.domains, keys))
    known = {(r.group, r.name, r.expected): r for r in identity.records}
    records = [known.get((r.group, r.name, r.expected)) or r.stored() for r in expected]
    shown = [_shown(record, visit.language) for record in records]
    senders = await services.senders.list(visit.account.id)
    return {
        "identity": identity,
        "groups": [(g, [s for s in shown if s.record.group is g]) for g in _GROUPS],
        "right": sum(record.state is RecordState.OK for record in records),
        "total": len(records),
        "has_sender": any(s.address.addr.endswith(f"@{identity.domain}") for s in senders),
    }


def _shown(record: DnsRecord, language: Language) -> Shown:
    found: list[Finding] = []
    for code, fields in record.findings:
        known = stored_finding(code, fields)
        # That nobody has looked yet is said by the state already.
        if known is not None and known.code is not FindingCode.NOT_LOOKED:
            found.append(known)
    if not record.findings and record.note:
        # It was found by a version that kept the English sentence alone.
        return Shown(record, ((Severity.NOTE, record.note),))
    return Shown(record, tuple((one.severity, one.sentence(language.value)) for one in found))


async def identity_of(visit: Visit) -> Identity | None:
    """Return the domain that the path names; None when the account has no such domain."""
    found = await visit.services.identities.get(visit.account.id, visit.path["domain"])
    return None if isinstance(found, Refusal) else found


async def _all(visit: Visit) -> list[Identity]:
    return list((await visit.services.identities.list(visit.account.id)).identities)


def _matches(identity: Identity, text: str, tag: str, state: str) -> bool:
    return (
        text.lower() in identity.domain
        and (not tag or any(tag in {t.key, f"{t.key}={t.value}"} for t in identity.tags))
        and (not state or identity.verified == (state == "verified"))
    )


def _form(visit: Visit) -> DomainForm:
    form = visit.form(DomainForm)
    form.option.choices = options(visit)
    return form


def options(visit: Visit) -> dict[str, str]:
    """Return the choices of key lengths in the visitor's language."""
    return {value: visit.gettext(label) for value, label in OPTIONS}
