"""TC3-HMAC-SHA256, the signature of the third version (wire facts 1.2 and 1.6).

A signature is right when any of the forms that the SDKs are known to sign gives it: the Host as
received, without its port, or a configured alias; header values as sent or in lower case; content
types that some SDKs sign but do not send. What is signed is always what is acted upon: the body,
the raw query of a GET, and every header that the client listed.
"""

import hashlib
import hmac
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from tayori.edge.api.auth.moment import utc_date
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import NOTHING, Saying, say

UNSIGNED_PAYLOAD: Final = b"UNSIGNED-PAYLOAD"
SKIP: Final = b"SKIP"
_EMPTY_HASH: Final = hashlib.sha256(b"").hexdigest().encode()
_USUAL: Final = b"content-type;host"
_SPECIAL: Final = (b"content-type", b"host")
_CHARSET: Final = b"; charset=utf-8"
_FORM: Final = b"application/x-www-form-urlencoded"
_MAX_HEADERS: Final = 32
_AUTHORIZATION: Final = re.compile(
    rb"TC3-HMAC-SHA256\s+Credential=([^/,]{1,200})/(\d{4}-\d\d-\d\d)/([^/,]{1,255})/tc3_request"
    rb"\s*,\s*SignedHeaders=([!-+\--~]{1,2000})\s*,\s*Signature=([0-9A-Fa-f]{64})\s*\Z"
)


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What the Authorization header claims; `signed` is the list of headers as it was sent.

    `signature` is in lower-case hexadecimal digits.
    """

    secret_id: str
    date: bytes
    service: bytes
    signed: bytes
    signature: bytes


class Signed(msgspec.Struct, frozen=True):
    """What a client signed, as it arrived; header names in lower case, `query` raw."""

    method: bytes
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes
    timestamp: bytes
    hosts: tuple[bytes, ...]


class KeyCache:
    """Derived keys of good signatures, bounded; the one unused for longest goes first."""

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._keys: OrderedDict[tuple[str, bytes, bytes], tuple[bytes, bytes]] = OrderedDict()

    def recall(self, claim: Claim, secret: bytes) -> bytes | None:
        """Return the key for the claim's day and service, if the secret is still the same."""
        name = (claim.secret_id, claim.date, claim.service)
        kept = self._keys.get(name)
        if kept is None or kept[0] != secret:
            return None
        self._keys.move_to_end(name)
        return kept[1]

    def keep(self, claim: Claim, secret: bytes, key: bytes) -> None:
        """Remember a key that verified a signature."""
        name = (claim.secret_id, claim.date, claim.service)
        self._keys[name] = (secret, key)
        self._keys.move_to_end(name)
        if len(self._keys) > self._size:
            self._keys.popitem(last=False)

    def __len__(self) -> int:
        return len(self._keys)


def read_claim(authorization: bytes) -> Claim | Refusal:
    """Read the Authorization header; InvalidAuthorization says what is wrong with it."""
    found = _AUTHORIZATION.match(authorization)
    if found is None:
        if authorization.strip() == SKIP:
            return refuse(Code.AUTH_FAILURE, say("Authorization: SKIP is not accepted here."))
        return _malformed(_fault(authorization))
    secret_id, date, service, signed, signature = found.groups()
    if signed != _USUAL:
        listed = signed.lower().split(b";")
        if b"content-type" not in listed or b"host" not in listed:
            return _malformed(say("SignedHeaders must list content-type and host."))
        if len(listed) > _MAX_HEADERS:
            return _malformed(say("SignedHeaders may list {most} headers.", most=_MAX_HEADERS))
    return Claim(secret_id.decode("latin-1"), date, service, signed, signature.lower())


def verify(claim: Claim, secret: bytes, request: Signed, keys: KeyCache) -> Refusal | None:
    """Tell whether the signature is right; None when it is. `timestamp` must have been checked."""
    if claim.date != utc_date(request.timestamp):
        return refuse(
            Code.AUTH_FAILURE__SIGNATURE_FAILURE,
            say("The date in Credential must be the date in UTC of X-TC-Timestamp."),
        )
    known = keys.recall(claim, secret)
    key = known or derive_key(secret, claim.date, claim.service)
    before, after = _frame(request, claim.signed)
    for block in _header_blocks(claim.signed, request):
        text = string_to_sign(claim, request.timestamp, before + block + after)
        made = hmac.digest(key, text, "sha256").hex().encode()
        if hmac.compare_digest(made, claim.signature):
            if known is None:
                keys.keep(claim, secret, key)
            return None
    absent = _absent(claim.signed, request)
    return refuse(
        Code.AUTH_FAILURE__SIGNATURE_FAILURE,
        say("SignedHeaders lists {absent}, which the request does not have.", absent=absent)
        if absent
        else NOTHING,
    )


