import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.return_path import (
    MAX_AGE_MS,
    REFERENCE,
    RETURN,
    UNSUBSCRIBE,
    ReturnPath,
    TokenError,
    decode,
    encode,
)

KEY = b"k" * 32
ISSUED = 1_795_478_400_000
IDS = st.integers(0, 2**64 - 1)
TIMES = st.integers(0, 2**47)


@given(IDS, TIMES, st.binary(min_size=1))
def test_a_token_says_who_and_when(recipient_id: int, at: int, key: bytes) -> None:
    local = encode(recipient_id, at, key)
    assert len(local) == 42
    assert local.isascii()
    expected = ReturnPath(recipient_id=recipient_id, issued_at=at - at % 60_000)
    for written in (local, local.upper(), local.title()):
        assert decode(written, key, at + MAX_AGE_MS - 60_000) == expected


def test_a_token_lives_for_its_time() -> None:
    local = encode(7, ISSUED, KEY)
    assert isinstance(decode(local, KEY, ISSUED + MAX_AGE_MS), ReturnPath)
    assert decode(local, KEY, ISSUED + MAX_AGE_MS + 1) is TokenError.EXPIRED
    assert decode(local, KEY, ISSUED + 2, max_age_ms=1) is TokenError.EXPIRED


def test_another_key_forges() -> None:
    assert decode(encode(7, ISSUED, b"other"), KEY, ISSUED) is TokenError.FORGED


@given(st.integers(2, 41), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_any_changed_character_is_noticed(place: int, char: str) -> None:
    local = encode(7, ISSUED, KEY)
    changed = local[:place] + char + local[place + 1 :]
    result = decode(changed, KEY, ISSUED)
    assert result is TokenError.FORGED or changed == local


@pytest.mark.parametrize(
    "local", ["", "b-", "postmaster", "c-" + "a" * 40, "b-" + "a" * 39, "b-" + "a" * 41,
              "b-" + "1" * 40, "b-" + "a" * 40 + "\n", "b-" + "\u212a" + "a" * 39]
)  # fmt: skip
def test_other_local_parts(local: str) -> None:
    assert decode(local, KEY, ISSUED) is TokenError.MALFORMED


@given(st.text() | st.from_regex(r"[bB]-[a-zA-Z2-7]{40}", fullmatch=True))
def test_no_stranger_is_believed(local: str) -> None:
    assert isinstance(decode(local, KEY, ISSUED), TokenError)


FORMS = (RETURN, UNSUBSCRIBE, REFERENCE)


@pytest.mark.parametrize("form", FORMS)
def test_a_token_of_one_form_stands_for_no_other(form) -> None:
    token = encode(7, ISSUED, KEY, form)
    assert len(token) <= 64
    assert isinstance(decode(token, KEY, ISSUED, form), ReturnPath)
    for other in FORMS:
        if other is not form:
            assert decode(token, KEY, ISSUED, other) is TokenError.MALFORMED
            bare = token.removeprefix(form.prefix)
            assert decode(other.prefix + bare, KEY, ISSUED, other) is TokenError.FORGED
