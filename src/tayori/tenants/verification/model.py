"""What a domain's DNS must say, and what was found, as values."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tayori.config.tree import Domains
from tayori.dns.names import is_below
from tayori.tenants.model import DkimKey, DnsRecord, RecordGroup, RecordState
from tayori.tenants.verification.findings import Finding, FindingCode, Language


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A DKIM key by its selector; `public_key` is base64 as in `p=` (RFC 6376 3.6.1)."""

    selector: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectations:
    """What the records of a domain are held against.

    `forwards_own_mx` accepts any MX host: the customer's own server forwards what is ours.
    """

    mx_host: str
    spf_include: str
    keys: tuple[PublishedKey, ...]
    forwards_own_mx: bool = False


def expectations_of(
    domains: Domains, keys: Sequence[DkimKey], *, forwards_own_mx: bool = False
) -> Expectations:
    """Return the expectations of this installation for a domain with these keys."""
    return Expectations(
        mx_host=domains.mx_host,
        spf_include=domains.spf_include,
        keys=tuple(PublishedKey(key.selector, key.public_key) for key in keys),
        forwards_own_mx=forwards_own_mx,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One expected record and what stands in its place.

    `host` is what to enter as host at the DNS provider: `name` without the zone, "@" for the zone
    itself; None as long as the zone is not known. `current` has one found value a line.
    """

    group: RecordGroup
    type: str
    name: str
    expected: str
    host: str | None = None
    current: str = ""
    state: RecordState = RecordState.UNKNOWN
    findings: tuple[Finding, ...] = ()

    def found(self, state: RecordState, current: str, *findings: Finding) -> "Record":
        """Return the record with what a look-up said; a right one without findings says so."""
        if state is RecordState.OK and not findings:
            findings = (Finding(FindingCode.RIGHT),)
        return replace(self, state=state, current=current, findings=findings)

    def explanation(self, language: Language = "en") -> str:
        """Return the findings' sentences, one a line."""
        return "\n".join(finding.sentence(language) for finding in self.findings)

    def stored(self) -> DnsRecord:
        """Return the form that is kept with the identity."""
        return DnsRecord(
            group=self.group,
            type=self.type,
            name=self.name,
            expected=self.expected,
            current=self.current,
            state=self.state,
            note=self.explanation(),
            host=self.host,
            findings=tuple((found.code.value, found.fields) for found in self.findings),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The records of a domain as they were found.

    `zone` is the zone that holds the domain, "" when it is not known.
    """

    domain: str
    records: tuple[Record, ...]
    zone: str = ""

    @property
    def all_verified(self) -> bool | None:
        """Return True when every record is right, False when one is wrong, else None."""
        states = {record.state for record in self.records}
        if RecordState.WRONG in states:
            return False
        return True if states == {RecordState.OK} else None

    def group(self, group: RecordGroup) -> tuple[Record, ...]:
        """Return the records of a group."""
        return tuple(record for record in self.records if record.group is group)


def host_in(name: str, zone: str) -> str | None:
    """Return the host to enter at the provider of a zone for a name, None when it is elsewhere."""
    if not zone or not is_below(name, zone):
        return None
    return name.removesuffix(zone).removesuffix(".") or "@"