def derive_key(secret: bytes, date: bytes, service: bytes) -> bytes:
    """Return the key that signs for one day and one service."""
    of_date = hmac.digest(b"TC3" + secret, date, "sha256")
    of_service = hmac.digest(of_date, service, "sha256")
    return hmac.digest(of_service, b"tc3_request", "sha256")


def canonical_request(request: Signed, headers: bytes, signed: bytes) -> bytes:
    """Return the text whose hash is signed; `headers` is the block of `name:value` lines."""
    before, after = _frame(request, signed)
    return before + headers + after


def string_to_sign(claim: Claim, timestamp: bytes, canonical: bytes) -> bytes:
    """Return the text that the derived key signs."""
    return b"TC3-HMAC-SHA256\n%b\n%b/%b/tc3_request\n%b" % (
        timestamp,
        claim.date,
        claim.service,
        hashlib.sha256(canonical).hexdigest().encode(),
    )


def _frame(request: Signed, signed: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and behind the header block of the canonical request."""
    query = request.query if request.method == b"GET" else b""
    before = b"%b\n/\n%b\n" % (request.method, query)
    return before, b"\n%b\n%b" % (signed, _payload_hash(request))


def _header_blocks(signed: bytes, request: Signed) -> Iterator[bytes]:
    """Yield the header blocks that clients are known to sign, the likeliest first."""
    sent = request.headers.get(b"content-type", b"")
    if signed == _USUAL and request.hosts:
        yield b"content-type:%b\nhost:%b\n" % (sent, request.hosts[0])
    names = sorted(signed.lower().split(b";"))
    if _absent(signed, request):
        return
    others = _other_values(names, request.headers)
    for content_type in _content_types(request.method, sent):
        for host in request.hosts:
            for values in others:
                values[b"content-type"], values[b"host"] = content_type, host
                yield b"".join(b"%b:%b\n" % (name, values[name]) for name in names)


def _other_values(names: list[bytes], sent: Mapping[bytes, bytes]) -> list[dict[bytes, bytes]]:
    """Return the values of the listed headers in lower case, and as sent where that differs."""
    raw = {name: sent.get(name, b"").strip() for name in names if name not in _SPECIAL}
    lowered = {name: value.lower() for name, value in raw.items()}
    return [lowered] if lowered == raw else [lowered, raw]


def _content_types(method: bytes, sent: bytes) -> tuple[bytes, ...]:
    """Return the content types that may have been signed: as sent, lower, and SDK habits."""
    sent = sent.strip()
    bare = sent.lower().partition(b";")[0].strip()
    tried = [sent, sent.lower()]
    if b"multipart" not in bare:
        tried += [bare, bare + _CHARSET]
    if method == b"GET":
        # Some HTTP libraries drop the content type of a GET that the SDK has signed.
        tried += [_FORM, _FORM + _CHARSET]
    return tuple(dict.fromkeys(tried))


def _payload_hash(request: Signed) -> bytes:
    if request.headers.get(b"x-tc-content-sha256") == UNSIGNED_PAYLOAD:
        return hashlib.sha256(UNSIGNED_PAYLOAD).hexdigest().encode()
    if request.method == b"GET":
        return _EMPTY_HASH
    return hashlib.sha256(request.body).hexdigest().encode()


def _absent(signed: bytes, request: Signed) -> str:
    for name in signed.lower().split(b";"):
        dropped = name == b"content-type" and request.method == b"GET"
        if name not in request.headers and not dropped:
            return name.decode("latin-1")
    return ""


def _malformed(saying: Saying) -> Refusal:
    return refuse(Code.AUTH_FAILURE__INVALID_AUTHORIZATION, saying)


def _fault(authorization: bytes) -> Saying:
    if not authorization.startswith(b"TC3-HMAC-SHA256"):
        return say("It must begin with TC3-HMAC-SHA256.")
    for part in (b"Credential=", b"SignedHeaders=", b"Signature="):
        if part not in authorization:
            return say("It has no {part}.", part=part.decode()[:-1])
    if not re.search(rb"Credential=[^/,]+/\d{4}-\d\d-\d\d/[^/,]+/tc3_request", authorization):
        return say("Credential must be <SecretId>/<YYYY-MM-DD>/<service>/tc3_request.")
    if not re.search(rb"Signature=[0-9A-Fa-f]{64}\s*\Z", authorization):
        return say("Signature must be 64 hexadecimal digits at the end.")
    return say("Its parts must be Credential, SignedHeaders, Signature, in this order.")
