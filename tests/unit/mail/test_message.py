from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tayori.mail.message import field_name, field_value, split_message


@pytest.mark.parametrize(
    ("raw", "fields", "body"),
    [
        (b"", (), b""),
        (b"A: b\r\n\r\nbody", (b"A: b\r\n",), b"body"),
        (b"A: b\n\nbody\n", (b"A: b\r\n",), b"body\n"),
        (b"A: b\r\n c\r\n\td\r\n\r\n", (b"A: b\r\n c\r\n\td\r\n",), b""),
        (b"A: b\r\n \r\nC: d\r\n\r\n", (b"A: b\r\n", b"C: d\r\n"), b""),
        (b"A: b", (b"A: b\r\n",), b""),
        (b"\r\nbody", (), b"body"),
        (b"From x@y Tue\nA: b\n\nbody", (b"A: b\r\n",), b"body"),
        (b"A: b\r\nno field\r\nB: c", (b"A: b\r\n",), b"no field\r\nB: c"),
        (b" leading\r\nA: b", (), b" leading\r\nA: b"),
        (b"A : b\r\n\r\n", (b"A : b\r\n",), b""),
        (b"A: b\r\r\nC: d\r\n\r\n", (b"A: b\r\n", b"C: d\r\n"), b""),
        (b": b\r\n\r\nx", (), b": b\r\n\r\nx"),
        (b"A:\r\n b\r\n\r\n", (b"A:\r\n b\r\n",), b""),
    ],
)
def test_splitting(raw: bytes, fields: tuple[bytes, ...], body: bytes) -> None:
    message = split_message(raw)
    assert (message.fields, message.body) == (fields, body)


def test_looking_up_fields() -> None:
    message = split_message(b"To: a\r\nX-A : 1\r\nto:\r\n b\r\n\tc\r\n\r\nbody")
    assert message.values(b"TO") == [b"a", b"b\tc"]
    assert message.first(b"x-a") == b"1"
    assert message.first(b"Cc") is None
    assert bytes(message) == b"To: a\r\nX-A : 1\r\nto:\r\n b\r\n\tc\r\n\r\nbody"


@given(
    st.binary()
    | st.lists(
        st.sampled_from(
            [b"A: b", b"Subject: x", b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"From "]
        )
    ).map(b"".join)
)
@example(b"!:\r")
def test_any_octets_split_once_and_for_all(raw: bytes) -> None:
    message = split_message(raw)
    for field in message.fields:
        assert field.endswith(b"\r\n")
        assert field_name(field)
        assert b"\n" not in field_value(field)
    assert raw.endswith(message.body)
    again = split_message(bytes(message))
    if message.fields:
        assert again == message


@given(
    st.lists(
        st.tuples(
            st.from_regex(rb"[A-Za-z][A-Za-z-]{0,10}", fullmatch=True),
            st.from_regex(rb"[!-~]( ?[!-~]){0,20}", fullmatch=True),
        ),
        max_size=5,
    ),
    st.from_regex(rb"([!-~ ]{0,20}\r\n){0,4}", fullmatch=True),
)
def test_the_standard_library_sees_the_same(fields: list[tuple[bytes, bytes]], body: bytes) -> None:
    raw = b"".join(b"X%b: %b\r\n" % field for field in fields) + b"\r\n" + body
    ours, theirs = split_message(raw), message_from_bytes(raw, policy=default)
    assert [field_name(field) for field in ours.fields] == [
        name.lower().encode()
        for name in theirs.keys()  # noqa: SIM118 - a message is no dict
    ]
    assert ours.body == body
