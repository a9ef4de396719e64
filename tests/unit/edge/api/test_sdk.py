"""The official Python SDK, unmodified, against the protocol: every way it can sign and send."""

import asyncio
import time

import pytest
import pytest_asyncio
from tencentcloud.common import common_client_async
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ses.v20201002 import models, ses_client, ses_client_async
from tests.support.api_service import SECRET, running

from tayori.runtime.clock import SettableClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNATURES = ("TC3-HMAC-SHA256", "HmacSHA1", "HmacSHA256")
METHODS = ("GET", "POST")
ECHO = {
    "Subject": "x <a@b.c> é😀 +&=%",
    "Limit": 7,
    "Flag": True,
    "Destination": ["a@b.example", "c@d.example"],
    "Template": {"TemplateID": 3, "TemplateData": '{"name":"あ"}'},
    "Attachments": [{"FileName": "a_b.txt", "Content": "YQ=="}, {"FileName": "c"}],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def now_service():
    """An API whose clock shows the machine's time, which the SDK signs."""
    clock = SettableClock(int(time.time() * 1000))
    async with running(clock=clock) as ready:
        yield ready


def profile(
    service, *, sign="TC3-HMAC-SHA256", method="POST", language="en-US", unsigned=False, **http
):
    endpoint = HttpProfile(
        endpoint=service.address, protocol="http", reqMethod=method, reqTimeout=10, **http
    )
    made = ClientProfile(signMethod=sign, httpProfile=endpoint, language=language)
    made.unsignedPayload = unsigned
    return made


def generic(service, secret_id="full", secret=SECRET, token=None, **changes):
    return CommonClient(
        "ses",
        "2020-10-02",
        Credential(secret_id, secret.decode(), token),
        "ap-guangzhou",
        profile(service, **changes),
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sign", SIGNATURES)
async def test_every_kind_of_value_arrives(now_service, sign, method):
    client = generic(now_service, sign=sign, method=method)
    answer = await asyncio.to_thread(client.call_json, "Echo", ECHO)
    given = answer["Response"]["Given"]
    assert {name: given[name] for name in ECHO} == ECHO | {
        "Attachments": [
            {"FileName": "a_b.txt", "Content": "YQ=="},
            {"FileName": "c", "Content": None},
        ]
    }
    assert answer["Response"]["Region"] == "ap-guangzhou"


@pytest.mark.parametrize("sign", SIGNATURES)
async def test_multipart(now_service, sign):
    client = generic(now_service, sign=sign)
    parameters = {name: value for name, value in ECHO.items() if name not in {"Limit", "Flag"}}
    answer = await asyncio.to_thread(
        client.call_json, "Echo", parameters, None, {"IsMultipart": True}
    )
    given = answer["Response"]["Given"]
    assert given["Subject"] == ECHO["Subject"]
    assert given["Template"] == ECHO["Template"]
    empty = await asyncio.to_thread(
        client.call_json, "DeleteEmailIdentity", {}, None, {"IsMultipart": True}
    )
    assert list(empty["Response"]) == ["RequestId"]


async def test_an_unsigned_payload_and_a_kept_connection(now_service):
    client = generic(now_service, unsigned=True, keepAlive=True)
    for _ in range(3):
        answer = await asyncio.to_thread(client.call_json, "Echo", {"Subject": "a"})
        assert answer["Response"]["Given"]["Subject"] == "a"
    client.request.conn._session.close()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sign", SIGNATURES)
@pytest.mark.parametrize(
    "case",
    [
        ("Echo", {"Subject": "a"}, {"secret": b"wrong"}, "AuthFailure.SignatureFailure"),
        ("Echo", {"Subject": "a"}, {"secret_id": "nobody"}, "AuthFailure.SecretIdNotFound"),
        ("Echo", {"Subject": "a"}, {"token": "t"}, "AuthFailure.TokenFailure"),
        ("Echo", {"Subject": "a"}, {"secret_id": "elsewhere"}, "IpNotInWhitelist"),
        ("Echo", {"Limit": 1}, {}, "MissingParameter"),
        ("Echo", {"Subject": "a", "Other": 1}, {}, "UnknownParameter"),
        ("Echo", {"Subject": "a", "Limit": -1}, {}, "InvalidParameterValue"),
        ("NoSuch", {}, {}, "InvalidAction"),
        ("Fail", {}, {}, "InternalError"),
    ],
)
async def test_errors_are_typed(now_service, sign, method, case):
    action, parameters, client, code = case
    made = generic(now_service, sign=sign, method=method, **client)
    with pytest.raises(TencentCloudSDKException) as caught:
        await asyncio.to_thread(made.call_json, action, parameters)
    assert caught.value.get_code() == code
    assert len(caught.value.get_request_id()) == 36
    assert caught.value.get_message()


@pytest.mark.parametrize("sign", SIGNATURES)
async def test_an_expired_time(sign):
    async with running() as long_ago:
        with pytest.raises(TencentCloudSDKException) as caught:
            await asyncio.to_thread(generic(long_ago, sign=sign).call_json, "Echo", {})
    assert caught.value.get_code() == "AuthFailure.SignatureExpire"


async def test_no_signature_at_all(now_service):
    with pytest.raises(TencentCloudSDKException) as caught:
        await asyncio.to_thread(
            generic(now_service).call_json, "Echo", {"Subject": "a"}, None, {"SkipSign": True}
        )
    assert caught.value.get_code() == "AuthFailure"


@pytest.mark.parametrize("sign", SIGNATURES)
async def test_messages_come_in_the_wanted_language(now_service, sign):
    texts = set()
    for language in ("en-US", "zh-CN"):
        with pytest.raises(TencentCloudSDKException) as caught:
            await asyncio.to_thread(
                generic(now_service, sign=sign, language=language).call_json, "NoSuch", {}
            )
        texts.add(caught.value.get_message())
    assert len(texts) == 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sign", SIGNATURES)
async def test_the_typed_client(now_service, sign, method):
    client = ses_client.SesClient(
        Credential("full", SECRET.decode()),
        "ap-hongkong",
        profile(now_service, sign=sign, method=method),
    )
    request = models.ListEmailTemplatesRequest()
    request.Limit, request.Offset = 10, 4
    answer = await asyncio.to_thread(client.ListEmailTemplates, request)
    assert (answer.TemplatesMetadata, answer.TotalCount) == ([], 4)
    request.Limit = 101
    with pytest.raises(TencentCloudSDKException) as caught:
        await asyncio.to_thread(client.ListEmailTemplates, request)
    assert caught.value.get_code() == "FailedOperation.InvalidLimit"


async def test_an_endpoint_that_is_sent_but_not_signed(now_service):
    client = generic(now_service)
    client.profile.httpProfile.apigw_endpoint = now_service.address
    client.profile.httpProfile.endpoint = "ses.tencentcloudapi.com"
    answer = await asyncio.to_thread(client.call_json, "Echo", {"Subject": "a"})
    assert answer["Response"]["Given"]["Subject"] == "a"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sign", SIGNATURES)
async def test_the_asynchronous_clients(now_service, sign, method):
    wanted = profile(now_service, sign=sign, method=method)
    credential = Credential("full", SECRET.decode())
    async with common_client_async.CommonClient(
        "ses", "2020-10-02", credential, "ap-guangzhou", wanted
    ) as client:
        answer = await client.call_and_deserialize(action="Echo", params=ECHO)
        given = answer["Response"]["Given"]
        assert (given["Template"], given["Flag"]) == (ECHO["Template"], True)
    async with ses_client_async.SesClient(credential, "ap-guangzhou", wanted) as client:
        request = models.ListEmailTemplatesRequest()
        request.Limit, request.Offset = 10, 4
        assert (await client.ListEmailTemplates(request)).TotalCount == 4
        request.Limit = 101
        with pytest.raises(TencentCloudSDKException) as caught:
            await client.ListEmailTemplates(request)
        assert caught.value.get_code() == "FailedOperation.InvalidLimit"
