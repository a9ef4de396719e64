"""TLS of both directions: policies, contexts, certificates, and TLS as a byte machine.

TLS runs over memory buffers instead of the event loop's own layer: the moment at which clear text
ends is then exact, sessions can be resumed, and one protocol object keeps its transport.
"""

import contextlib
import datetime as dt
import ssl
import warnings
from collections import OrderedDict
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_RECORD = 16 * 1024
_SELF_SIGNED_DAYS = 3650
_REMEMBERED_SESSIONS = 4096
_LEGACY_SERVER_CONNECT = 0x4
"""SSL_OP_LEGACY_SERVER_CONNECT, which `ssl` names since Python 3.12: servers without RFC 5746."""


class TlsPolicy(StrEnum):
    """How much TLS a connection to a receiver needs."""

    NONE = "none"
    """Never: the last rung of the opportunistic ladder."""
    OPPORTUNISTIC = "opportunistic"
    """When offered, with any certificate; unauthenticated TLS beats clear text."""
    ENCRYPTED = "encrypted"
    """Always, with any certificate."""
    REQUIRED = "required"
    """Always, with a certificate that the trust roots confirm for the host's name."""
    DANE = "dane"
    """Always, with a certificate that whoever connects confirms by the host's TLSA records."""

    @property
    def may_be_clear(self) -> bool:
        """Tell whether a connection may go on without TLS."""
        return self in {TlsPolicy.NONE, TlsPolicy.OPPORTUNISTIC}


class TlsStream:
    """One TLS connection between octets; no input or output. Raises ssl.SSLError when it breaks."""

    __slots__ = ("_incoming", "_object", "_outgoing", "ended", "ready")

    def __init__(
        self,
        context: ssl.SSLContext,
        *,
        server_side: bool,
        host_name: str | None = None,
        session: ssl.SSLSession | None = None,
    ) -> None:
        self.ready = False
        """True once the handshake is done."""
        self.ended = False
        """True once the peer said close_notify."""
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming,
            self._outgoing,
            server_side=server_side,
            server_hostname=host_name,
            session=session,
        )

    def handshake(self) -> None:
        """Go on with the handshake as far as the octets so far allow; sets `ready`."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return
        self.ready = True

    def feed(self, data: bytes) -> None:
        """Take octets from the network."""
        self._incoming.write(data)

    def read(self) -> bytes:
        """Return the clear text of all complete records that were fed."""
        chunks: list[bytes] = []
        try:
            while self._incoming.pending or self._object.pending():
                chunk = self._object.read(_RECORD)
                if not chunk:
                    self.ended = True
                    break
                chunks.append(chunk)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def write(self, data: bytes) -> bytes:
        """Return the octets to send for this clear text."""
        written = self._object.write(data)
        while written < len(data):
            written += self._object.write(memoryview(data)[written:])
        return self._outgoing.read()

    def output(self) -> bytes:
        """Return what the handshake, an alert or a key update wants to send."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def close(self) -> bytes:
        """Return the octets of close_notify, without waiting for the peer's."""
        with contextlib.suppress(ssl.SSLError):
            self._object.unwrap()
        return self.output()

    @property
    def session(self) -> ssl.SSLSession | None:
        """Return what a later connection may resume; complete only after the first read."""
        return self._object.session

    @property
    def resumed(self) -> bool:
        """Tell whether the handshake was a short one."""
        return bool(self._object.session_reused)

    @property
    def chain(self) -> list[bytes]:
        """Return the certificates that the server showed, as DER, its own first; not verified."""
        # Public since Python 3.13; before that the inner object alone has it.
        shown = getattr(self._object, "get_unverified_chain", None)
        if shown is not None:
            return list(shown() or [])
        inner: Any = getattr(self._object, "_sslobj", None)
        found = inner.get_unverified_chain() or []
        return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in found]

    @property
    def text(self) -> str:
        """Return protocol and cipher, for example "TLSv1.3 TLS_AES_256_GCM_SHA384"."""
        cipher = self._object.cipher()
        return f"{self._object.version() or ''} {cipher[0] if cipher else ''}".strip()


