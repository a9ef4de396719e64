"""Strangers' bytes: never an exception, never a status but 200, always JSON with a RequestId."""

import asyncio
import json
import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.support.api_service import ACTIONS, ALIASES, NOW_S, SECRET, Echo, make_directory
from tests.support.signing import tc3_authorization, tc3_headers, v1_form

from tayori.edge.api.auth import tc3
from tayori.edge.api.auth.v1 import COMMON
from tayori.edge.api.call import Action, Kind
from tayori.edge.api.coerce import read, shape_of
from tayori.edge.api.multipart import read_multipart
from tayori.edge.api.parameters import read_pairs, unflatten
from tayori.edge.api.protocol import ApiApp
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language, message
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids

HOST = "127.0.0.1:8025"
SHAPE = shape_of(Echo)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["Subject", "Limit", "Offset", "Flag", "Unsubscribe", "Destination", "Template", "Attachments"]
)
STEPS = NAMES | st.sampled_from(["0", "1", "00", "", "TemplateID", "FileName", "٣", "-1"])
FLAT_NAMES = (st.lists(STEPS, min_size=1, max_size=10).map(".".join) | st.text(max_size=20)).filter(
    lambda name: name not in COMMON
)
"""Names of an action's own parameters; those of the protocol would change the signature."""


def app():
    return ApiApp(
        actions=ACTIONS,
        directory=make_directory(),
        clock=SettableClock(NOW_S * 1000),
        ids=Ids(random.Random(1)),
        signing_hosts=ALIASES,
        proxies=("127.0.0.0/8",),
    )


APP = app()


def run(method, headers, *, query=b"", body=b"", pieces=1):
    """Put one request through the application and return its code, after checking its answer."""
    sent = []
    step = max(1, -(-len(body) // pieces))
    parts = [body[at : at + step] for at in range(0, len(body), step)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": number < len(parts) - 1}
        for number, part in enumerate(parts)
    ]

    async def receive():
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 5),
    }
    with capture_logs() as logs:
        asyncio.run(APP(scope, receive, send))
    assert logs == []
    start, end = sent
    assert start["status"] == 200
    assert (b"content-type", b"application/json") in start["headers"]
    inner = json.loads(end["body"])["Response"]
    assert len(inner["RequestId"]) == 36
    if "Error" not in inner:
        return ""
    assert inner["Error"]["Message"].isprintable()
    code = Code(inner["Error"]["Code"])
    assert code is not Code.INTERNAL_ERROR
    return code.value


def speakable(refusal):
    """Every refusal can be said in every language."""
    for language in Language:
        assert message(refusal, language)


@given(st.binary(max_size=400))
@example(b"TC3-HMAC-SHA256 Credential=/2026-01-01/ses/tc3_request, SignedHeaders=;, Signature=")
def test_an_authorization_header(raw):
    claim = tc3.read_claim(raw)
    if isinstance(claim, Refusal):
        speakable(claim)


@given(
    st.binary(max_size=30),
    st.binary(max_size=12),
    st.binary(max_size=12),
    st.binary(max_size=60),
    st.text("0123456789abcdefABCDEFg", min_size=62, max_size=66),
)
def test_an_authorization_header_of_odd_parts(secret_id, date, service, signed, signature):
    raw = b"TC3-HMAC-SHA256 Credential=%b/%b/%b/tc3_request, SignedHeaders=%b, Signature=%b" % (
        secret_id,
        date,
        service,
        signed,
        signature.encode(),
    )
    claim = tc3.read_claim(raw)
    if isinstance(claim, Refusal):
        speakable(claim)
        return
    # Whatever can be claimed can also be verified.
    request = tc3.Signed(b"POST", b"", {b"host": b"h"}, b"", b"1790000000", (b"h",))
    assert tc3.verify(claim, SECRET, request, tc3.KeyCache()) is not None


@given(st.binary(max_size=200))
def test_pairs(raw):
    pairs = read_pairs(raw)
    if isinstance(pairs, Refusal):
        speakable(pairs)
        return
    tree = unflatten(pairs)
    if isinstance(tree, Refusal):
        speakable(tree)


@given(st.dictionaries(FLAT_NAMES, st.text(max_size=30), max_size=12))
def test_flattened_parameters_against_a_shape(pairs):
    tree = unflatten(pairs)
    found = tree if isinstance(tree, Refusal) else read(SHAPE, tree, texts=True)
    if isinstance(found, Refusal):
        speakable(found)
    else:
        assert isinstance(found["Subject"], str)


@given(st.dictionaries(NAMES | st.text(max_size=8), JSON_VALUES, max_size=6), st.booleans())
def test_any_tree_against_a_shape(tree, texts):
    found = read(SHAPE, tree, texts=texts)
    if isinstance(found, Refusal):
        speakable(found)
    else:
        assert isinstance(found["Subject"], str)


