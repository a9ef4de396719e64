"""Signs requests of the API as the documentation says, written apart from the code under test."""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from time import gmtime, strftime
from urllib.parse import urlencode

Headers = list[tuple[bytes, bytes]]


def tc3_authorization(
    *,
    secret_id: str,
    secret: bytes,
    timestamp: int,
    signed: Iterable[tuple[str, str]],
    method: str = "POST",
    query: str = "",
    payload: bytes = b"{}",
    service: str = "ses",
    date: str = "",
) -> bytes:
    """Return an Authorization header; `signed` are header names and values as they are signed."""
    date = date or strftime("%Y-%m-%d", gmtime(timestamp))
    lines = list(signed)
    names = ";".join(name for name, _ in lines)
    digest = hashlib.sha256(b"" if method == "GET" and payload == b"{}" else payload).hexdigest()
    block = "".join(f"{name}:{value}\n" for name, value in lines)
    canonical = f"{method}\n/\n{query}\n{block}\n{names}\n{digest}"
    scope = f"{date}/{service}/tc3_request"
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{hashed}"
    key = b"TC3" + secret
    for part in (date, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return (
        f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}"
    ).encode()


def tc3_headers(
    action: str,
    *,
    secret_id: str,
    secret: bytes,
    timestamp: int,
    host: str,
    body: bytes = b"{}",
    method: str = "POST",
    query: str = "",
    content_type: str = "application/json",
    version: str = "2020-10-02",
    **common: str,
) -> Headers:
    """Return all headers of a plainly signed request; `common` as in Language="zh-CN"."""
    authorization = tc3_authorization(
        secret_id=secret_id,
        secret=secret,
        timestamp=timestamp,
        signed=(("content-type", content_type), ("host", host)),
        method=method,
        query=query,
        payload=b"" if method == "GET" else body,
    )
    return [
        (b"Host", host.encode()),
        (b"Content-Type", content_type.encode()),
        (b"Authorization", authorization),
        (b"X-TC-Action", action.encode()),
        (b"X-TC-Version", version.encode()),
        (b"X-TC-Timestamp", str(timestamp).encode()),
        *((f"X-TC-{name}".encode(), value.encode()) for name, value in common.items()),
    ]


def v1_signature(
    method: str, host: str, parameters: Mapping[str, str], secret: bytes, digest: str = "sha1"
) -> str:
    """Return the Signature of parameters that carry everything but it."""
    pairs = "&".join(f"{name}={parameters[name]}" for name in sorted(parameters))
    text = f"{method}{host}/?{pairs}"
    return base64.b64encode(hmac.new(secret, text.encode(), digest).digest()).decode()


def v1_form(
    action: str,
    parameters: Mapping[str, str],
    *,
    secret_id: str,
    secret: bytes,
    timestamp: int,
    host: str,
    method: str = "POST",
    algorithm: str = "",
    version: str = "2020-10-02",
    nonce: str = "11886",
) -> bytes:
    """Return the query or form of a signed request; `algorithm` "" leaves SignatureMethod out."""
    everything = {
        "Action": action,
        "Version": version,
        "Timestamp": str(timestamp),
        "Nonce": nonce,
        "SecretId": secret_id,
        **({"SignatureMethod": algorithm} if algorithm else {}),
        **parameters,
    }
    digest = "sha256" if algorithm == "HmacSHA256" else "sha1"
    signature = v1_signature(method, host, everything, secret, digest)
    return urlencode({**everything, "Signature": signature}).encode()
