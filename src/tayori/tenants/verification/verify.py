"""Looks all the records of a domain up at once and checks them."""

import asyncio
from dataclasses import replace

from tayori.dns.answers import Lookup, Lookups
from tayori.dns.names import to_ascii
from tayori.dns.zones import find_zone
from tayori.tenants.model import RecordState
from tayori.tenants.verification.check_dkim import check_dkim
from tayori.tenants.verification.check_dmarc import (
    check_dmarc,
    next_domain,
    would_reject,
)
from tayori.tenants.verification.check_mx import check_mx
from tayori.tenants.verification.check_spf import check_spf, own_record
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.findings import FindingCode, finding
from tayori.tenants.verification.model import Expectations, Record, Verification
from tayori.tenants.verification.spf_walk import walk_spf


async def verify(domain: str, expectations: Expectations, lookups: Lookups) -> Verification:
    """Return what the DNS says now about each expected record; ValueError when it is no name.

    The cache is passed by. A record that nobody could tell about is UNKNOWN.
    """
    name = to_ascii(domain) or domain
    zone, (mx, spf), walked, keys = await asyncio.gather(
        find_zone(name, lookups, bypass_cache=True),
        _check_domain(name, expectations, lookups),
        _walk_dmarc(name, lookups),
        _check_keys(name, expectations, lookups),
    )
    zone_name = zone if isinstance(zone, str) else ""
    expected = expected_records(name, expectations, zone_name)
    dmarc = _with_conflict(check_dmarc(expected[2], name, walked), name, walked, (spf, *keys))
    records = tuple(
        replace(found, host=wanted.host)
        for wanted, found in zip(expected, (mx, spf, dmarc, *keys), strict=True)
    )
    return Verification(domain=name, records=records, zone=zone_name)


async def _check_domain(
    name: str, expectations: Expectations, lookups: Lookups
) -> tuple[Record, Record]:
    mx, spf = expected_records(name, expectations)[:2]
    exchanges, texts = await asyncio.gather(
        lookups.lookup(name, "MX", bypass_cache=True),
        lookups.lookup(name, "TXT", bypass_cache=True),
    )
    include = expectations.spf_include.lower().removesuffix(".")
    own = own_record(texts)
    walk = await walk_spf(own, name, include, lookups) if own is not None else None
    return check_mx(mx, exchanges, expectations), check_spf(spf, texts, walk, include)


async def _walk_dmarc(name: str, lookups: Lookups) -> list[tuple[str, Lookup]]:
    walked: list[tuple[str, Lookup]] = []
    while (target := next_domain(name, walked)) is not None:
        result = await lookups.lookup(f"_dmarc.{target}", "TXT", bypass_cache=True)
        walked.append((target, result))
    return walked


async def _check_keys(
    name: str, expectations: Expectations, lookups: Lookups
) -> tuple[Record, ...]:
    records = expected_records(name, expectations)[3:]
    results = await asyncio.gather(
        *(lookups.lookup(record.name, "TXT", bypass_cache=True) for record in records)
    )
    return tuple(
        check_dkim(record, result, key.public_key)
        for record, result, key in zip(records, results, expectations.keys, strict=True)
    )


def _with_conflict(
    record: Record,
    domain: str,
    walked: list[tuple[str, Lookup]],
    others: tuple[Record, ...],
) -> Record:
    """Note a policy under which our mail is refused as long as neither DKIM nor SPF is right.

    From, envelope and d= are all the domain itself, so strict alignment (adkim=s, aspf=s) holds
    whenever one of the two passes.
    """
    policy = would_reject(domain, walked)
    passing = any(other.state is not RecordState.WRONG for other in others)
    if not policy or passing:
        return record
    conflict = finding(FindingCode.DMARC_WOULD_REJECT, policy=policy, domain=domain)
    kept = tuple(each for each in record.findings if each.code is not FindingCode.RIGHT)
    return replace(record, findings=(*kept, conflict))
