"""Why TLS did not come about, in the words of TLS reports (RFC 8460 4.3)."""

import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayori.refusal.saying import Saying, quote, say


class TlsResult(StrEnum):
    """The kinds of failure that reports tell apart."""

    STARTTLS_NOT_SUPPORTED = "starttls-not-supported"
    CERTIFICATE_HOST_MISMATCH = "certificate-host-mismatch"
    CERTIFICATE_EXPIRED = "certificate-expired"
    CERTIFICATE_NOT_TRUSTED = "certificate-not-trusted"
    VALIDATION_FAILURE = "validation-failure"
    """Anything else that broke the handshake."""
    TLSA_INVALID = "tlsa-invalid"
    DNSSEC_INVALID = "dnssec-invalid"
    STS_POLICY_FETCH_ERROR = "sts-policy-fetch-error"
    STS_POLICY_INVALID = "sts-policy-invalid"
    STS_WEBPKI_INVALID = "sts-webpki-invalid"


@dataclass(frozen=True, slots=True)
class TlsFault:
    """One failure with what was seen, for operators."""

    result: TlsResult
    detail: Saying

    @property
    def said(self) -> Saying:
        """Return both, the kind first."""
        return say("{result}: {detail}", result=self.result.value, detail=self.detail)

    def __str__(self) -> str:
        """Return the same in English."""
        return self.said.english


_HOST_MISMATCH: Final = frozenset({62, 63, 64})
_EXPIRED: Final = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED."""
_UNTRUSTED: Final = frozenset({2, 18, 19, 20, 21, 22, 23, 24, 27, 28})
"""No way from the certificate to a root that is trusted."""


def fault_of(error: Exception) -> TlsFault:
    """Return what an exception of a handshake says, without file names and line numbers."""
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = say("certificate not accepted: {message}", message=error.verify_message)
        return TlsFault(_by_code(error.verify_code), detail)
    if isinstance(error, ssl.SSLError) and error.reason:
        text = str(error.reason).replace("_", " ").lower()
        return TlsFault(TlsResult.VALIDATION_FAILURE, quote(text))
    return TlsFault(TlsResult.VALIDATION_FAILURE, quote(str(error)))


def _by_code(code: int) -> TlsResult:
    if code in _HOST_MISMATCH:
        return TlsResult.CERTIFICATE_HOST_MISMATCH
    if code in _EXPIRED:
        return TlsResult.CERTIFICATE_EXPIRED
    if code in _UNTRUSTED:
        return TlsResult.CERTIFICATE_NOT_TRUSTED
    return TlsResult.VALIDATION_FAILURE
