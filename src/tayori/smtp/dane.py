"""A server's certificates against TLSA records (RFC 6698, 7671, 7672). Pure.

Only usages 2 and 3 count for SMTP; records of usage 0 and 1, and damaged ones, are unusable
(RFC 7672 3.1.3). A host all of whose records are unusable still has to be encrypted.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from tayori.dns.answers import Tlsa
from tayori.refusal.saying import say
from tayori.smtp.tls_fault import TlsFault, TlsResult

DANE_TA: Final = 2
DANE_EE: Final = 3
_LENGTHS: Final = {1: 32, 2: 64}
"""Octets of a record's data by matching type: SHA-256, SHA-512."""
_LONGEST_CHAIN: Final = 20


def usable(records: Iterable[Tlsa]) -> tuple[Tlsa, ...]:
    """Return the records that can be matched, the strongest digests only (RFC 7671 9)."""
    good = [record for record in records if _is_usable(record)]
    best: dict[tuple[int, int], int] = {}
    for record in good:
        kind = (record.usage, record.selector)
        best[kind] = max(best.get(kind, 0), record.matching_type)
    return tuple(
        record
        for record in good
        if record.matching_type in {0, best[record.usage, record.selector]}
    )


def _is_usable(record: Tlsa) -> bool:
    if record.usage not in {DANE_TA, DANE_EE} or record.selector not in {0, 1}:
        return False
    if record.matching_type == 0:
        return bool(record.data)
    return _LENGTHS.get(record.matching_type) == len(record.data)


def check_chain(
    records: Sequence[Tlsa], chain: Sequence[bytes], names: Sequence[str], now: dt.datetime
) -> TlsFault | None:
    """Return why no usable record confirms the server's certificates (DER, its own first), or None.

    With usage 3 the match is all; with usage 2 the chain has to lead to the certificate that
    matches, be valid now, and name one of `names` (RFC 7672 3.1, 3.2).
    """
    certificates = _read(chain)
    if not certificates:
        return TlsFault(
            TlsResult.TLSA_INVALID, say("the server showed no certificate that can be read")
        )
    leaf = certificates[0]
    if any(r.usage == DANE_EE and matches(r, leaf) for r in records):
        return None
    anchors = [
        certificate
        for record in records
        if record.usage == DANE_TA
        for certificate in (*certificates[1:], *_given(record))
        if matches(record, certificate)
    ]
    fault: TlsFault | None = None
    for anchor in anchors:
        fault = _verify(leaf, certificates[1:], anchor, names, now)
        if fault is None:
            return None
    return fault or TlsFault(
        TlsResult.TLSA_INVALID, say("none of the TLSA records matches the server's certificates")
    )


def matches(record: Tlsa, certificate: x509.Certificate) -> bool:
    """Tell whether a usable record stands for a certificate or its key (RFC 6698 2.1)."""
    data = _selected(record.selector, certificate)
    if data is None:
        return False
    if record.matching_type == 1:
        data = hashlib.sha256(data).digest()
    elif record.matching_type == 2:  # noqa: PLR2004 - SHA-512, RFC 6698 2.1.3
        data = hashlib.sha512(data).digest()
    return data == record.data


def _selected(selector: int, certificate: x509.Certificate) -> bytes | None:
    if selector == 0:
        return certificate.public_bytes(Encoding.DER)
    try:
        return certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, UnsupportedAlgorithm):
        return None


def _given(record: Tlsa) -> list[x509.Certificate]:
    """Return the anchor that a record itself contains: servers may leave it out of their chain."""
    return _read([record.data]) if (record.selector, record.matching_type) == (0, 0) else []


def _read(chain: Iterable[bytes]) -> list[x509.Certificate]:
    certificates = []
    for der in list(chain)[:_LONGEST_CHAIN]:
        try:
            certificates.append(x509.load_der_x509_certificate(der))
        except ValueError:
            break
    return certificates


def _verify(
    leaf: x509.Certificate,
    others: Sequence[x509.Certificate],
    anchor: x509.Certificate,
    names: Sequence[str],
    now: dt.datetime,
) -> TlsFault | None:
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        return TlsFault(
            TlsResult.CERTIFICATE_EXPIRED, say("the certificate is not valid at this time")
        )
    said = ""
    for name in names:
        try:
            verifier = _builder(anchor, now).build_server_verifier(x509.DNSName(name))
            verifier.verify(leaf, list(others))
        except (VerificationError, ValueError, UnsupportedAlgorithm) as error:
            said = str(error)
        else:
            return None
    mismatch = "subject" in said.lower() or "name" in said.lower()
    result = TlsResult.CERTIFICATE_HOST_MISMATCH if mismatch else TlsResult.CERTIFICATE_NOT_TRUSTED
    detail = say("the way to the anchor of the TLSA record does not hold: {said}", said=said)
    return TlsFault(result, detail)


def _builder(anchor: x509.Certificate, now: dt.datetime) -> PolicyBuilder:
    # Anchors of DANE are anybody's own authorities: what the web demands of public ones is not
    # asked of them, only a chain of signatures, dates, and the name.
    named = ExtensionPolicy.permit_all().require_present(
        x509.SubjectAlternativeName, Criticality.AGNOSTIC, None
    )
    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.AGNOSTIC, None
    )
    return (
        PolicyBuilder()
        .store(Store([anchor]))
        .time(now)
        .extension_policies(ca_policy=authority, ee_policy=named)
    )
