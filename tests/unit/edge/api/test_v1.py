"""HmacSHA1 and HmacSHA256: the published vector, and what SDKs really sign."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.edge.api.auth import v1
from tayori.refusal.codes import Code

SECRET = b"Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
VECTOR = {
    "Action": "DescribeInstances",
    "InstanceIds.0": "ins-09dx96dg",
    "Limit": "20",
    "Nonce": "11886",
    "Offset": "0",
    "Region": "ap-guangzhou",
    "SecretId": "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
    "Timestamp": "1465185768",
    "Version": "2017-03-12",
}


def sign(text, digest=hashlib.sha1):
    return base64.b64encode(hmac.new(SECRET, text.encode(), digest).digest()).decode()


def test_the_published_vector():
    parameters = VECTOR | {"Signature": "EliP9YW3pW28FpsEdkXt/+WcGeI="}
    assert v1.verify("GET", (b"cvm.tencentcloudapi.com",), parameters, SECRET) is None


def test_sha256_and_any_other_method_means_sha1():
    text = "POSTh.example/?Action=A&SignatureMethod=HmacSHA256"
    parameters = {"Action": "A", "SignatureMethod": "HmacSHA256"}
    good = parameters | {"Signature": sign(text, hashlib.sha256)}
    assert v1.verify("POST", (b"h.example",), good, SECRET) is None
    text = "POSTh.example/?Action=A&SignatureMethod=md5"
    odd = {"Action": "A", "SignatureMethod": "md5", "Signature": sign(text)}
    assert v1.verify("POST", (b"h.example",), odd, SECRET) is None


def test_underscores_may_be_signed_as_dots():
    dotted = {"A_0": "1", "A_B": "2", "Signature": sign("GETh/?A.0=1&A.B=2")}
    plain = {"A_0": "1", "A_B": "2", "Signature": sign("GETh/?A_0=1&A_B=2")}
    assert v1.verify("GET", (b"h",), dotted, SECRET) is None
    assert v1.verify("GET", (b"h",), plain, SECRET) is None


def test_values_are_signed_raw_and_any_candidate_host_will_do():
    text = "GETses.tencentcloudapi.com/?Subject=a b&你=<x@y.z>&=="
    parameters = {"Subject": "a b", "你": "<x@y.z>&==", "Signature": sign(text)}
    hosts = (b"127.0.0.1:8025", b"127.0.0.1", b"ses.tencentcloudapi.com")
    assert v1.verify("GET", hosts, parameters, SECRET) is None


def test_a_plus_sign_that_became_a_space_still_counts():
    parameters = VECTOR | {"Signature": "EliP9YW3pW28FpsEdkXt/ WcGeI="}
    assert v1.verify("GET", (b"cvm.tencentcloudapi.com",), parameters, SECRET) is None


@pytest.mark.parametrize(
    ("method", "host", "change"),
    [
        ("POST", b"cvm.tencentcloudapi.com", {}),
        ("GET", b"other.example", {}),
        ("GET", b"cvm.tencentcloudapi.com", {"Limit": "21"}),
        ("GET", b"cvm.tencentcloudapi.com", {"Extra": "1"}),
        ("GET", b"cvm.tencentcloudapi.com", {"Signature": ""}),
        ("GET", b"cvm.tencentcloudapi.com", {"Signature": "no base64"}),
        ("GET", b"cvm.tencentcloudapi.com", {"SignatureMethod": "HmacSHA256"}),
    ],
)
def test_what_differs_from_the_signature_is_refused(method, host, change):
    parameters = VECTOR | {"Signature": "EliP9YW3pW28FpsEdkXt/+WcGeI="} | change
    found = v1.verify(method, (host,), parameters, SECRET)
    assert found is not None
    assert found.code is Code.AUTH_FAILURE__SIGNATURE_FAILURE


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=8))
def test_any_parameters_get_an_answer(parameters):
    assert v1.verify("GET", (b"h",), parameters, SECRET) is not None


def test_one_sdk_signs_flags_otherwise_than_it_sends_them():
    sent = {"Action": "A", "An_odd": "x", "Flag": "true", "Other": "false", "Text": "true "}
    for text in (
        "GETh/?Action=A&An_odd=x&Flag=True&Other=False&Text=true ",
        "GETh/?Action=A&An.odd=x&Flag=True&Other=False&Text=true ",
        "GETh/?Action=A&An.odd=x&Flag=true&Other=false&Text=true ",
    ):
        assert v1.verify("GET", (b"h",), sent | {"Signature": sign(text)}, SECRET) is None
    half = sign("GETh/?Action=A&An_odd=x&Flag=True&Other=false&Text=true ")
    assert v1.verify("GET", (b"h",), sent | {"Signature": half}, SECRET) is not None
