import datetime as dt
import hashlib

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from tayori.dns.answers import Tlsa
from tayori.smtp.dane import check_chain, usable
from tayori.smtp.tls_fault import TlsResult

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
ROOT = trustme.CA()
MIDDLE = trustme.CA(ROOT)
LEAF = MIDDLE.issue_cert("mx.x.test")


def der(pem: trustme.Blob) -> bytes:
    return x509.load_pem_x509_certificate(pem.bytes()).public_bytes(Encoding.DER)


CHAIN = [der(LEAF.cert_chain_pems[0]), der(MIDDLE.cert_pem), der(ROOT.cert_pem)]


def digest(data: bytes) -> Tlsa:
    return Tlsa(2, 0, 1, hashlib.sha256(data).digest())


@pytest.mark.parametrize("anchor", [1, 2])
def test_any_authority_of_the_chain_can_be_the_anchor(anchor):
    assert check_chain([digest(CHAIN[anchor])], CHAIN, ["mx.x.test"], NOW) is None


def test_an_anchor_that_did_not_sign_confirms_nothing():
    other = der(trustme.CA().cert_pem)
    fault = check_chain([digest(other)], [*CHAIN, other], ["mx.x.test"], NOW)
    assert fault is not None
    assert fault.result is TlsResult.CERTIFICATE_NOT_TRUSTED


def test_each_of_the_names_is_enough_and_no_other():
    record = digest(CHAIN[2])
    assert check_chain([record], CHAIN, ["a.test", "mx.x.test"], NOW) is None
    fault = check_chain([record], CHAIN, ["a.test"], NOW)
    assert fault is not None
    assert fault.result is TlsResult.CERTIFICATE_HOST_MISMATCH


def test_only_the_strongest_digests_count():
    weak = Tlsa(3, 1, 1, b"x" * 32)
    strong = Tlsa(3, 1, 2, b"y" * 64)
    whole = Tlsa(3, 1, 0, b"z")
    assert usable([weak, strong, whole]) == (strong, whole)
    assert usable([weak, Tlsa(2, 1, 2, b"y" * 64)]) == (weak, Tlsa(2, 1, 2, b"y" * 64))


RECORDS = st.builds(
    Tlsa,
    st.integers(0, 255) | st.sampled_from([2, 3]),
    st.integers(0, 255) | st.sampled_from([0, 1]),
    st.integers(0, 255) | st.sampled_from([0, 1, 2]),
    st.binary(max_size=70) | st.binary(min_size=32, max_size=32) | st.sampled_from(CHAIN),
)


@given(st.lists(RECORDS, max_size=4), st.lists(st.binary(max_size=50) | st.sampled_from(CHAIN)))
def test_strange_records_and_chains_are_judged_without_an_error(records, chain):
    good = usable(records)
    assert all(record.usage in {2, 3} and record.data for record in good)
    fault = check_chain(good, chain, ["mx.x.test"], NOW)
    if fault is None:
        whole = {r.data for r in good if r.matching_type == 0}
        assert whole & {*CHAIN}
