"""Is our signing key published? Compared by its octets, not by the text (RFC 6376 3.6.1; pure)."""

from tayori.dns.answers import Answer, Lookup
from tayori.mail.dkim_record import DkimRecord, RecordError, parse_dkim_record
from tayori.tenants.model import RecordState
from tayori.tenants.verification.absence import absent, texts_of, without
from tayori.tenants.verification.findings import Finding, FindingCode, finding
from tayori.tenants.verification.model import Record

_TAGS = {RecordError.KEY_TYPE: "k", RecordError.HASH: "h", RecordError.SERVICE: "s"}
_SHOWN = 16


def check_dkim(record: Record, result: Lookup, public_key: str) -> Record:
    """One record at the selector's name, usable, with our key; `public_key` is its base64."""
    if not isinstance(result, Answer):
        return absent(record, result)
    texts = texts_of(result)
    current = "\n".join(texts)
    if not texts:
        return without(record, "TXT")
    if len(texts) > 1:
        several = finding(FindingCode.DKIM_SEVERAL, name=record.name, count=len(texts))
        return record.found(RecordState.WRONG, current, several)
    parsed = parse_dkim_record(texts[0])
    if isinstance(parsed, RecordError):
        return record.found(RecordState.WRONG, current, _fault(parsed))
    if not parsed.has_key(public_key):
        other = finding(FindingCode.DKIM_OTHER_KEY, found=_beginning(parsed))
        return record.found(RecordState.WRONG, current, other)
    testing = (finding(FindingCode.DKIM_TESTING),) if parsed.testing else ()
    return record.found(RecordState.OK, current, *testing)


def _fault(error: RecordError) -> Finding:
    if error is RecordError.REVOKED:
        return finding(FindingCode.DKIM_REVOKED)
    if error in _TAGS:
        return finding(FindingCode.DKIM_RESTRICTED, tag=_TAGS[error])
    return finding(FindingCode.DKIM_SYNTAX, fault=error.value)


def _beginning(record: DkimRecord) -> str:
    """Return as much of the found key as tells it from ours: keys begin alike and differ inside."""
    key = "".join(record.tags["p"].split())
    middle = len(key) // 2
    return f"…{key[middle : middle + _SHOWN]}…"
