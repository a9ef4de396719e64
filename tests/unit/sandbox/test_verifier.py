from collections.abc import AsyncIterator

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.dns.resolver import Resolver
from tayori.mail.dkim import KeyPair, generate_rsa
from tayori.mail.dkim_record import record_text
from tayori.runtime.clock import SettableClock
from tayori.sandbox.dns_server import DnsServer, Failure
from tayori.sandbox.verifier import DkimVerifier, read_tags

MAIL = b"From: a@shop.test\r\nTo: b@x.test\r\nSubject: hi\r\n\r\nHello\r\n"
NAME = "s1._domainkey.shop.test"


@pytest.fixture(scope="module")
def keys() -> KeyPair:
    return generate_rsa(1024)


@pytest.fixture
async def dns() -> AsyncIterator[DnsServer]:
    async with DnsServer() as server:
        yield server


@pytest.fixture
async def verifier(dns: DnsServer) -> AsyncIterator[DkimVerifier]:
    resolver = Resolver([dns.address], SettableClock(), timeout_s=2, rounds=1)
    yield DkimVerifier(resolver)
    await resolver.close()


def signed(keys: KeyPair, mail: bytes = MAIL, selector: bytes = b"s1") -> bytes:
    field: bytes = dkim.sign(mail, selector, b"shop.test", keys.pem, include_headers=[b"From"])
    return field + mail


async def test_signatures_that_hold(verifier: DkimVerifier, dns: DnsServer, keys: KeyPair) -> None:
    dns.set(NAME, "TXT", record_text(keys.public_b64))
    (result,) = await verifier.verify(signed(keys))
    assert result.passed
    assert (result.domain, result.selector, result.algorithm) == ("shop.test", "s1", "rsa-sha256")
    assert result.reason == "Verified with a key of 1024 bits."
    assert await verifier.verify(MAIL) == ()


async def test_each_signature_has_its_own_result(
    verifier: DkimVerifier, dns: DnsServer, keys: KeyPair
) -> None:
    dns.set(NAME, "TXT", record_text(keys.public_b64))
    both = signed(keys, signed(keys), b"s2")
    assert [(result.selector, result.passed) for result in await verifier.verify(both)] == [
        ("s2", False),
        ("s1", True),
    ]


async def test_changed_mails_and_why(verifier: DkimVerifier, dns: DnsServer, keys: KeyPair) -> None:
    dns.set(NAME, "TXT", record_text(keys.public_b64))
    mail = signed(keys)
    for changed, reason in (
        (mail.replace(b"Hello", b"Hullo"), "The body was changed after it was signed."),
        (
            mail.replace(b"From: a@", b"From: b@"),
            "The signature does not match the header fields.",
        ),
    ):
        (result,) = await verifier.verify(changed)
        assert (result.passed, result.reason) == (False, reason)


async def test_keys_that_cannot_be_used(
    verifier: DkimVerifier, dns: DnsServer, keys: KeyPair
) -> None:
    (missing,) = await verifier.verify(signed(keys))
    assert missing.reason == f"There is no key at {NAME}."
    dns.set("s2._domainkey.shop.test", "TXT", "v=DKIM1; p=")
    (revoked,) = await verifier.verify(signed(keys, selector=b"s2"))
    assert "no usable key (revoked)" in revoked.reason
    dns.fail("s3._domainkey.shop.test", Failure.SERVFAIL)
    (unknown,) = await verifier.verify(signed(keys, selector=b"s3"))
    assert (unknown.passed, unknown.temporary) == (False, True)


@pytest.mark.parametrize(
    "field",
    [
        b"",
        b"v=1",
        b"v=1; d=shop.test; s=s1",
        b"d=shop.test; s=s1; b=!!!; bh=!!!; h=from; a=rsa-sha256; v=1",
        b"d=shop.test; s=s1; a=none; v=1; b=AA==; bh=AA==; h=from",
        b"d=shop.test; s=s1; a=rsa-sha256; v=1; b=A; bh=A; h=from; l=x",
        b"d=\xff; s=\xff",
        b"d=shop.test; d=other.test; s=s1",
    ],
)
async def test_unreadable_signatures_fail_with_a_reason(
    verifier: DkimVerifier, dns: DnsServer, keys: KeyPair, field: bytes
) -> None:
    dns.set(NAME, "TXT", record_text(keys.public_b64))
    (result,) = await verifier.verify(b"DKIM-Signature: " + field + b"\r\n" + MAIL)
    assert not result.passed
    assert result.reason.endswith(".")


async def test_the_number_of_signatures_is_bounded(verifier: DkimVerifier) -> None:
    assert len(await verifier.verify(b"DKIM-Signature: x\r\n" * 50 + MAIL)) == 10


@given(st.binary(max_size=200))
def test_any_tags_can_be_read(value: bytes) -> None:
    assert all(name == name.strip() for name in read_tags(value))
