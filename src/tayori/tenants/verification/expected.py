"""The records that a customer publishes for a sender domain (pure)."""

from tayori.dns.names import to_ascii
from tayori.mail.dkim_record import record_text
from tayori.tenants.model import RecordGroup
from tayori.tenants.verification.findings import Finding, FindingCode
from tayori.tenants.verification.model import Expectations, Record, host_in


def expected_records(domain: str, expectations: Expectations, zone: str = "") -> tuple[Record, ...]:
    """Return the four groups MX, SPF, DMARC, DKIM: one record each, DKIM one for each key.

    `zone` is the zone that holds the domain (`tayori.dns.zones.find_zone`); with it each record
    says what to enter as host. The states are UNKNOWN. ValueError when the domain is no name.
    """
    name = to_ascii(domain)
    if name is None:
        raise ValueError(f"{domain!r} is no domain name")
    values = [
        (RecordGroup.MX, "MX", name, f"{expectations.mx_host.removesuffix('.')}."),
        (RecordGroup.SPF, "TXT", name, f"v=spf1 include:{expectations.spf_include} ~all"),
        (RecordGroup.DMARC, "TXT", f"_dmarc.{name}", "v=DMARC1; p=none"),
    ]
    values += [
        (RecordGroup.DKIM, "TXT", f"{key.selector}._domainkey.{name}", record_text(key.public_key))
        for key in expectations.keys
    ]
    return tuple(
        Record(
            group=group,
            type=record_type,
            name=owner,
            expected=value,
            host=host_in(owner, zone),
            findings=(Finding(FindingCode.NOT_LOOKED),),
        )
        for group, record_type, owner, value in values
    )
