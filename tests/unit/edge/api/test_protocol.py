"""The protocol over real HTTP: methods, versions, languages and signatures."""

import pytest
from tests.support.api_service import ALIASES, NOW_S, SECRET, running
from tests.support.http import ask, exchange
from tests.support.signing import tc3_headers

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_signed_call_is_answered(service):
    answer = await service.call("Echo", b'{"Subject":"a"}', Region="ap-guangzhou")
    assert answer.response["Given"]["Subject"] == "a"
    assert answer.response["Region"] == "ap-guangzhou"
    assert answer.response["Source"] == "127.0.0.1"


async def test_an_answer_without_fields_has_its_request_id(service):
    answer = await service.call("DeleteEmailIdentity")
    assert list(answer.response) == ["RequestId"]


async def test_every_request_has_an_id_of_its_own(service):
    answers = [await service.call("DeleteEmailIdentity") for _ in range(3)]
    assert len({answer.response["RequestId"] for answer in answers}) == 3


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "FOO"])
async def test_other_methods(service, method):
    headers = tc3_headers(
        "Echo", secret_id="full", secret=SECRET, timestamp=NOW_S, host=service.address
    )
    answer = await ask(service.address, method, b"/", headers, b"{}")
    if method == "FOO":
        assert answer.status == 400  # no method of HTTP: refused before the API sees it
    else:
        assert answer.code == "UnsupportedProtocol"


async def test_a_request_without_anything(service):
    answer = await exchange(
        service.address, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert answer.code == "InvalidAction"
    answer = await ask(service.address, "POST", b"/", [(b"Host", b"x")])
    assert answer.code == "AuthFailure.InvalidAuthorization"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": "NoSuch"}, "InvalidAction"),
        ({"action": ""}, "InvalidAction"),
        ({"action": "echo"}, "InvalidAction"),
        ({"version": "2019-01-01"}, "NoSuchVersion"),
        ({"version": ""}, "MissingParameter"),
        ({"content_type": "text/plain"}, "InvalidRequest"),
        ({"content_type": "application/octet-stream"}, "InvalidRequest"),
        ({"content_type": "application/x-www-form-urlencoded"}, "InvalidRequest"),
        ({"content_type": ""}, "InvalidRequest"),
        ({"secret_id": "nobody"}, "AuthFailure.SecretIdNotFound"),
        ({"secret_id": " full"}, "AuthFailure.SecretIdNotFound"),
        ({"secret": b"other"}, "AuthFailure.SignatureFailure"),
        ({"Token": "a-session"}, "AuthFailure.TokenFailure"),
        ({"timestamp": NOW_S + 301}, "AuthFailure.SignatureExpire"),
        ({"timestamp": NOW_S - 301}, "AuthFailure.SignatureExpire"),
        ({"timestamp": NOW_S + 300}, ""),
        ({"timestamp": NOW_S - 300}, ""),
        ({"content_type": "application/json; charset=utf-8"}, ""),
        ({"content_type": "Application/JSON;charset=UTF-8"}, ""),
        ({"TraceId": "b7e1", "RequestClient": "SDK_PYTHON_3"}, ""),
    ],
)
async def test_codes_of_headers(service, changes, code):
    changes = dict(changes)
    action = changes.pop("action", "DeleteEmailIdentity")
    assert (await service.call(action, **changes)).code == code


