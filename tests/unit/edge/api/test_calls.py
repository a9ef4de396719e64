"""Calls over real HTTP: who may do what, sizes, connections, faults, and what is observed."""

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.support.api_service import NOW_S, SECRET, Nothing, running
from tests.support.http import ask, exchange
from tests.support.signing import tc3_headers, v1_form

from tayori.db.database import DatabaseBusyError
from tayori.edge.api.call import Action, Kind

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("secret_id", "action", "code"),
    [
        ("send", "SendEmail", ""),
        ("send", "Echo", "AuthFailure.UnauthorizedOperation"),
        ("send", "DeleteEmailIdentity", "AuthFailure.UnauthorizedOperation"),
        ("read", "Echo", ""),
        ("read", "SendEmail", "AuthFailure.UnauthorizedOperation"),
        ("read", "DeleteEmailIdentity", "AuthFailure.UnauthorizedOperation"),
        ("full", "DeleteEmailIdentity", ""),
        ("here", "DeleteEmailIdentity", ""),
        ("elsewhere", "DeleteEmailIdentity", "IpNotInWhitelist"),
        ("stopped", "DeleteEmailIdentity", "AuthFailure.UnauthorizedOperation"),
        ("stopped", "Echo", "AuthFailure.UnauthorizedOperation"),
    ],
)
async def test_who_may_do_what(service, secret_id, action, code):
    body = b"{}" if action == "DeleteEmailIdentity" else b'{"Subject":"a"}'
    assert (await service.call(action, body, secret_id=secret_id)).code == code


async def test_admission_comes_before_parameters_and_after_the_signature(service):
    nonsense = b"no json"
    wrong = await service.call("Echo", nonsense, secret_id="elsewhere", secret=b"x")
    assert wrong.code == "AuthFailure.SignatureFailure"
    assert (await service.call("Echo", nonsense, secret_id="elsewhere")).code == "IpNotInWhitelist"
    scoped = await service.call("Echo", nonsense, secret_id="send")
    assert scoped.code == "AuthFailure.UnauthorizedOperation"
    assert (await service.call("Echo", nonsense)).code == "InvalidParameter"


async def test_a_suspended_account_is_told_why(service):
    assert "It sent malware." in (await service.call("Echo", secret_id="stopped")).message


@pytest.mark.parametrize(
    ("proxies", "forwarded", "source"),
    [
        ((), "10.1.2.3", "127.0.0.1"),
        (("127.0.0.0/8",), "10.1.2.3", "10.1.2.3"),
        (("127.0.0.0/8",), "8.8.8.8, 10.1.2.3", "10.1.2.3"),
        (("127.0.0.0/8", "10.1.2.3"), "8.8.8.8, 10.1.2.3", "8.8.8.8"),
        (("127.0.0.0/8",), "", "127.0.0.1"),
        (("127.0.0.0/8",), "a b\x7f", "a b\x7f"),
        (("192.0.2.1",), "10.1.2.3", "127.0.0.1"),
    ],
)
async def test_a_proxy_is_believed_when_it_is_known(proxies, forwarded, source):
    async with running(proxies=proxies) as service:
        sent = {"X-Forwarded-For": forwarded}
        answer = await service.signed({}, sent, action="Echo", body=b'{"Subject":"a"}')
        if "\x7f" in forwarded:
            assert answer.status in {200, 400}
            return
        assert answer.response["Source"] == source


async def test_a_fault_of_ours_tells_nothing_and_is_in_the_log(service):
    with capture_logs() as logs:
        answer = await service.call("Fail")
    assert answer.code == "InternalError"
    assert b"secret" not in answer.body
    (line,) = logs
    assert line["event"] == "api_failed"
    assert line["request_id"] == answer.response["RequestId"]


async def test_a_busy_database_is_temporary():
    async def busy(_call, _given):
        raise DatabaseBusyError

    async with running(actions=[Action("Busy", Kind.READ, Nothing, busy)]) as service:
        with capture_logs() as logs:
            assert (await service.call("Busy")).code == "ServiceUnavailable"
    assert [line["event"] for line in logs] == ["api_database_busy"]


SIZES = [
    ("POST", "tc3", 10 * 1024 * 1024, ""),
    ("POST", "tc3", 10 * 1024 * 1024 + 1, "RequestSizeLimitExceeded"),
    ("POST", "tc3", 11 * 1024 * 1024, "RequestSizeLimitExceeded"),
    ("POST", "v1", 1024 * 1024, ""),
    ("POST", "v1", 1024 * 1024 + 1, "AuthFailure.SignatureFailure"),
    ("GET", "v1", 32 * 1024, ""),
    ("GET", "v1", 32 * 1024 + 1, "RequestSizeLimitExceeded"),
    ("GET", "tc3", 32 * 1024, ""),
    ("GET", "tc3", 32 * 1024 + 1, "RequestSizeLimitExceeded"),
]