class ClientTls:
    """The client's contexts and the sessions that may be resumed; shared by all connections.

    `trust_roots` is a PEM file or None for the system's. `minimum` is the oldest version spoken at
    all: below TLS 1.2 it is for the reduced hello only, the last resort before clear text
    (RFC 8996). Where TLS is demanded it is never below 1.2.
    """

    def __init__(
        self,
        *,
        trust_roots: Path | None = None,
        minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2,
    ) -> None:
        ordinary = max(minimum, ssl.TLSVersion.TLSv1_2)
        self._any_certificate = opportunistic_context(ordinary)
        self._required = required_context(trust_roots, ordinary)
        self._reduced = reduced_context(minimum) if minimum <= ssl.TLSVersion.TLSv1_2 else None
        self._sessions: OrderedDict[tuple[TlsPolicy, str], ssl.SSLSession] = OrderedDict()

    @property
    def has_reduced(self) -> bool:
        """Tell whether there is an older way to begin than the ordinary one."""
        return self._reduced is not None

    def stream(self, policy: TlsPolicy, host_name: str, *, reduced: bool = False) -> TlsStream:
        """Begin TLS as client towards this host; resumes an earlier session if one is known.

        With `reduced` the hello is one that old servers understand; nothing is resumed then.
        """
        if reduced and self._reduced is not None:
            return TlsStream(self._reduced, server_side=False, host_name=host_name or None)
        context = self._required if policy is TlsPolicy.REQUIRED else self._any_certificate
        return TlsStream(
            context,
            server_side=False,
            host_name=host_name or None,
            session=self._sessions.get((policy, host_name)),
        )

    def remember(self, policy: TlsPolicy, host_name: str, stream: TlsStream) -> None:
        """Keep the session of a connection that works; the oldest ones are forgotten."""
        session = stream.session
        if session is None or not session.has_ticket or policy is TlsPolicy.DANE:
            # TLSA records change: each connection is judged by the certificates that it shows.
            return
        self._sessions[policy, host_name] = session
        self._sessions.move_to_end((policy, host_name))
        if len(self._sessions) > _REMEMBERED_SESSIONS:
            self._sessions.popitem(last=False)

    def forget(self, policy: TlsPolicy, host_name: str) -> None:
        """Drop a session, because a handshake with it failed."""
        self._sessions.pop((policy, host_name), None)


def opportunistic_context(minimum: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a client context that takes any certificate and also weak keys."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # A short key still keeps passive listeners out; refusing it would mean clear text.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = minimum
    return context


def reduced_context(minimum: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a client context for old and broken servers: TLS 1.2 at most, no tickets."""
    with warnings.catch_warnings():
        # The old versions are deprecated, and here on purpose: clear text would be worse.
        warnings.simplefilter("ignore", DeprecationWarning)
        context = opportunistic_context(minimum)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET | _LEGACY_SERVER_CONNECT
    return context


def required_context(trust_roots: Path | None, minimum: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a client context that verifies chain and host name (RFC 6125)."""
    context = ssl.create_default_context(cafile=str(trust_roots) if trust_roots else None)
    context.minimum_version = minimum
    return context


def server_context(
    cert_file: Path, key_file: Path, *, minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
) -> ssl.SSLContext:
    """Return a server context from PEM files. Raises OSError or ssl.SSLError for bad files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    context.minimum_version = minimum
    # Renegotiation lets a client make the server work for nothing (TLS 1.2 and older only).
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    return context


def write_self_signed(hostname: str, *, cert_file: Path, key_file: Path, now: dt.datetime) -> None:
    """Write a new key (mode 0600) and a certificate for `hostname` (PEM, P-256, ten years).

    Existing files are replaced. For the first start, until the operator has a real certificate.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_SELF_SIGNED_DAYS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(hostname)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key_file.parent.mkdir(parents=True, exist_ok=True)
    key_file.unlink(missing_ok=True)
    key_file.touch(mode=0o600)
    key_file.write_bytes(private)
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
