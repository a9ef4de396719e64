"""May our machines send in the domain's name? (pure)."""

from tayori.dns.answers import Answer, Lookup
from tayori.tenants.model import RecordState
from tayori.tenants.verification.absence import absent, texts_of, without
from tayori.tenants.verification.findings import Finding, FindingCode, finding
from tayori.tenants.verification.mailbox_services import by_includes
from tayori.tenants.verification.model import Record
from tayori.tenants.verification.spf import (
    MAX_LOOKUPS,
    MAX_VOID,
    SpfRecord,
    SpfSyntaxError,
    is_spf,
    merged,
    parse_spf,
    with_include,
)
from tayori.tenants.verification.spf_walk import SpfWalk


def own_record(result: Lookup) -> SpfRecord | None:
    """Return the domain's one well-formed record, which is worth a walk, or None."""
    texts = [text for text in texts_of(result) if is_spf(text)]
    parsed = parse_spf(texts[0]) if len(texts) == 1 else None
    return parsed if isinstance(parsed, SpfRecord) else None


def check_spf(record: Record, result: Lookup, walk: SpfWalk | None, include: str) -> Record:
    """Exactly one record, which reaches our domain with a pass within the limits.

    `walk` is that of `own_record`, None when there is none; `include` is our domain.
    """
    if not isinstance(result, Answer):
        return absent(record, result)
    texts = [text for text in texts_of(result) if is_spf(text)]
    current = "\n".join(texts)
    if not texts:
        return without(record, "SPF")
    if len(texts) > 1:
        suggestion = merged(texts, include)
        several = finding(FindingCode.SPF_SEVERAL, count=len(texts), suggestion=suggestion)
        return record.found(RecordState.WRONG, current, several, *_service(texts))
    parsed = parse_spf(texts[0])
    if isinstance(parsed, SpfSyntaxError):
        fault = finding(FindingCode.SPF_SYNTAX, name=record.name, term=parsed.term)
        return record.found(RecordState.WRONG, current, fault)
    if walk is None:
        walk = SpfWalk()
    if walk.reached_after is None and walk.unanswered:
        unknown = finding(FindingCode.NO_ANSWER, detail=", ".join(walk.unanswered))
        return record.found(RecordState.UNKNOWN, current, unknown)
    problems = _problems(parsed, walk, include)
    state = RecordState.WRONG if problems else RecordState.OK
    advice = _advice(parsed, walk, include)
    return record.found(state, current, *problems, *advice, *_service(texts))


def _problems(record: SpfRecord, walk: SpfWalk, include: str) -> list[Finding]:
    if walk.reached_after is None:
        suggestion = with_include(record.text, include)
        code = FindingCode.SPF_NOT_INCLUDED
        if walk.not_passing:
            code = FindingCode.SPF_NOT_PASSING
        elif _behind_all(record, include):
            code = FindingCode.SPF_AFTER_ALL
        return [finding(code, include=include, suggestion=suggestion), *walk.broken]
    if walk.reached_after > MAX_LOOKUPS:
        count, limit = walk.reached_after, MAX_LOOKUPS
        code = FindingCode.SPF_TOO_MANY_LOOKUPS
        return [finding(code, count=count, limit=limit, include=include), *walk.broken]
    return list(walk.broken)


def _behind_all(record: SpfRecord, include: str) -> bool:
    seen_all = False
    for mechanism in record.mechanisms:
        seen_all = seen_all or mechanism.name == "all"
        if seen_all and mechanism.name == "include" and mechanism.domain == include:
            return True
    return False


def _advice(record: SpfRecord, walk: SpfWalk, include: str) -> list[Finding]:
    found: list[Finding] = []
    if walk.ours_empty:
        found.append(finding(FindingCode.SPF_OURS_EMPTY, include=include))
    if walk.lookups > MAX_LOOKUPS and (walk.reached_after or 0) <= MAX_LOOKUPS:
        code = FindingCode.SPF_LOOKUPS_HIGH
        found.append(finding(code, count=walk.lookups, limit=MAX_LOOKUPS))
    void = [name for name in walk.void if name != include]
    if len(void) > MAX_VOID:
        names = ", ".join(void)
        code = FindingCode.SPF_VOID_LOOKUPS
        found.append(finding(code, count=len(void), limit=MAX_VOID, names=names))
    if walk.unanswered:
        names = ", ".join(walk.unanswered)
        found.append(finding(FindingCode.SPF_NOT_COUNTED, names=names))
    if record.all is not None and record.all.qualifier == "+":
        found.append(finding(FindingCode.SPF_ALLOWS_ALL))
    return found


def _service(texts: list[str]) -> list[Finding]:
    includes = [
        mechanism.domain
        for text in texts
        if isinstance(parsed := parse_spf(text), SpfRecord)
        for mechanism in parsed.mechanisms
        if mechanism.name == "include"
    ]
    service = by_includes(includes)
    return [finding(FindingCode.SPF_MAILBOX_SERVICE, service=service.name)] if service else []
