from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.encoded_word import MAX_WORD, MIN_ROOM, decode_words, encode_words


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("plain", "plain"),
        ("=?UTF-8?B?44GC?=", "あ"),
        ("=?utf-8?q?caf=C3=A9_au_lait?=", "café au lait"),
        ("=?ISO-8859-1*fr?Q?caf=E9?=", "café"),
        ("=?ISO-2022-JP?B?GyRCJCIbKEI=?=", "あ"),
        ("=?GB2312?B?xOO6ww==?=", "你好"),
        ("a =?UTF-8?Q?b?= c", "a b c"),
        ("=?UTF-8?Q?a?= \r\n =?UTF-8?Q?b?=", "ab"),
        ("=?UTF-8?Q?a?= - =?UTF-8?Q?b?=", "a - b"),
        ("=?UTF-8?B?44E=?= =?UTF-8?B?gg==?=", "あ"),
        ("=?UTF-8?B?44GC?==?UTF-8?B?44GC?=", "ああ"),
        ("=?UTF-8?Q?=E3=81=82?= =?ISO-8859-1?Q?=E9?=", "あé"),
        ("=?UTF-8?B?44GC", "=?UTF-8?B?44GC"),
        ("=?UTF-8?B?4?=", "=?UTF-8?B?4?="),
        ("=?x-unknown?B?44GC?=", "=?x-unknown?B?44GC?="),
        ("=?unicode_escape?Q?=5Cx41?=", "=?unicode_escape?Q?=5Cx41?="),
        ("=?UTF-8?Q?=FF?=", "\ufffd"),
        ("=?UTF-8?B?44GC=?=", "あ"),
    ],
)
def test_reading(text: str, read: str) -> None:
    assert decode_words(text) == read


@given(st.text(), st.integers(MIN_ROOM, MAX_WORD))
def test_written_words_are_short_whole_and_read_the_same(text: str, first: int) -> None:
    words = encode_words(text, first_room=first)
    assert all(len(word) <= MAX_WORD for word in words)
    assert not words or len(words[0]) <= first
    joined = b"\r\n ".join(words).decode("ascii")
    assert decode_words(joined) == text
    # Each word alone is whole characters.
    assert "".join(decode_words(word.decode("ascii")) for word in words) == text
    if "\ud800" not in text:
        assert str(make_header(decode_header(joined.replace("\r\n", "")))) == text


@given(st.text(alphabet=st.sampled_from("=?QqBb_utf-8 \r\nあ4*é")) | st.text())
def test_any_text_can_be_read(text: str) -> None:
    for written in (text, f"=?utf-7?Q?{text}?=", f"=?{text}?B?44GC?="):
        assert isinstance(decode_words(written), str)
