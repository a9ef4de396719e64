"""Who calls: the request is read as far as its signature needs, and the signature is verified.

A request with an Authorization header is signed by TC3-HMAC-SHA256; one without carries the older
signature among its parameters, in its query or its form.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from tayori.accept.idempotency import HEADER
from tayori.edge.api.auth import tc3, v1
from tayori.edge.api.auth.hosts import signing_hosts
from tayori.edge.api.auth.moment import check_time
from tayori.edge.api.parameters import read_pairs
from tayori.edge.api.request import (
    MAX_BODY,
    MAX_FORM,
    MAX_QUERY,
    Incoming,
    Receive,
    read_body,
)
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import NOTHING, say
from tayori.tenants.model import Access

FORM: Final = b"application/x-www-form-urlencoded"
JSON: Final = b"application/json"
MULTIPART: Final = b"multipart/form-data"
_MAX_NONCE: Final = 40
_KEY_HEADER: Final = HEADER.lower().encode("ascii")


class Directory(Protocol):
    """Knows the live credentials."""

    async def by_secret_id(self, secret_id: str) -> Access | None:
        """Return who a SecretId is, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """A request with its body; `pairs` are the parameters of the older signature, else None."""

    incoming: Incoming
    body: bytes
    pairs: Mapping[str, str] | None = None

    @property
    def action(self) -> str:
        """Return the name of the action, "" when none is given."""
        return self._common("Action", b"x-tc-action")

    @property
    def version(self) -> str:
        """Return the version of the API that is wanted, "" when none is given."""
        return self._common("Version", b"x-tc-version")

    @property
    def region(self) -> str:
        """Return the region, "" when none is given."""
        return self._common("Region", b"x-tc-region")

    @property
    def language(self) -> str:
        """Return the tag of the language for messages, "" when none is given."""
        return self._common("Language", b"x-tc-language")

    @property
    def token(self) -> str:
        """Return the session token, "" when none is given."""
        return self._common("Token", b"x-tc-token")

    @property
    def idempotency_key(self) -> str | None:
        """Return the key by which the call may be repeated, None when none is given."""
        given = self.incoming.headers.get(_KEY_HEADER)
        return None if given is None else given.decode("latin-1")

    def _common(self, parameter: str, header: bytes) -> str:
        if self.pairs is not None:
            return self.pairs.get(parameter, "")
        return self.incoming.header(header)


async def take(incoming: Incoming, receive: Receive) -> Received | Refusal:
    """Read the request; refuse methods, sizes and content types that the protocol does not have."""
    if incoming.method not in {"GET", "POST"}:
        await read_body(receive, MAX_FORM)
        return refuse(Code.UNSUPPORTED_PROTOCOL)
    signed_by_header = bool(incoming.authorization)
    most = MAX_BODY if signed_by_header else MAX_FORM
    body = await read_body(receive, most)
    if body is None or len(incoming.query) > MAX_QUERY:
        return _too_large(incoming, signed_by_header=signed_by_header)
    refusal = _check_media_type(incoming, signed_by_header=signed_by_header)
    if refusal is not None:
        return refusal
    if signed_by_header:
        return Received(incoming, body)
    pairs = read_pairs(incoming.query if incoming.method == "GET" else body)
    if isinstance(pairs, Refusal):
        return pairs
    return Received(incoming, body, pairs)


class Authenticator:
    """Verifies signatures; `aliases` are host names that clients may sign beside the real one."""

    def __init__(self, directory: Directory, aliases: tuple[str, ...]) -> None:
        self._directory = directory
        self._aliases = tuple(alias.encode("latin-1") for alias in aliases)
        self._keys = tc3.KeyCache()

    async def identify(self, received: Received, now: int) -> Access | Refusal:
        """Return who signed the request, or why that cannot be told."""
        if received.pairs is not None:
            access = await self._by_parameters(received, received.pairs, now)
        else:
            access = await self._by_header(received, now)
        if received.token and isinstance(access, Access):
            return refuse(Code.AUTH_FAILURE__TOKEN_FAILURE)
        return access

    async def _by_header(self, received: Received, now: int) -> Access | Refusal:
        incoming = received.incoming
        claim = tc3.read_claim(incoming.authorization)
        if isinstance(claim, Refusal):
            return claim
        timestamp = incoming.headers.get(b"x-tc-timestamp", b"")
        late = check_time(timestamp, now, parameter="X-TC-Timestamp")
        if late is not None:
            return late
        access = await self._find(claim.secret_id)
        if isinstance(access, Refusal):
            return access
        signed = tc3.Signed(
            incoming.method.encode(),
            incoming.query,
            incoming.headers,
            received.body,
            timestamp,
            self._hosts(incoming),
        )
        return tc3.verify(claim, access.credential.secret, signed, self._keys) or access

    async def _by_parameters(
        self, received: Received, pairs: Mapping[str, str], now: int
    ) -> Access | Refusal:
        for name in ("SecretId", "Signature", "Timestamp", "Nonce"):
            if not pairs.get(name):
                return refuse(Code.MISSING_PARAMETER, parameter=name)
        if not (pairs["Nonce"].isdecimal() and len(pairs["Nonce"]) <= _MAX_NONCE):
            return refuse(
                Code.INVALID_PARAMETER_VALUE, say("It is a whole number."), parameter="Nonce"
            )
        timestamp = pairs["Timestamp"].encode()
        late = check_time(timestamp, now, parameter="Timestamp")
        if late is not None:
            return late
        access = await self._find(pairs["SecretId"])
        if isinstance(access, Refusal):
            return access
        incoming = received.incoming
        hosts = self._hosts(incoming)
        return v1.verify(incoming.method, hosts, pairs, access.credential.secret) or access

    async def _find(self, secret_id: str) -> Access | Refusal:
        access = await self._directory.by_secret_id(secret_id) if _plausible(secret_id) else None
        if access is not None:
            return access
        spaced = secret_id != "".join(secret_id.split())
        return refuse(
            Code.AUTH_FAILURE__SECRET_ID_NOT_FOUND,
            say("It contains white space.") if spaced else NOTHING,
        )

    def _hosts(self, incoming: Incoming) -> tuple[bytes, ...]:
        return signing_hosts(incoming.headers.get(b"host", b""), self._aliases)


def _plausible(secret_id: str) -> bool:
    return secret_id.isascii() and secret_id.isprintable()


def _too_large(incoming: Incoming, *, signed_by_header: bool) -> Refusal:
    if signed_by_header or incoming.method == "GET":
        limit = MAX_QUERY if incoming.method == "GET" else MAX_BODY
        return refuse(Code.REQUEST_SIZE_LIMIT_EXCEEDED, limit=limit)
    return refuse(
        Code.AUTH_FAILURE__SIGNATURE_FAILURE,
        say(
            "The request is larger than {most} bytes; sign larger ones by TC3-HMAC-SHA256.",
            most=MAX_FORM,
        ),
    )


def _check_media_type(incoming: Incoming, *, signed_by_header: bool) -> Refusal | None:
    if incoming.method == "GET":
        return None
    media_type = incoming.media_type
    if signed_by_header:
        if media_type in {JSON, MULTIPART}:
            return None
        return refuse(
            Code.INVALID_REQUEST,
            say(
                "A POST that is signed by TC3-HMAC-SHA256 needs the Content-Type "
                "application/json or multipart/form-data."
            ),
        )
    if media_type == FORM:
        return None
    return refuse(
        Code.AUTH_FAILURE__INVALID_AUTHORIZATION, say("The request has no Authorization header.")
    )
