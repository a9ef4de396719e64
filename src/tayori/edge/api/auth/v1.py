"""HmacSHA1 and HmacSHA256, the signature of the first version (wire facts 1.3 and 1.6).

All parameters travel together, in the query of a GET or in a form; the signature covers them as
names and raw values sorted by name. Some SDKs sign names with `_` turned into `.`, and one signs
`True` where it sends `true`, so these forms count as well.
"""

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse

SIGNATURE: Final = "Signature"
COMMON: Final = frozenset(
    {
        *("Action", "Version", "Region", "Timestamp", "Nonce", "SecretId", "Signature"),
        *("SignatureMethod", "Token", "Language", "RequestClient"),
    }
)
"""Names that belong to the protocol and to no action."""
_SHA256: Final = "HmacSHA256"
_FLAGS: Final = {"true": "True", "false": "False"}
"""How flags arrive from the asynchronous Python SDK, and how it has signed them."""
_SENT_FLAGS: Final = frozenset(_FLAGS)


def verify(
    method: str, hosts: Sequence[bytes], parameters: Mapping[str, str], secret: bytes
) -> Refusal | None:
    """Tell whether the parameters carry the right signature; None when they do."""
    given = _decoded(parameters.get(SIGNATURE, ""))
    digest = "sha256" if parameters.get("SignatureMethod") == _SHA256 else "sha1"
    for text in _texts(method, hosts, parameters):
        if hmac.compare_digest(hmac.digest(secret, text, digest), given):
            return None
    return refuse(Code.AUTH_FAILURE__SIGNATURE_FAILURE)


def string_to_sign(method: str, host: bytes, parameters: Mapping[str, str]) -> bytes:
    """Return the text that is signed for one host; `Signature` is left out."""
    signed = sorted(pair for pair in parameters.items() if pair[0] != SIGNATURE)
    pairs = "&".join(f"{name}={value}" for name, value in signed)
    return b"%b%b/?%b" % (method.encode(), host, pairs.encode())


def _texts(method: str, hosts: Sequence[bytes], parameters: Mapping[str, str]) -> Iterator[bytes]:
    forms = [parameters]
    if not _SENT_FLAGS.isdisjoint(parameters.values()):
        forms.append({name: _FLAGS.get(value, value) for name, value in parameters.items()})
    if any("_" in name for name in parameters):
        forms += [{n.replace("_", "."): value for n, value in form.items()} for form in forms]
    for form in forms:
        for host in hosts:
            yield string_to_sign(method, host, form)


def _decoded(signature: str) -> bytes:
    try:
        # A plus sign that was sent without escaping arrives as a space.
        return base64.b64decode(signature.replace(" ", "+"), validate=True)
    except (binascii.Error, ValueError):
        return b""
