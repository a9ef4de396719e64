"""Does mail for the domain reach us? (pure)."""

from tayori.dns.answers import Answer, Lookup, Mx
from tayori.tenants.model import RecordState
from tayori.tenants.verification.absence import absent, without
from tayori.tenants.verification.findings import Finding, FindingCode, finding
from tayori.tenants.verification.mailbox_services import by_hosts
from tayori.tenants.verification.model import Expectations, Record


def check_mx(record: Record, result: Lookup, expectations: Expectations) -> Record:
    """One of the hosts is ours, or any host where the customer's own server forwards."""
    if not isinstance(result, Answer):
        return absent(record, result)
    exchanges = result.exchanges
    if not exchanges:
        return without(record, "MX")
    current = "\n".join(f"{mx.exchange}." for mx in exchanges)
    hosts = [mx.exchange for mx in exchanges if mx.exchange]
    if not hosts:
        null = finding(FindingCode.MX_NULL, name=record.name)
        return record.found(RecordState.WRONG, current, null)
    ours = expectations.mx_host.lower().removesuffix(".")
    others = [host for host in hosts if host != ours]
    advice = _advice(record.name, others)
    if ours in hosts:
        return record.found(RecordState.OK, current, *_not_first(exchanges, ours), *advice)
    if expectations.forwards_own_mx:
        own = finding(FindingCode.MX_OWN_HOST, hosts=", ".join(hosts))
        return record.found(RecordState.OK, current, own)
    other = finding(FindingCode.MX_OTHER_HOST, hosts=", ".join(hosts), expected=ours)
    return record.found(RecordState.WRONG, current, other, *advice)


def _not_first(exchanges: tuple[Mx, ...], ours: str) -> tuple[Finding, ...]:
    """Note hosts that senders try before ours."""
    limit = min(mx.preference for mx in exchanges if mx.exchange == ours)
    before = [mx.exchange for mx in exchanges if mx.preference < limit and mx.exchange]
    if not before:
        return ()
    return (finding(FindingCode.MX_NOT_FIRST, hosts=", ".join(before), expected=ours),)


def _advice(domain: str, others: list[str]) -> tuple[Finding, ...]:
    service = by_hosts(others)
    if service is None:
        return ()
    return (finding(FindingCode.MX_MAILBOX_SERVICE, service=service.name, domain=domain),)
