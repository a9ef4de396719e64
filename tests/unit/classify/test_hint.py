import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.classify.hint import retry_hint_s


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("try again in 300 seconds", 300),
        ("please retry after 5 minutes", 300),
        ("greylisted for 60 seconds by zerospam", 60),
        ("greylisted, please come back in 00:04:59", 299),
        ("temporarily rejected. try again in 1 hour", 3600),
        ("rate limited, retry in 30s", 30),
        ("you must wait 120 seconds", 120),
        ("temporarily blocked for 2 hours", 7200),
        ("greylisted for 5 min", 300),
        ("please try again later", None),
        ("too many connections from 192.0.2.25", None),
        ("account closed in 2019", None),
        ("mailbox was not used for more than 3 months", None),
        ("try again in 0 seconds", None),
        ("try again in 99999 hours", None),
        ("25 mails in 10 connections", None),
    ],
)
def test_a_waiting_time_is_found(text, seconds):
    assert retry_hint_s(text) == seconds


@given(st.text(max_size=1000))
def test_any_text_is_read(text):
    found = retry_hint_s(text.lower())
    assert found is None or 0 < found <= 86_400
