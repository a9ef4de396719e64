from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.dkim import generate_rsa
from tayori.mail.dkim_record import DkimRecord, RecordError, parse_dkim_record, record_text

KEY = "QUJDRA=="


@pytest.mark.parametrize(
    "text",
    [
        f"v=DKIM1; k=rsa; p={KEY}",
        f"k=rsa;p={KEY}",
        f"p={KEY};",
        f"p={KEY}; k=rsa; t=y:s; n=notes; x=unknown",
        " v = DKIM1 ;\r\n h=sha1:sha256; s=email; p=QUJ DR\tA== ; ",
        f"v=DKIM1; s=*; p={KEY}",
    ],
)
def test_records_with_one_meaning(text: str) -> None:
    record = parse_dkim_record(text)
    assert isinstance(record, DkimRecord)
    assert record.key == b"ABCD"
    assert record.has_key(KEY)
    assert not record.has_key("QUJDRQ==")
    assert record.testing is ("t=y" in text)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", RecordError.MISSING_KEY),
        ("hello", RecordError.SYNTAX),
        ("=x", RecordError.SYNTAX),
        (f"p={KEY}; p={KEY}", RecordError.SYNTAX),
        (f"v=DKIM1;; p={KEY}", RecordError.SYNTAX),
        (f"v=DKIM2; p={KEY}", RecordError.VERSION),
        (f"p={KEY}; v=DKIM1", RecordError.VERSION),
        ("v=DKIM1; k=rsa", RecordError.MISSING_KEY),
        ("v=DKIM1; p=", RecordError.REVOKED),
        ("v=DKIM1; p=!!", RecordError.BAD_KEY),
        ("v=DKIM1; p=あ", RecordError.BAD_KEY),
        ("v=DKIM1; p=QUJDR", RecordError.BAD_KEY),
        (f"v=DKIM1; k=ed25519; p={KEY}", RecordError.KEY_TYPE),
        (f"v=DKIM1; h=sha1; p={KEY}", RecordError.HASH),
        (f"v=DKIM1; s=other; p={KEY}", RecordError.SERVICE),
    ],
)
def test_records_that_receivers_ignore(text: str, error: RecordError) -> None:
    assert parse_dkim_record(text) is error


def test_our_own_record() -> None:
    public = generate_rsa(1024).public_b64
    record = parse_dkim_record(record_text(public))
    assert isinstance(record, DkimRecord)
    assert record.key == b64decode(public)
    assert record.tags["k"] == "rsa"


@given(
    st.text() | st.lists(st.sampled_from(["v", "p", "k", "=", ";", "DKIM1", " ", KEY])).map("".join)
)
def test_any_text(text: str) -> None:
    assert isinstance(parse_dkim_record(text), DkimRecord | RecordError)
