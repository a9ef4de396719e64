"""Making DKIM keys. A 2048-bit key costs a core some hundred milliseconds, so ask from a thread."""

import base64

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tayori.tenants.model import DkimKey

_EXPONENT = 65_537
_LONG_BITS = 2_048


def selector_of(bits: int, short_selector: str) -> str:
    """Return the selector of a key: that of 1024-bit keys, with `2048` behind it for longer."""
    return f"{short_selector}2048" if bits == _LONG_BITS else short_selector


def make_key(bits: int, short_selector: str) -> DkimKey:
    """Make an RSA key of 1024 or 2048 bits (RFC 8301 allows verifiers to take both)."""
    private = rsa.generate_private_key(public_exponent=_EXPONENT, key_size=bits)
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return DkimKey(
        selector=selector_of(bits, short_selector),
        bits=bits,
        public_key=base64.b64encode(public).decode("ascii"),
        private_pem=private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
