"""TC3-HMAC-SHA256: the published vector, and what each SDK really signs."""

import hashlib
import hmac
from time import gmtime, strftime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.edge.api.auth import tc3
from tayori.edge.api.auth.hosts import signing_hosts
from tayori.edge.api.auth.moment import check_time, utc_date
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal

ID = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE"
SECRET = b"Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
NOW_S = 1_790_000_000
ALIASES = (b"ses.tencentcloudapi.com", b"ses.intl.tencentcloudapi.com")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def sign(
    *,
    method="POST",
    body=b"{}",
    query=b"",
    service="ses",
    signed=(("content-type", JSON), ("host", "127.0.0.1:8025")),
    timestamp=NOW_S,
    secret=SECRET,
    date=None,
    payload=None,
):
    """Sign as the documentation says, written apart from the code under test."""
    date = date or strftime("%Y-%m-%d", gmtime(timestamp))
    headers = "".join(f"{name}:{value}\n" for name, value in signed)
    names = ";".join(name for name, _ in signed)
    payload = (b"" if method == "GET" else body) if payload is None else payload
    canonical = "\n".join(
        [method, "/", query.decode(), headers, names, hashlib.sha256(payload).hexdigest()]
    )
    scope = f"{date}/{service}/tc3_request"
    text = "\n".join(
        [
            "TC3-HMAC-SHA256",
            str(timestamp),
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = b"TC3" + secret
    for part in (date, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return (
        f"TC3-HMAC-SHA256 Credential={ID}/{scope}, SignedHeaders={names}, Signature={signature}"
    ).encode()


def check(authorization, headers, *, method=b"POST", body=b"{}", query=b"", now=NOW_S, keys=None):
    claim = tc3.read_claim(authorization)
    if isinstance(claim, Refusal):
        return claim
    sent = {name.encode(): value.encode() for name, value in headers.items()}
    request = tc3.Signed(
        method, query, sent, body, str(now).encode(), signing_hosts(sent[b"host"], ALIASES)
    )
    return tc3.verify(claim, SECRET, request, tc3.KeyCache() if keys is None else keys)


def test_the_published_vector():
    request = tc3.Signed(
        b"GET",
        b"Limit=10&Offset=0",
        {b"content-type": FORM.encode(), b"host": b"cvm.tencentcloudapi.com"},
        b"",
        b"1539084154",
        (b"cvm.tencentcloudapi.com",),
    )
    block = b"content-type:application/x-www-form-urlencoded\nhost:cvm.tencentcloudapi.com\n"
    canonical = tc3.canonical_request(request, block, b"content-type;host")
    assert hashlib.sha256(canonical).hexdigest() == (
        "91c9c192c14460df6c1ffc69e34e6c5e90708de2a6d282cccf957dbf1aa7f3a7"
    )
    claim = tc3.read_claim(
        b"TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2018-10-09/cvm/"
        b"tc3_request, SignedHeaders=content-type;host, Signature="
        b"5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474"
    )
    assert isinstance(claim, tc3.Claim)
    assert claim.secret_id == ID
    assert tc3.verify(claim, SECRET, request, tc3.KeyCache()) is None


# Each row: what the client signed, and what reaches the server.
HABITS = {
    "python and go: endpoint with port": (
        {"signed": (("content-type", JSON), ("host", "127.0.0.1:8025"))},
        {"content-type": JSON, "host": "127.0.0.1:8025"},
    ),
    "node: host without port, service from the host": (
        {"signed": (("content-type", JSON), ("host", "127.0.0.1")), "service": "127"},
        {"content-type": JSON, "host": "127.0.0.1:8025"},
    ),
    "node: localhost with its port as the service": (
        {
            "signed": (("content-type", JSON), ("host", "localhost")),
            "service": "localhost:8080",
        },
        {"content-type": JSON, "host": "localhost:8080"},
    ),
    "java: charset, service from the host": (
        {
            "signed": (
                ("content-type", "application/json; charset=utf-8"),
                ("host", "mail.example.org:8025"),
            ),
            "service": "mail",
        },
        {"content-type": "application/json; charset=utf-8", "host": "mail.example.org:8025"},
    ),
    "net: signs the charset, sends another letter case": (
        {"signed": (("content-type", "application/json; charset=utf-8"), ("host", "h.example"))},
        {"content-type": "application/json; charset=UTF-8", "host": "h.example"},
    ),
    "net: signs the charset, sends none": (
        {"signed": (("content-type", "application/json; charset=utf-8"), ("host", "h.example"))},
        {"content-type": JSON, "host": "h.example"},
    ),
    "raw: charset in capitals, signed as sent": (
        {"signed": (("content-type", "application/json; charset=UTF-8"), ("host", "h.example"))},
        {"content-type": "application/json; charset=UTF-8", "host": "h.example"},
    ),
    "raw: a hard-coded host of the original service": (
        {
            "signed": (
                ("content-type", "application/json; charset=utf-8"),
                ("host", "ses.tencentcloudapi.com"),
            )
        },
        {"content-type": "application/json; charset=utf-8", "host": "10.0.0.1:80"},
    ),
    "raw: the international host": (
        {"signed": (("content-type", JSON), ("host", "ses.intl.tencentcloudapi.com"))},
        {"content-type": JSON, "host": "relay.example"},
    ),
    "samples: action signed in lower case": (
        {
            "signed": (
                ("content-type", "application/json; charset=utf-8"),
                ("host", "h.example"),
                ("x-tc-action", "sendemail"),
            )
        },
        {
            "content-type": "application/json; charset=utf-8",
            "host": "h.example",
            "x-tc-action": "SendEmail",
        },
    ),
    "sdk: action signed as sent": (
        {
            "signed": (
                ("content-type", JSON),
                ("host", "h.example"),
                ("x-tc-action", "SendEmail"),
            )
        },
        {"content-type": JSON, "host": "h.example", "x-tc-action": "SendEmail"},
    ),
    "raw: six headers": (
        {
            "signed": (
                ("content-type", JSON),
                ("host", "h.example"),
                ("x-tc-action", "sendemail"),
                ("x-tc-language", "en-us"),
                ("x-tc-timestamp", str(NOW_S)),
                ("x-tc-version", "2020-10-02"),
            )
        },
        {
            "content-type": JSON,
            "host": "h.example",
            "x-tc-action": "SendEmail",
            "x-tc-language": "en-US",
            "x-tc-timestamp": str(NOW_S),
            "x-tc-version": "2020-10-02",
        },
    ),
    "python: unsigned payload": (
        {
            "signed": (("content-type", JSON), ("host", "h.example")),
            "payload": b"UNSIGNED-PAYLOAD",
        },
        {
            "content-type": JSON,
            "host": "h.example",
            "x-tc-content-sha256": "UNSIGNED-PAYLOAD",
        },
    ),
    "python: multipart": (
        {
            "signed": (
                ("content-type", "multipart/form-data; boundary=aB09"),
                ("host", "h.example"),
            )
        },
        {"content-type": "multipart/form-data; boundary=aB09", "host": "h.example"},
    ),
    "ipv6": (
        {"signed": (("content-type", JSON), ("host", "[::1]"))},
        {"content-type": JSON, "host": "[::1]:8025"},
    ),
}
GETS = {
    "python: raw query with plus signs": (
        {
            "signed": (("content-type", FORM), ("host", "h.example")),
            "query": b"FromEmailAddress=x+%3Ca%40b.c%3E&Subject=a+b&Destination.0=q%40w.e",
        },
        {"content-type": FORM, "host": "h.example"},
    ),
    "java: unsorted query": (
        {"signed": (("content-type", FORM), ("host", "h.example")), "query": b"b=1&a=2"},
        {"content-type": FORM, "host": "h.example"},
    ),
    "net: content type of a GET with charset, not sent": (
        {
            "signed": (("content-type", f"{FORM}; charset=utf-8"), ("host", "h.example")),
            "query": b"a=1",
        },
        {"host": "h.example"},
    ),
    "a library that drops the content type of a GET": (
        {"signed": (("content-type", FORM), ("host", "h.example")), "query": b"a=1"},
        {"host": "h.example"},
    ),
}


@pytest.mark.parametrize("habit", HABITS)
def test_what_clients_sign_is_accepted(habit):
    signing, headers = HABITS[habit]
    assert check(sign(**signing), headers) is None


@pytest.mark.parametrize("habit", GETS)
def test_what_clients_sign_for_a_get_is_accepted(habit):
    signing, headers = GETS[habit]
    found = check(
        sign(method="GET", **signing), headers, method=b"GET", query=signing["query"], body=b""
    )
    assert found is None


def code_of(found):
    assert isinstance(found, Refusal)
    return found.code


SENT = {"content-type": JSON, "host": "127.0.0.1:8025"}


@pytest.mark.parametrize(
    ("signing", "sent"),
    [
        ({"secret": b"another"}, SENT),
        ({"body": b'{"a":1}'}, SENT),
        ({"method": "GET"}, SENT),
        ({"timestamp": NOW_S + 1}, SENT),
        ({"signed": (("content-type", JSON), ("host", "evil.example"))}, SENT),
        ({"signed": (("content-type", "text/html"), ("host", "127.0.0.1:8025"))}, SENT),
        ({"date": "2026-01-01"}, SENT),
        (
            {
                "signed": (
                    ("content-type", JSON),
                    ("host", "127.0.0.1:8025"),
                    ("x-tc-action", "x"),
                )
            },
            SENT | {"x-tc-action": "SendEmail"},
        ),
        (
            {
                "signed": (
                    ("content-type", JSON),
                    ("host", "127.0.0.1:8025"),
                    ("x-tc-absent", "x"),
                )
            },
            SENT,
        ),
        ({"payload": b"UNSIGNED-PAYLOAD"}, SENT),
    ],
)
def test_what_differs_from_the_signature_is_refused(signing, sent):
    assert code_of(check(sign(**signing), sent)) is Code.AUTH_FAILURE__SIGNATURE_FAILURE


def test_a_local_date_in_the_scope_is_explained():
    found = check(sign(date="2026-09-30"), SENT)
    assert code_of(found) is Code.AUTH_FAILURE__SIGNATURE_FAILURE
    assert "UTC" in found.detail


@pytest.mark.parametrize(
    ("header", "word"),
    [
        (b"", "begin"),
        (b"Bearer x", "begin"),
        (b"TC3-HMAC-SHA256", "Credential"),
        (b"TC3-HMAC-SHA256 Credential=a/2026-01-01/ses/tc3_request", "SignedHeaders"),
        (
            b"TC3-HMAC-SHA256 Credential=a/2026-01-01/ses/tc3_request, SignedHeaders=host",
            "Signature",
        ),
        (
            b"TC3-HMAC-SHA256 Credential=a/2026/ses/tc3_request, SignedHeaders=host, Signature=00",
            "SecretId",
        ),
        (
            (
                b"TC3-HMAC-SHA256 Credential=a/2026-01-01/ses/tc3_request, "
                b"SignedHeaders=content-type;host, Signature=00"
            ),
            "64",
        ),
        (
            b"TC3-HMAC-SHA256 Credential=a/2026-01-01/ses/tc3_request, SignedHeaders=host, "
            b"Signature=" + b"0" * 64,
            "content-type",
        ),
        (
            b"TC3-HMAC-SHA256 SignedHeaders=content-type;host, Signature="
            + b"0" * 64
            + b", Credential=a/2026-01-01/ses/tc3_request",
            "64",
        ),
    ],
)
def test_a_malformed_header_is_explained(header, word):
    found = tc3.read_claim(header)
    assert code_of(found) is Code.AUTH_FAILURE__INVALID_AUTHORIZATION
    assert word in found.detail


def test_skip_is_refused():
    assert code_of(tc3.read_claim(b"SKIP")) is Code.AUTH_FAILURE


@given(st.binary(max_size=300))
def test_any_header_gets_an_answer(header):
    assert isinstance(tc3.read_claim(header), Refusal)


@given(st.binary(max_size=300))
def test_any_ending_gets_an_answer(ending):
    found = tc3.read_claim(b"TC3-HMAC-SHA256 Credential=a/2026-01-01/ses/tc3_request" + ending)
    assert isinstance(found, Refusal | tc3.Claim)


def test_only_good_signatures_fill_the_cache_and_it_is_bounded():
    keys = tc3.KeyCache(size=3)
    for number in range(10):
        check(sign(service=f"bad{number}", secret=b"no"), SENT, keys=keys)
    assert len(keys) == 0
    for number in range(10):
        assert check(sign(service=f"s{number}"), SENT, keys=keys) is None
    assert len(keys) == 3
    assert check(sign(service="s9"), SENT, keys=keys) is None


def test_a_cached_key_of_another_secret_is_not_used():
    keys = tc3.KeyCache()
    assert check(sign(), SENT, keys=keys) is None
    claim = tc3.read_claim(sign(secret=b"changed"))
    assert isinstance(claim, tc3.Claim)
    assert keys.recall(claim, b"changed") is None


@pytest.mark.parametrize("skew", [-300, -1, 0, 299, 300])
def test_five_minutes_are_tolerated(skew):
    sent = str(NOW_S + skew).encode()
    assert check_time(sent, NOW_S * 1000, parameter="X-TC-Timestamp") is None


@pytest.mark.parametrize(
    ("timestamp", "code"),
    [
        (str(NOW_S + 301).encode(), Code.AUTH_FAILURE__SIGNATURE_EXPIRE),
        (str(NOW_S - 301).encode(), Code.AUTH_FAILURE__SIGNATURE_EXPIRE),
        (b"0", Code.AUTH_FAILURE__SIGNATURE_EXPIRE),
        (b"", Code.MISSING_PARAMETER),
        (b"-1", Code.INVALID_PARAMETER_VALUE),
        (b"1.5", Code.INVALID_PARAMETER_VALUE),
        (b"9" * 400, Code.INVALID_PARAMETER_VALUE),
        ("１".encode(), Code.INVALID_PARAMETER_VALUE),
    ],
)
def test_other_times_are_refused(timestamp, code):
    assert code_of(check_time(timestamp, NOW_S * 1000, parameter="X-TC-Timestamp")) is code


def test_the_date_is_that_of_utc():
    assert utc_date(b"1539084154") == b"2018-10-09"
    assert utc_date(b"1539043199") == b"2018-10-08"
    assert utc_date(b"1539043200") == b"2018-10-09"


def test_hosts_are_tried_in_order_without_repetition():
    assert signing_hosts(b"H.example:80", (b"h.example",)) == (
        b"H.example:80",
        b"H.example",
        b"h.example:80",
        b"h.example",
    )
    assert signing_hosts(b"[::1]:25", ()) == (b"[::1]:25", b"[::1]")
    assert signing_hosts(b"[::1]", ()) == (b"[::1]",)
    assert signing_hosts(b"", (b"a",)) == (b"a",)