@given(st.binary(max_size=120), st.binary(max_size=400))
def test_multipart_of_any_octets(content_type, body):
    for given_type in (content_type, b"multipart/form-data; boundary=" + content_type):
        found = read_multipart(given_type, body)
        if isinstance(found, Refusal):
            speakable(found)


PART_LINES = st.sampled_from(
    [
        b"--b\r\n",
        b"--b--\r\n",
        b"--b",
        b"\r\n",
        b'Content-Disposition: form-data; name="Subject"\r\n',
        b'Content-Disposition: form-data; name="\xff"\r\n',
        b"Content-Disposition: form-data; name*=utf-8''%ff\r\n",
        b"Content-Disposition: form-data; name*=x''a; name*0=b\r\n",
        b"Content-Disposition:\r\n",
        b"Content-Type: application/json\r\n",
        b": x\r\n",
        b"X\r\n",
        b'{"a":1}',
        b"[",
        b"\n",
        b"\0",
    ]
)


@given(st.lists(PART_LINES | st.binary(max_size=8), max_size=16).map(b"".join))
def test_multipart_of_likely_lines(body):
    found = read_multipart(b"multipart/form-data; boundary=b", body)
    if isinstance(found, Refusal):
        speakable(found)


HEADER_NAMES = st.sampled_from(
    [
        *(b"authorization", b"content-type", b"host", b"x-tc-action", b"x-tc-version"),
        *(b"x-tc-timestamp", b"x-tc-language", b"x-tc-token", b"x-forwarded-for"),
        *(b"x-tc-content-sha256", b"x-tc-region"),
    ]
)
HEADER_VALUES = st.binary(max_size=60) | st.sampled_from(
    [
        *(b"application/json", b"multipart/form-data; boundary=b", b"SKIP", b"Echo"),
        *(b"application/x-www-form-urlencoded", b"2020-10-02", str(NOW_S).encode()),
        b"TC3-HMAC-SHA256 Credential=full/2026-09-21/ses/tc3_request, "
        b"SignedHeaders=content-type;host, Signature=" + b"0" * 64,
    ]
)


@settings(deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT"]),
    st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=8),
    st.binary(max_size=100),
    st.binary(max_size=200),
)
def test_any_request(method, headers, query, body):
    run(method, headers, query=query, body=body)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([1, 3]))
def test_a_signed_body_of_any_octets(body, pieces):
    for content_type in ("application/json", "multipart/form-data; boundary=b"):
        headers = tc3_headers(
            "Echo",
            secret_id="full",
            secret=SECRET,
            timestamp=NOW_S,
            host=HOST,
            body=body,
            content_type=content_type,
        )
        code = run("POST", headers, body=body, pieces=pieces)
        assert not code.startswith("AuthFailure")


@settings(deadline=None)
@given(JSON_VALUES | st.dictionaries(NAMES, JSON_VALUES, max_size=5))
def test_a_signed_body_of_any_json(value):
    body = json.dumps(value).encode()
    headers = tc3_headers(
        "Echo", secret_id="full", secret=SECRET, timestamp=NOW_S, host=HOST, body=body
    )
    assert run("POST", headers, body=body) in {
        "",
        "InvalidParameter",
        "InvalidParameterValue",
        "MissingParameter",
        "UnknownParameter",
    }


@settings(deadline=None)
@given(
    st.dictionaries(FLAT_NAMES, st.text(max_size=20), max_size=8), st.sampled_from(["GET", "POST"])
)
def test_a_signed_form_of_any_texts(parameters, method):
    encoded = v1_form(
        "Echo",
        parameters,
        method=method,
        secret_id="full",
        secret=SECRET,
        timestamp=NOW_S,
        host=HOST,
    )
    headers = [(b"host", HOST.encode()), (b"content-type", b"application/x-www-form-urlencoded")]
    query, body = (encoded, b"") if method == "GET" else (b"", encoded)
    assert not run(method, headers, query=query, body=body).startswith("AuthFailure")


@settings(deadline=None)
@given(st.text("&=%+.0123456789abcdefSubjectLimit", max_size=120))
def test_a_signed_query_of_any_octets(query):
    content_type = "application/x-www-form-urlencoded"
    authorization = tc3_authorization(
        secret_id="full",
        secret=SECRET,
        timestamp=NOW_S,
        signed=(("content-type", content_type), ("host", HOST)),
        method="GET",
        query=query,
    )
    headers = [
        (b"host", HOST.encode()),
        (b"content-type", content_type.encode()),
        (b"authorization", authorization),
        (b"x-tc-action", b"Echo"),
        (b"x-tc-version", b"2020-10-02"),
        (b"x-tc-timestamp", str(NOW_S).encode()),
    ]
    assert not run("GET", headers, query=query.encode()).startswith("AuthFailure")


def test_a_shape_that_no_parameter_may_have():
    from tayori.edge.api.call import Request

    class Odd(Request, frozen=True):
        number: float

    class Mixed(Request, frozen=True):
        either: str | bool

    for request in (Odd, Mixed):
        with pytest.raises(TypeError):
            Action("Odd", Kind.READ, request, None)
