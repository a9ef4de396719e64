from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tayori.mail.reply import Reply
from tayori.smtp.wire import (
    MAX_REPLY,
    DotReader,
    ReplyReader,
    encode_reply,
    has_bare_line_end,
    stuff,
    unstuff,
)

CONTENT = st.lists(
    st.sampled_from([b".", b"..", b"\r\n", b"\r", b"\n", b"a", b"\r\n.\r\n", b"\n.\n"]), max_size=40
).map(b"".join)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def read(data: bytes) -> tuple[list[Reply], str]:
    reader = ReplyReader()
    return reader.feed(data), reader.error


def test_reads_replies_of_one_and_several_lines() -> None:
    replies, error = read(b"250 2.1.0 OK\r\n550-5.1.1 No\r\n550 5.1.1 user\r\n354\r\n")
    assert replies == [
        Reply(250, "2.1.0", ("OK",)),
        Reply(550, "5.1.1", ("No", "user")),
        Reply(354, "", ("",)),
    ]
    assert not error


def test_takes_bare_lf_from_servers() -> None:
    assert read(b"250-a\n250 b\n") == ([Reply(250, "", ("a", "b"))], "")


def test_the_last_line_decides_a_code_that_changes() -> None:
    assert read(b"250-a\r\n550 b\r\n")[0] == [Reply(550, "", ("a", "b"))]


@pytest.mark.parametrize(
    "line", [b"hello", b"25 ok", b"2500 ok", b"150 early", b"650 what", b"250OK", b"", b"\x16\x03"]
)
def test_what_is_no_reply_ends_the_reading(line: bytes) -> None:
    replies, error = read(b"250 OK\r\n" + line + b"\r\n250 OK\r\n")
    assert [reply.code for reply in replies] == [250]
    assert "not an SMTP reply" in error


def test_long_lines_are_read_and_cut() -> None:
    (reply,), error = read(b"550 " + b"x" * 10_000 + b"\r\n")
    assert reply.code == 550
    assert set(reply.text) == {"x"}
    assert not error


@pytest.mark.parametrize("piece", [b"250-more\r\n", b"x" * 1000])
def test_an_endless_reply_ends_at_the_bound(piece: bytes) -> None:
    reader = ReplyReader()
    reader.feed(b"250-")
    for _ in range(MAX_REPLY // len(piece) + 2):
        assert reader.feed(piece) == []
    assert "longer than" in reader.error
    assert not reader.partial
    assert reader.feed(b"250 OK\r\n") == []


def test_controls_and_bad_utf8_do_not_reach_logs() -> None:
    (reply,), _ = read(b"550 a\x1b[31mb\x00c\xffd\te\rf\r\n")
    assert reply.text.isprintable()
    assert "a" in reply.text


@given(st.binary(max_size=200), st.lists(st.integers(0, 1000), max_size=10))
def test_any_octets_in_any_cut_give_the_same_replies(data: bytes, places: list[int]) -> None:
    whole = ReplyReader()
    parts = ReplyReader()
    expected = whole.feed(data)
    assert [reply for part in cut(data, places) for reply in parts.feed(part)] == expected
    assert bool(parts.error) == bool(whole.error)


@given(
    st.lists(
        st.tuples(
            st.integers(200, 599),
            st.lists(st.text("ab 1.-é", max_size=20), min_size=1, max_size=4),
        ),
        max_size=5,
    ),
    st.lists(st.integers(0, 1000), max_size=10),
)
def test_what_our_server_says_our_client_reads(
    said: list[tuple[int, list[str]]], places: list[int]
) -> None:
    replies = [Reply(code, "", tuple(lines)) for code, lines in said]
    data = b"".join(encode_reply(reply) for reply in replies)
    reader = ReplyReader()
    heard = [reply for part in cut(data, places) for reply in reader.feed(part)]
    assert [reply.code for reply in heard] == [reply.code for reply in replies]
    assert not reader.error
    assert not reader.partial


def test_a_reply_cannot_inject_lines() -> None:
    octets = encode_reply(Reply(250, "2.0.0", ("a\r\n550 b", "c\x00", "\ud800")))
    assert octets.count(b"\n") == octets.count(b"\r\n") == 3
    assert all(line.startswith(b"250") for line in octets.splitlines())
    assert encode_reply(Reply(250, "", ())) == b"250 \r\n"


def test_stuffing() -> None:
    assert stuff(b"") == b""
    assert stuff(b"a\r\n") == b"a\r\n"
    assert stuff(b"a") == b"a\r\n"
    assert stuff(b".\r\n.\r\n..\r\n") == b"..\r\n..\r\n...\r\n"


def test_stuffing_leaves_no_bare_line_end() -> None:
    assert stuff(b"a\n.\nb\r.\rc\r\r\n") == b"a\r\n..\r\nb\r\n..\r\nc\r\n\r\n"


@given(CONTENT)
@example(b"\n.\r\n")
@example(b"\r.\r\n")
@example(b"\r\n.\n")
def test_stuffed_content_is_read_back_and_never_ends_early(content: bytes) -> None:
    travelling = stuff(content)
    assert not has_bare_line_end(travelling)
    assert b"\r\n.\r\n" not in b"\r\n" + travelling
    reader = DotReader(10_000)
    assert reader.feed(travelling + b".\r\n" + b"QUIT\r\n") == (travelling, b"QUIT\r\n")
    read_back = unstuff(travelling)
    if not has_bare_line_end(content) and (not content or content.endswith(b"\r\n")):
        assert read_back == content


@given(CONTENT, st.lists(st.integers(0, 1000), max_size=10))
def test_content_ends_at_crlf_dot_crlf_only(content: bytes, places: list[int]) -> None:
    data = content + b"\r\n.\r\nrest"
    whole = b"\r\n" + data
    end = whole.index(b"\r\n.\r\n")
    expected = (whole[2 : end + 2], whole[end + 5 :])
    reader = DotReader(10_000)
    taken = b""
    for part in cut(data, places):
        if (found := reader.feed(part)) is not None:
            taken += part
            assert found[0] == expected[0]
            assert data.startswith(expected[0] + b".\r\n" + found[1])
            assert reader.size == len(expected[0])
            break
    else:
        pytest.fail("the end was not found")


def test_an_empty_message_is_a_lone_dot() -> None:
    assert DotReader(100).feed(b".\r\nQUIT\r\n") == (b"", b"QUIT\r\n")


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_too_large_content_is_not_kept_but_its_end_is_found(step: int) -> None:
    reader = DotReader(1000)
    data = b"x" * 5000 + b"\r\n.\r\nNOOP\r\n"
    found = None
    for at in range(0, len(data), step):
        found = reader.feed(data[at : at + step])
        if found is not None:
            break
        assert len(reader._buffer) < 1000 + 2 * step + 20
    assert found is not None
    assert found[0] == b""
    assert reader.too_large


def test_content_at_the_limit_is_kept() -> None:
    content = b"x" * 998 + b"\r\n"
    for step in (1, 10_000):
        reader = DotReader(1000)
        data = content + b".\r\n"
        found = [reader.feed(data[at : at + step]) for at in range(0, len(data), step)][-1]
        assert found == (content, b"")
        assert not reader.too_large