@pytest.mark.parametrize(("method", "signature", "size", "code"), SIZES)
async def test_sizes(service, method, signature, size, code):
    if signature == "tc3" and method == "POST":
        body = b'{"Subject":"%b"}' % (b"x" * (size - 14))
        assert len(body) == size
        answer = await service.call("Echo", body)
    elif signature == "tc3":
        answer = await service.get("Echo", b"Subject=" + b"x" * (size - 8))
    else:
        given = {"secret_id": "full", "secret": SECRET, "timestamp": NOW_S}
        room = size - 500
        encoded = v1_form(
            "Echo", {"Subject": "x" * room}, method=method, host=service.address, **given
        )
        # Empty pairs at the end belong to no parameter.
        encoded += b"&" * (size - len(encoded))
        assert len(encoded) == size
        answer = await service.send_form(method, encoded)
    assert answer.code == code


async def test_a_client_that_goes_away_makes_no_call():
    records = []
    ran = []

    async def run(_call, _given):
        ran.append(1)

    async with running(
        actions=[Action("Nothing", Kind.READ, Nothing, run)], observe=records.append
    ) as service:
        headers = tc3_headers(
            "Nothing", secret_id="full", secret=SECRET, timestamp=NOW_S, host=service.address
        )
        head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
        host, _, port = service.address.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST / HTTP/1.1\r\n%bContent-Length: 10\r\n\r\n{}" % head)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        # A later call proves that the server has seen the end of the earlier connection.
        assert (await service.call("NoSuch")).code == "InvalidAction"
    assert not ran
    assert [record.code for record in records] == ["InvalidAction"]


async def test_each_call_is_observed():
    records = []
    async with running(observe=records.append) as service:
        good = await service.call("DeleteEmailIdentity")
        await service.call("NoSuch")
        await service.call("Echo", secret=b"x")
        await service.call("Echo", b"{}")
    first, unknown, forged, missing = records
    assert (first.at, first.account_id, first.secret_id) == (NOW_S * 1000, 1, "full")
    assert (first.action, first.code, first.source) == ("DeleteEmailIdentity", "", "127.0.0.1")
    assert first.request_id == good.response["RequestId"]
    assert first.duration_ms > 0
    assert (unknown.action, unknown.code, unknown.secret_id) == ("", "InvalidAction", "")
    assert (forged.action, forged.account_id, forged.code) == (
        "Echo",
        None,
        "AuthFailure.SignatureFailure",
    )
    assert (missing.account_id, missing.code) == (1, "MissingParameter")


async def test_an_observer_that_fails_harms_no_call():
    def observe(_record):
        raise RuntimeError

    async with running(observe=observe) as service:
        with capture_logs() as logs:
            assert (await service.call("DeleteEmailIdentity")).code == ""
    assert [line["event"] for line in logs] == ["api_observer_failed"]


async def test_connections_are_kept_for_more_requests(service):
    headers = tc3_headers(
        "DeleteEmailIdentity",
        secret_id="full",
        secret=SECRET,
        timestamp=NOW_S,
        host=service.address,
    )
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    one = b"POST / HTTP/1.1\r\n%bContent-Length: 2\r\n\r\n{}" % head
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    host, _, port = service.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(one + one + last)
    everything = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert everything.count(b"HTTP/1.1 200 OK") == 3
    assert everything.count(b'{"Response":{"RequestId":') == 3


async def test_a_body_in_chunks(service):
    body = b'{"Subject":"in chunks"}'
    headers = tc3_headers(
        "Echo", secret_id="full", secret=SECRET, timestamp=NOW_S, host=service.address, body=body
    )
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    chunks = b"".join(b"%x\r\n%b\r\n" % (1, body[at : at + 1]) for at in range(len(body)))
    raw = b"POST / HTTP/1.1\r\n%bTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" % head
    answer = await exchange(service.address, raw + chunks + b"0\r\n\r\n")
    assert answer.response["Given"]["Subject"] == "in chunks"


async def test_a_client_that_waits_before_it_sends_the_body(service):
    headers = tc3_headers(
        "DeleteEmailIdentity",
        secret_id="full",
        secret=SECRET,
        timestamp=NOW_S,
        host=service.address,
    )
    head = b"".join(b"%b: %b\r\n" % pair for pair in headers)
    host, _, port = service.address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        b"POST / HTTP/1.1\r\n%bContent-Length: 2\r\nExpect: 100-continue\r\n"
        b"Connection: close\r\n\r\n" % head
    )
    assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
    writer.write(b"{}")
    assert b"RequestId" in await reader.read()
    writer.close()
    await writer.wait_closed()


async def test_lower_case_signature_and_spaces_in_the_authorization(service):
    headers = dict(
        tc3_headers(
            "DeleteEmailIdentity",
            secret_id="full",
            secret=SECRET,
            timestamp=NOW_S,
            host=service.address,
        )
    )
    tight = headers[b"Authorization"].replace(b", ", b",")
    head, _, digits = tight.rpartition(b"=")
    for authorization in (tight, head + b"=" + digits.upper(), tight.replace(b",", b" ,  ")):
        changed = {**headers, b"Authorization": authorization}
        assert (await ask(service.address, "POST", b"/", changed.items(), b"{}")).code == ""
