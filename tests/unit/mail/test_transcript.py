from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.reply import Reply
from tayori.mail.transcript import LONGEST_LINE, MOST_LINES, Said, read, written

AT = 1_790_000_000_000
PATH = b"MAIL FROM:<b-7f3kq9@bounce.shop.test> SIZE=900\r\nRCPT TO:<ann@x.test>\r\nDATA\r\n"
TALK = [
    (AT, Reply(220, "", ("mx.x.test ESMTP",))),
    (AT + 2, b"EHLO mail.shop.test\r\n"),
    (AT + 9, Reply(250, "", ("mx.x.test", "PIPELINING"))),
    (AT + 10, "TLSv1.3 TLS_AES_256_GCM_SHA384"),
    (AT + 12, PATH),
    (AT + 30, Reply(250, "2.1.0", ("OK",))),
    (AT + 31, 4711),
    (AT + 90, Reply(554, "5.7.1", ("Refused",))),
]


def test_a_failure_is_kept_with_the_receivers_words_and_without_secrets():
    said = read(written(TALK, brief=False))
    assert [(line.at - AT, line.by, line.text) for line in said] == [
        (0, "<", "220 mx.x.test ESMTP"),
        (2, ">", "EHLO mail.shop.test"),
        (9, "<", "250 mx.x.test PIPELINING"),
        (10, "=", "TLSv1.3 TLS_AES_256_GCM_SHA384"),
        (12, ">", "MAIL FROM:<…@bounce.shop.test> SIZE=900"),
        (12, ">", "RCPT TO:<ann@x.test>"),
        (12, ">", "DATA"),
        (30, "<", "250 2.1.0 OK"),
        (31, ">", "(4711 octets of content)"),
        (90, "<", "554 5.7.1 Refused"),
    ]


def test_a_success_is_kept_by_verbs_codes_and_times():
    kept = written(TALK[4:], brief=True)
    assert kept is not None
    assert len(kept) < 100
    assert [(line.by, line.text) for line in read(kept)] == [
        (">", "MAIL RCPT DATA"),
        ("<", "250"),
        (">", "(4711 octets of content)"),
        ("<", "554"),
    ]
    assert (written([], brief=True), read(None)) == (None, [])


REPLIES = st.builds(
    Reply, st.integers(200, 599), st.just(""), st.lists(st.text(), max_size=3).map(tuple)
)
SAID = st.one_of(
    st.lists(st.binary(max_size=30), min_size=1, max_size=4).map(b"\r\n".join),
    st.integers(0, 10**9),
    st.text(max_size=30),
    REPLIES,
)


@given(st.lists(st.tuples(st.integers(AT, AT + 10**6), SAID), max_size=80), st.booleans())
def test_whatever_was_said_can_be_kept_and_is_bounded(notes, brief):
    kept = written(notes, brief=brief)
    said = read(kept)
    assert len(said) <= MOST_LINES
    assert all(isinstance(line, Said) and len(line.text) <= LONGEST_LINE for line in said)
    assert kept is None or len(said) == kept.count("\n")
