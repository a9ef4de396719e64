"""Classes by enhanced status code (RFC 3463, the registry of RFC 5248, RFC 7372, RFC 7505)."""

from tayori.classify.model import BounceClass

BY_SUBJECT_AND_DETAIL: dict[str, BounceClass] = {
    "1.1": BounceClass.UNKNOWN_USER,
    "1.2": BounceClass.DNS,
    "1.3": BounceClass.UNKNOWN_USER,
    "1.6": BounceClass.MOVED,
    "1.10": BounceClass.DNS,  # null MX, RFC 7505
    "2.0": BounceClass.INACTIVE,
    "2.1": BounceClass.INACTIVE,
    "2.2": BounceClass.MAILBOX_FULL,
    "2.3": BounceClass.TOO_LARGE,
    "3.1": BounceClass.SYSTEM,
    "3.2": BounceClass.SYSTEM,
    "3.4": BounceClass.TOO_LARGE,
    "4.1": BounceClass.NETWORK,
    "4.2": BounceClass.NETWORK,
    "4.4": BounceClass.DNS,
    "4.5": BounceClass.RATE_LIMITED,
    "4.6": BounceClass.LOOP,
    "4.7": BounceClass.EXPIRED,
    "5.0": BounceClass.PROTOCOL,
    "5.1": BounceClass.PROTOCOL,
    "5.2": BounceClass.PROTOCOL,
    "5.3": BounceClass.RATE_LIMITED,
    "5.4": BounceClass.PROTOCOL,
    "6.7": BounceClass.PROTOCOL,  # UTF-8 addresses are not supported, RFC 6531
    "7.0": BounceClass.POLICY,
    "7.1": BounceClass.POLICY,
    "7.7": BounceClass.CONTENT,
    "7.20": BounceClass.AUTHENTICATION,  # no passing DKIM signature, RFC 7372
    "7.21": BounceClass.AUTHENTICATION,
    "7.22": BounceClass.AUTHENTICATION,
    "7.23": BounceClass.AUTHENTICATION,  # SPF failed
    "7.24": BounceClass.AUTHENTICATION,
    "7.25": BounceClass.REPUTATION,  # reverse DNS of our address
    "7.26": BounceClass.AUTHENTICATION,  # several checks failed
    "7.27": BounceClass.AUTHENTICATION,
    "7.28": BounceClass.REPUTATION,  # mail flood
}

OWN_WORDS: dict[str, BounceClass] = {
    "7.4": BounceClass.TLS,  # no STARTTLS where it is demanded
    "7.5": BounceClass.TLS,  # a certificate or handshake that is not good enough
    "7.30": BounceClass.TLS,  # REQUIRETLS cannot be kept, RFC 8689
}
"""Codes with which we say ourselves why a mail waits; in receivers' mouths they are vague."""


def by_own_words(enhanced: str) -> BounceClass | None:
    """Return the class of a code of ours, or None."""
    detail = enhanced.partition(".")[2]
    return OWN_WORDS.get(detail) or BY_SUBJECT_AND_DETAIL.get(detail)


def by_enhanced(enhanced: str) -> BounceClass | None:
    """Return the class of "x.y.z", or None when the code says nothing definite."""
    return BY_SUBJECT_AND_DETAIL.get(enhanced.partition(".")[2])
