"""The protocol over real HTTP: methods, versions, languages, who may do what."""

import pytest


async def test_a_signed_call_is_answered(service):
    answer = await service.call("Echo", b'{"Subject":"a"}', Region="ap-guangzhou")
    assert answer.response["Given"]["Subject"] == "a"
    assert answer.response["Region"] == "ap-guangzhou"
    assert answer.response["Source"] == "127.0.0.1"


async def test_an_answer_without_fields_has_its_request_id(service):
    answer = await service.call("DeleteEmailIdentity")
    assert list(answer.response) == ["RequestId"]


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
