import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.tracking_token import (
    Named,
    Purpose,
    decode,
    decode_link,
    encode,
    encode_link,
)

KEY = b"k" * 32
WHO = Named(1_251_000_007, 42)
names = st.builds(Named, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
purposes = st.sampled_from(Purpose)


@given(purposes, names, st.binary(min_size=1))
def test_a_token_names_a_recipient(purpose: Purpose, named: Named, key: bytes) -> None:
    token = encode(purpose, named, key)
    assert len(token) == 36
    assert decode(purpose, token, key) == named
    for other in set(Purpose) - {purpose}:
        assert decode(other, token, key) is None


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{36}", fullmatch=True))
def test_no_stranger_is_believed(text: str) -> None:
    for purpose in Purpose:
        assert decode(purpose, text, KEY) is None
    assert decode_link(WHO.app_id, text, KEY) is None


@given(st.integers(0, 35), st.sampled_from("ABYZabyz0189_-"))
def test_any_changed_character_is_noticed(place: int, char: str) -> None:
    token = encode(Purpose.CLICK, WHO, KEY)
    changed = token[:place] + char + token[place + 1 :]
    assert decode(Purpose.CLICK, changed, KEY) == (WHO if changed == token else None)


@given(st.text(), st.integers(0, 2**32 - 1), st.binary(min_size=1))
def test_a_link_keeps_its_address(url: str, app_id: int, key: bytes) -> None:
    text = encode_link(app_id, url, key)
    if url:
        assert decode_link(app_id, text, key) == url
    assert decode_link(app_id + 1, text, key) is None
    assert decode_link(app_id, text, key + b"x") is None


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_changed_link_leads_nowhere(place: int) -> None:
    text = encode_link(7, "https://shop.example/?a=1&b=2#c-and-more", KEY)
    changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
    assert decode_link(7, changed, KEY) is None
