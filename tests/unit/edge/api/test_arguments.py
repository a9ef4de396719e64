"""Parameters over real HTTP: what each form of a request makes of every kind of value."""

import json

import pytest
from tests.support.api_service import NOW_S, SECRET

pytestmark = pytest.mark.asyncio(loop_scope="module")

BIG = str(2**63 - 1)
MULTIPART = "multipart/form-data; boundary=xyz"


def form(*parts, boundary=b"xyz"):
    pieces = [b"--%b\r\n%b\r\n" % (boundary, part) for part in parts]
    return b"".join(pieces) + b"--%b--\r\n" % boundary


def part(name, value, extra=""):
    return f'Content-Disposition: form-data; name="{name}"\r\n{extra}\r\n'.encode() + value


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Subject": "a", "Limit": 5}, {"Limit": 5}),
        ({"Subject": "a", "Limit": 0}, {"Limit": 0}),
        ({"Subject": "a", "Limit": 2**63 - 1}, {"Limit": 2**63 - 1}),
        ({"Subject": "a", "Limit": None, "Offset": None}, {"Limit": None, "Offset": 0}),
        ({"Subject": "a", "Unsubscribe": 0}, {"Unsubscribe": 0}),
        ({"Subject": "a", "Unsubscribe": "0"}, {"Unsubscribe": "0"}),
        ({"Subject": "a", "Flag": False}, {"Flag": False}),
        ({"Subject": "a", "Destination": []}, {"Destination": []}),
        ({"Subject": "a", "Destination": ["b", "c"]}, {"Destination": ["b", "c"]}),
        (
            {"Subject": "a", "Template": {"TemplateID": 1, "TemplateData": None}},
            {"Template": {"TemplateID": 1, "TemplateData": None}},
        ),
        (
            {"Subject": "a", "Attachments": [{"FileName": "é😀", "Content": ""}]},
            {"Attachments": [{"FileName": "é😀", "Content": ""}]},
        ),
        ({"Subject": ""}, {"Subject": ""}),
        ({"Subject": "line\r\nbreak\t\x01"}, {"Subject": "line\r\nbreak\t\x01"}),
    ],
)
async def test_json_that_is_right(service, body, expected):
    given = (await service.call("Echo", json.dumps(body).encode())).response["Given"]
    assert {name: given[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("body", "code", "named"),
    [
        (b"{}", "MissingParameter", "Subject"),
        (b"", "MissingParameter", "Subject"),
        (b'{"Subject":null}', "MissingParameter", "Subject"),
        (b'{"Subject":1}', "InvalidParameter", "Subject"),
        (b'{"Subject":["a"]}', "InvalidParameter", "Subject"),
        (b'{"Subject":"a","Limit":"5"}', "InvalidParameter", "Limit"),
        (b'{"Subject":"a","Limit":true}', "InvalidParameter", "Limit"),
        (b'{"Subject":"a","Limit":5.5}', "InvalidParameter", "Limit"),
        (b'{"Subject":"a","Limit":-1}', "InvalidParameterValue", "Limit"),
        (b'{"Subject":"a","Limit":9223372036854775808}', "InvalidParameterValue", "Limit"),
        (b'{"Subject":"a","Limit":' + b"9" * 5000 + b"}", "InvalidParameter", ""),
        (b'{"Subject":"a","Limit":1e400}', "InvalidParameter", ""),
        (b'{"Subject":"a","Flag":"true"}', "InvalidParameter", "Flag"),
        (b'{"Subject":"a","Flag":1}', "InvalidParameter", "Flag"),
        (b'{"Subject":"a","Unsubscribe":1.5}', "InvalidParameter", "Unsubscribe"),
        (b'{"Subject":"a","Unsubscribe":true}', "InvalidParameter", "Unsubscribe"),
        (b'{"Subject":"a","Destination":"b"}', "InvalidParameter", "Destination"),
        (b'{"Subject":"a","Destination":[1]}', "InvalidParameter", "Destination.0"),
        (b'{"Subject":"a","Destination":["a",null]}', "InvalidParameter", "Destination.1"),
        (b'{"Subject":"a","Template":[]}', "InvalidParameter", "Template"),
        (b'{"Subject":"a","Template":{}}', "MissingParameter", "Template.TemplateID"),
        (
            b'{"Subject":"a","Template":{"TemplateID":1,"X":1}}',
            "UnknownParameter",
            "Template.X",
        ),
        (
            b'{"Subject":"a","Attachments":[{"FileName":"a"},{}]}',
            "MissingParameter",
            "Attachments.1.FileName",
        ),
        (b'{"Subject":"a","Nothing":1}', "UnknownParameter", "Nothing"),
        (b'{"Subject":"a","subject":1}', "UnknownParameter", "subject"),
        (b'{"Subject":"a\\u0000b"}', "InvalidParameterValue", "Subject"),
        (
            b'{"Subject":"a","Attachments":[{"FileName":"\\u0000"}]}',
            "InvalidParameterValue",
            "Attachments.0.FileName",
        ),
        (b'{"Subject":"\\ud800"}', "InvalidParameter", ""),
        (b'{"Subject":"a\x00b"}', "InvalidParameter", ""),
        (b'{"Subject":"\xff"}', "InvalidParameter", ""),
        (b"\xff\xfe", "InvalidParameter", ""),
        (b"\xef\xbb\xbf{}", "InvalidParameter", ""),
        (b"no json", "InvalidParameter", ""),
        (b'{"Subject":"a"', "InvalidParameter", ""),
        (b'{"Subject":"a"}{}', "InvalidParameter", ""),
        (b"[]", "InvalidParameter", ""),
        (b"null", "InvalidParameter", ""),
        (b'"text"', "InvalidParameter", ""),
        (b"[" * 100_000, "InvalidParameter", ""),
        (b'{"Subject":' * 50_000, "InvalidParameter", ""),
        (b'{"Subject":' + b"[" * 5000 + b"]" * 5000 + b"}", "InvalidParameter", ""),
        (b'{"X":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}", "UnknownParameter", "X"),
    ],
)
async def test_json_that_is_wrong(service, body, code, named):
    answer = await service.call("Echo", body)
    assert (answer.code, named in answer.message) == (code, True), answer.message


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Limit": "5"}, {"Limit": 5}),
        ({"Limit": BIG}, {"Limit": 2**63 - 1}),
        ({"Limit": "007"}, {"Limit": 7}),
        ({"Flag": "True"}, {"Flag": True}),
        ({"Flag": "false"}, {"Flag": False}),
        ({"Flag": "1"}, {"Flag": True}),
        ({"Unsubscribe": "0"}, {"Unsubscribe": "0"}),
        ({"Subject": "5"}, {"Subject": "5"}),
        ({"Subject": "true"}, {"Subject": "true"}),
        ({"Destination.0": "b", "Destination.1": "c"}, {"Destination": ["b", "c"]}),
        ({"Destination.10": "c", "Destination.9": "b"}, {"Destination": ["b", "c"]}),
        ({"Destination.5": "b"}, {"Destination": ["b"]}),
        (
            {"Template.TemplateID": "9", "Template.TemplateData": "{}"},
            {"Template": {"TemplateID": 9, "TemplateData": "{}"}},
        ),
        (
            {"Attachments.0.FileName": "a", "Attachments.1.FileName": "b"},
            {
                "Attachments": [
                    {"FileName": "a", "Content": None},
                    {"FileName": "b", "Content": None},
                ]
            },
        ),
        ({"Subject": "a&b=c;d+e%20é😀"}, {"Subject": "a&b=c;d+e%20é😀"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "TC3"])
async def test_flattened_texts_that_are_right(service, method, parameters, expected):
    given = (await _flat(service, method, {"Subject": "a", **parameters})).response["Given"]
    assert {name: given[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("parameters", "code", "named"),
    [
        ({"Limit": "5.0"}, "InvalidParameter", "Limit"),
        ({"Limit": ""}, "InvalidParameter", "Limit"),
        ({"Limit": " 5"}, "InvalidParameter", "Limit"),
        ({"Limit": "٥"}, "InvalidParameter", "Limit"),
        ({"Limit": "-1"}, "InvalidParameterValue", "Limit"),
        ({"Limit": "9223372036854775808"}, "InvalidParameterValue", "Limit"),
        ({"Limit": "9" * 6000}, "InvalidParameterValue", "Limit"),
        ({"Limit": "-" + "9" * 6000}, "InvalidParameterValue", "Limit"),
        ({"Flag": "yes"}, "InvalidParameter", "Flag"),
        ({"Flag": ""}, "InvalidParameter", "Flag"),
        ({"Limit.0": "1"}, "InvalidParameter", "Limit"),
        ({"Destination": "b"}, "InvalidParameter", "Destination"),
        ({"Destination.a": "b"}, "InvalidParameter", "Destination"),
        ({"Destination.0": "b", "Destination.a": "c"}, "InvalidParameter", "Destination"),
        ({"Destination.0": "b", "Destination": "c"}, "InvalidParameter", "Destination"),
        ({"Destination.0": "b", "Destination.0.X": "c"}, "InvalidParameter", "Destination"),
        ({"Template.TemplateID": "x"}, "InvalidParameter", "Template.TemplateID"),
        ({"Template.TemplateData": "x"}, "MissingParameter", "Template.TemplateID"),
        ({"Attachments.0.Content": "x"}, "MissingParameter", "Attachments.0.FileName"),
        ({"Nothing": "x"}, "UnknownParameter", "Nothing"),
        ({"Nothing.0.a": "x"}, "UnknownParameter", "Nothing"),
        ({"": "x"}, "UnknownParameter", ""),
        ({".": "x"}, "UnknownParameter", ""),
        ({"0": "x"}, "UnknownParameter", "0"),
        ({"Subject": "a\0b"}, "InvalidParameterValue", "Subject"),
        ({".".join("abcdefghijkl"): "x"}, "UnknownParameter", "a.b"),
        ({"a_b": "x"}, "UnknownParameter", "a_b"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "TC3"])
async def test_flattened_texts_that_are_wrong(service, method, parameters, code, named):
    answer = await _flat(service, method, {"Subject": "a", **parameters})
    assert (answer.code, named in answer.message) == (code, True), answer.message


async def _flat(service, method, parameters):
    if method != "TC3":
        return await service.form("Echo", method, parameters)
    from urllib.parse import urlencode

    return await service.get("Echo", urlencode(parameters).encode())


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (b"Subject=%ff", "InvalidParameter"),
        (b"%ff=a", "InvalidParameter"),
        (b"Subject=a&Subject=b", "InvalidParameter"),
        (b"Subject=%zz", ""),
        (b"Subject", ""),
        (b"&&Subject=a&", ""),
        (b"Subject=a=b", ""),
        (b"Subject=%ed%a0%80", "InvalidParameter"),
    ],
)
async def test_pairs_that_are_oddly_encoded(service, query, code):
    assert (await service.get("Echo", query)).code == code
    assert (await service.send_form("GET", query)).code in {"InvalidParameter", "InvalidAction"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (form(part("Subject", b"a")), ""),
        (form(part("Subject", "é".encode()), part("Limit", b"5")), ""),
        (
            form(part("Subject", b"a"), part("Limit", b"5", "Content-Type: application/json\r\n")),
            "",
        ),
        (
            form(
                part("Subject", b"a"),
                part("Template", b'{"TemplateID":"7"}', "Content-Type: application/json\r\n"),
            ),
            "",
        ),
        (form(part("Subject", b"a"), part("Destination", b'["b"]')), "InvalidParameter"),
        (form(part("Subject", b"a"), part("Limit", b"x")), "InvalidParameter"),
        (form(part("Subject", b"a"), part("Subject", b"a")), "InvalidParameter"),
        (form(part("Subject", b"\xff")), "InvalidParameter"),
        (form(part("Subject", b"a\0")), "InvalidParameterValue"),
        (form(part("Subject", b"{", "Content-Type: application/json\r\n")), "InvalidParameter"),
        (
            form(part("Subject", b"[" * 100_000, "Content-Type: application/json\r\n")),
            "InvalidParameter",
        ),
        (form(part("Subject", b"a"), part("X", b"")), "UnknownParameter"),
        (form(part("Limit", b"1")), "MissingParameter"),
        (b"", "MissingParameter"),
        (b"no form", "InvalidRequest"),
        (form(part("Subject", b"a"))[:-8], "InvalidRequest"),
        (form(b"Content-Type: text/plain\r\n\r\na"), "InvalidRequest"),
        (form(b"Content-Disposition: attachment; name=Subject\r\n\r\na"), "InvalidRequest"),
        (form(part("Subject", b"a"), boundary=b"other"), "InvalidRequest"),
        (form(*(part(f"A{number}", b"a") for number in range(201))), "InvalidRequest"),
    ],
)
async def test_multipart(service, body, code):
    answer = await service.call("Echo", body, content_type=MULTIPART)
    assert answer.code == code, answer.message


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "x" * 71,
        'multipart/form-data; boundary="',
        "multipart/form-data; boundary*=utf-8''x; =; ;;",
    ],
)
async def test_multipart_without_a_usable_boundary(service, content_type):
    answer = await service.call("Echo", form(part("Subject", b"a")), content_type=content_type)
    assert answer.code == "InvalidRequest"


async def test_names_with_underscores_may_be_signed_as_dots(service):
    from urllib.parse import urlencode

    from tests.support.signing import v1_signature

    given = {
        "Action": "Echo",
        "Version": "2020-10-02",
        "Timestamp": str(NOW_S),
        "Nonce": "1",
        "SecretId": "full",
        "Subject": "a",
        "An_odd_name": "x",
    }
    dotted = {name.replace("_", "."): value for name, value in given.items()}
    signature = v1_signature("POST", service.address, dotted, SECRET)
    answer = await service.send_form("POST", urlencode({**given, "Signature": signature}).encode())
    assert answer.code == "UnknownParameter"