@pytest.mark.parametrize(
    ("parameters", "changes", "code"),
    [
        ({}, {}, ""),
        ({"Region": "ap-hongkong", "RequestClient": "x", "Language": "zh-CN"}, {}, ""),
        ({"Token": "t"}, {}, "AuthFailure.TokenFailure"),
        ({}, {"timestamp": NOW_S - 301}, "AuthFailure.SignatureExpire"),
        ({}, {"timestamp": NOW_S + 301}, "AuthFailure.SignatureExpire"),
        ({}, {"timestamp": "soon"}, "InvalidParameterValue"),
        ({}, {"timestamp": ""}, "MissingParameter"),
        ({}, {"nonce": ""}, "MissingParameter"),
        ({}, {"nonce": "-1"}, "InvalidParameterValue"),
        ({}, {"nonce": "x"}, "InvalidParameterValue"),
        ({}, {"nonce": "0"}, ""),
        ({}, {"secret_id": ""}, "MissingParameter"),
        ({}, {"secret_id": "nobody"}, "AuthFailure.SecretIdNotFound"),
        ({}, {"secret": b"other"}, "AuthFailure.SignatureFailure"),
        ({}, {"version": ""}, "MissingParameter"),
        ({}, {"version": "2"}, "NoSuchVersion"),
        ({"Extra": "1"}, {}, "UnknownParameter"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_codes_of_the_older_signature(service, method, parameters, changes, code):
    assert (await service.form("DeleteEmailIdentity", method, parameters, **changes)).code == code


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("algorithm", ["", "HmacSHA1", "HmacSHA256", "anything"])
async def test_the_older_signature(service, method, algorithm):
    parameters = {"Subject": "a b+c&d=é", "Limit": "7", "Destination.0": "x@y.example"}
    answer = await service.form("Echo", method, parameters, algorithm=algorithm)
    assert answer.response["Given"]["Subject"] == "a b+c&d=é"
    assert answer.response["Given"]["Limit"] == 7
    assert answer.response["Given"]["Destination"] == ["x@y.example"]


async def test_a_get_with_the_newer_signature(service):
    query = b"Subject=x+%3Ca%40b.c%3E&Destination.0=q%40w.e&Flag=True&Template.TemplateID=3"
    given = (await service.get("Echo", query)).response["Given"]
    assert given["Subject"] == "x <a@b.c>"
    assert given["Flag"] is True
    assert given["Template"]["TemplateID"] == 3


@pytest.mark.parametrize("host", ["127.0.0.1", *ALIASES])
async def test_the_signed_host_may_be_without_port_or_an_alias(service, host):
    for method in ("GET", "POST"):
        assert (await service.form("DeleteEmailIdentity", method, host=host)).code == ""
    assert (await service.signed({"host": host}, {})).code == ""


async def test_any_other_host_is_another_request(service):
    assert (await service.signed({"host": "x.example"}, {})).code == "AuthFailure.SignatureFailure"
    answer = await service.form("DeleteEmailIdentity", host="x.example")
    assert answer.code == "AuthFailure.SignatureFailure"
    async with running(signing_hosts=()) as bare:
        answer = await bare.signed({"host": ALIASES[0]}, {})
        assert answer.code == "AuthFailure.SignatureFailure"


async def test_a_host_in_other_case_and_with_another_port(service):
    sent = {"Host": "Mail.Example.ORG:8443"}
    for host in ("Mail.Example.ORG:8443", "mail.example.org:8443", "mail.example.org"):
        assert (await service.signed({"host": host}, sent)).code == ""


@pytest.mark.parametrize("name", ["ses", "mail", "127", "localhost:8080", "cvm"])
async def test_the_scope_of_the_key_may_name_any_service(service, name):
    assert (await service.signed({}, {}, service=name)).code == ""


@pytest.mark.parametrize(
    ("signed", "sent", "code"),
    [
        ({"x-tc-action": "deleteemailidentity"}, {}, ""),
        ({"x-tc-action": "DeleteEmailIdentity"}, {}, ""),
        ({"x-tc-action": "DeleteEmailIdentity", "x-tc-region": "a"}, {"X-TC-Region": "a"}, ""),
        ({"x-tc-region": "a"}, {"X-TC-Region": "b"}, "AuthFailure.SignatureFailure"),
        ({"x-tc-region": "a"}, {}, "AuthFailure.SignatureFailure"),
        ({"x-tc-action": "echo"}, {}, "AuthFailure.SignatureFailure"),
        (
            {"content-type": "application/json; charset=utf-8"},
            {"Content-Type": "application/json; charset=UTF-8"},
            "",
        ),
        ({"content-type": "application/json; charset=utf-8"}, {}, ""),
        ({"content-type": "text/plain"}, {}, "AuthFailure.SignatureFailure"),
    ],
)
async def test_what_signed_headers_lists_is_what_is_verified(service, signed, sent, code):
    assert (await service.signed(signed, sent)).code == code


async def test_a_date_that_is_not_that_of_the_timestamp(service):
    answer = await service.signed({}, {}, date="2020-01-01")
    assert answer.code == "AuthFailure.SignatureFailure"


async def test_another_body_than_the_signed_one(service):
    answer = await service.signed({}, {}, payload=b"[]")
    assert answer.code == "AuthFailure.SignatureFailure"


async def test_an_unsigned_payload(service):
    unsigned = {"X-TC-Content-SHA256": "UNSIGNED-PAYLOAD"}
    answer = await service.signed({}, unsigned, payload=b"UNSIGNED-PAYLOAD")
    assert answer.code == ""
    assert (await service.signed({}, unsigned)).code == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("SKIP", "AuthFailure"),
        ("Basic eDp5", "AuthFailure.InvalidAuthorization"),
        ("TC3-HMAC-SHA256", "AuthFailure.InvalidAuthorization"),
        ("TC3-HMAC-SHA256 Credential=a/2026-01-01/ses", "AuthFailure.InvalidAuthorization"),
    ],
)
async def test_an_authorization_that_cannot_be_read(service, authorization, code):
    headers = [
        (b"Host", b"x"),
        (b"Content-Type", b"application/json"),
        (b"X-TC-Action", b"Echo"),
        (b"X-TC-Version", b"2020-10-02"),
        (b"X-TC-Timestamp", str(NOW_S).encode()),
        (b"Authorization", authorization.encode()),
    ]
    assert (await ask(service.address, "POST", b"/", headers, b"{}")).code == code


@pytest.mark.parametrize("timestamp", ["", "soon", "-1", "1e9", "9" * 40, "１７９"])
async def test_a_timestamp_that_cannot_be_read(service, timestamp):
    sent = {"X-TC-Timestamp": timestamp.encode().decode("latin-1")}
    answer = await service.signed({}, sent)
    assert answer.code == ("InvalidParameterValue" if timestamp else "MissingParameter")


async def test_languages(service):
    texts = {}
    for tag in ("", "en-US", "zh-CN", "ja-JP", "fr"):
        texts[tag] = (await service.call("NoSuch", Language=tag)).message
        form = await service.form("NoSuch", parameters={"Language": tag})
        assert form.message == texts[tag]
        get = await service.form("NoSuch", "GET", {"Language": tag})
        assert get.message == texts[tag]
    assert len(set(texts.values())) == 3
    assert texts[""] == texts["en-US"] == texts["fr"]
    assert (await service.call("Echo", b'{"Subject":"a"}', Language="zh-CN")).response[
        "Language"
    ] == "zh"


async def test_messages_that_clients_compare(service):
    answer = await service.call("Echo", secret=b"x", Language="en-US")
    assert answer.message.startswith(
        "The provided credentials could not be validated. Please check your signature is correct."
    )
    answer = await service.call("Echo", secret_id="x", Language="en-US")
    assert answer.message.startswith(
        "The SecretId is not found, please ensure that your SecretId is correct."
    )


async def test_a_body_that_does_not_come_is_not_waited_for():
    async with running(body_s=0.05) as impatient:
        head = "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n"
        answer = await exchange(impatient.address, head.encode() + b"{")
    assert answer.code == "InvalidRequest"
    assert "0.05 seconds" in answer.response["Error"]["Message"]
