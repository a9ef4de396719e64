"""What a look-up without usable records means for a record (pure)."""

from tayori.dns.answers import Answer, Lookup, NoData, NoSuchName, TemporaryFailure
from tayori.tenants.model import RecordState
from tayori.tenants.verification.findings import FindingCode, finding
from tayori.tenants.verification.model import Record


def absent(record: Record, result: NoSuchName | NoData | TemporaryFailure) -> Record:
    """Return the record for a look-up that brought none: WRONG for a definite no, else UNKNOWN."""
    match result:
        case TemporaryFailure():
            unknown = finding(FindingCode.NO_ANSWER, detail=result.detail)
            return record.found(RecordState.UNKNOWN, "", unknown)
        case NoSuchName():
            found = finding(FindingCode.NO_SUCH_NAME, name=record.name)
        case NoData():
            found = finding(FindingCode.NO_RECORD, name=record.name, type=record.type)
    return record.found(RecordState.WRONG, "", found)


def without(record: Record, kind: str) -> Record:
    """Return the record for a name that has records, but none of this kind."""
    found = finding(FindingCode.NO_RECORD, name=record.name, type=kind)
    return record.found(RecordState.WRONG, "", found)


def texts_of(result: Lookup) -> list[str]:
    """Return the TXT records of a look-up as text; octets beyond UTF-8 stay visible."""
    if not isinstance(result, Answer):
        return []
    return [text.decode("utf-8", "backslashreplace") for text in result.texts]
