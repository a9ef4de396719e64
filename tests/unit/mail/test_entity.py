import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.address import AddressError
from tayori.mail.address_list import read_mailboxes
from tayori.mail.downgrade import ascii_headers, needs_smtputf8, seven_bit
from tayori.mail.entity import MAX_DEPTH, Malformed, Part, read_mail
from tayori.mail.parameters import read_structured

TREE = (
    b"From: a@x.test\r\nContent-Type: multipart/mixed; boundary=out\r\n\r\npreamble\r\n"
    b'--out\r\nContent-Type: multipart/alternative; boundary="in"\r\n\r\n'
    b"--in\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n\xe4\xbe\xbf\xe3\x82\x8a\r\n"
    b"--in \r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"<p>=E4=BE=BF</p>\r\n--in--\r\n"
    b"--out\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Disposition: attachment; filename*0*=UTF-8''%E5%A0%B1; filename*1=.pdf\r\n\r\n"
    b"aGVsbG8=\r\n--out\r\n\r\n--out--\r\nepilogue\r\n"
)


def part(raw):
    read = read_mail(raw)
    assert isinstance(read, Part), read
    return read


def test_a_tree_is_read_and_keeps_every_octet():
    mail = part(TREE)
    assert bytes(mail) == TREE
    leaves = [(leaf.kind.value, leaf.file_name, leaf.content) for leaf, _ in mail.leaves()]
    assert leaves == [
        ("text/plain", "", "便り".encode()),
        ("text/html", "", "<p>便</p>".encode()),
        ("application/pdf", "報.pdf", b"hello"),
        ("text/plain", "", b""),
    ]


BAD = {
    "nul": b"A: b\r\n\r\nx\0y\r\n",
    "bare LF": b"A: b\nC: d\r\n\r\n",
    "bare CR in the body": b"A: b\r\n\r\nx\ry\r\n",
    "no field": b"A: b\r\nno field\r\n\r\nx\r\n",
    "space before the colon": b"From : a@x.test\r\n\r\nx\r\n",
    "begins folded": b" A: b\r\n\r\nx\r\n",
    "fold of nothing": b"A: b\r\n \r\nBcc: c\r\n\r\nx\r\n",
    "two From": b"From: a@x.test\r\nfrom: b@x.test\r\n\r\nx\r\n",
    "long line": b"A: " + b"x" * 1000 + b"\r\n\r\nx\r\n",
    "long header": b"A: b\r\n" * 20_000 + b"\r\nx\r\n",
    "many fields": b"A: b\r\n" * 301 + b"\r\nx\r\n",
    "old type": b"Content-Type: text\r\n\r\nx\r\n",
    "type twice": b"Content-Type: text/plain; charset=a; charset=b\r\n\r\nx\r\n",
    "binary": b"Content-Transfer-Encoding: binary\r\n\r\nx\r\n",
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\nx\r\n",
    "never closed": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx\r\n",
    "no part": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a--\r\n",
    "encoded multipart": b"Content-Type: multipart/mixed; boundary=a\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n",
    "8bit in 7bit": b"Content-Transfer-Encoding: 7bit\r\n\r\n\xc3\xa4\r\n",
    "bad base64": b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8\r\n",
    "no base64": b"Content-Transfer-Encoding: base64\r\n\r\n!!!!\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_what_the_standards_forbid_is_refused_with_a_sentence(name):
    fault = read_mail(BAD[name])
    assert isinstance(fault, Malformed)
    assert fault.sentence.endswith(
        (
            ".",
            ").",
        )
    )


def test_nesting_is_bounded():
    raw = b"Content-Type: text/plain\r\n\r\nx"
    for level in range(MAX_DEPTH + 2):
        raw = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n%b\r\n--b%d--\r\n" % (
            level,
            level,
            raw,
            level,
        )
    assert isinstance(read_mail(raw), Malformed)


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                b"\r\n",
                b"--a",
                b"--",
                b" ",
                b":",
                b";",
                b"=",
                b'"',
                b"\xe4\xbe\xbf",
                b"x",
                b"(",
                b"\\",
            ),
            b"Content-Type: multipart/mixed; boundary=a\r\n",
            b"Content-Transfer-Encoding: base64\r\n",
            b"Content-Type: multipart/signed; boundary=a\r\n",
            b'Content-Disposition: attachment; filename="a\xe4\xbe\xbf"\r\n',
            b"From: a <a@x.test>\r\n",
            b"To: \xe4\xbe\xbf <a@x.test>\r\n",
            b"\r\n\r\n",
            b"\r\n--a\r\n",
            b"\r\n--a--\r\n",
        ]
    ),
    max_size=24,
).map(b"".join)


@given(PIECES | st.binary(max_size=200))
def test_any_octets_are_read_or_refused_and_never_lost(raw):
    mail = read_mail(raw)
    if isinstance(mail, Malformed):
        return
    assert bytes(mail) == raw
    for leaf, _ in mail.leaves():
        assert isinstance(leaf.text, str)
        assert isinstance(leaf.file_name, str)
    shown = ascii_headers(mail)
    assert shown.body == mail.body or not mail.body.isascii()
    changed = seven_bit(shown)
    if changed is not None:
        assert changed.body.isascii()
        assert isinstance(read_mail(bytes(changed)), Part) or needs_smtputf8(changed)


@given(st.text(max_size=80) | st.text(alphabet="a@x.,;:<>()\"\\ t/=*'%", max_size=60))
def test_any_text_is_a_value_or_refused(text):
    read_structured(text)
    found = read_mailboxes(text)
    assert isinstance(found, tuple | AddressError)


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ('"A, B" <a@x.test>, b@x.test', ["a@x.test", "b@x.test"]),
        ("Friends: a@x.test, B <b@x.test>;, c@x.test", ["a@x.test", "b@x.test", "c@x.test"]),
        ("undisclosed-recipients:;", []),
        ("a@x.test (the first)", ["a@x.test"]),
    ],
)
def test_address_lists_are_read(text, addresses):
    assert [mailbox.address.addr for mailbox in read_mailboxes(text)] == addresses


def test_eight_bits_become_seven_but_not_under_a_signature():
    mail = part(TREE)
    changed = seven_bit(mail)
    assert changed is not None
    assert changed.body.isascii()
    again = part(bytes(changed))
    assert [leaf.text for leaf, _ in again.leaves()][:2] == ["便り", "<p>便</p>"]
    signed = part(TREE.replace(b"multipart/alternative", b"multipart/signed"))
    assert seven_bit(signed) is None


def test_header_texts_become_encoded_words_and_addresses_stay():
    mail = part("From: 便り <a@x.test>\r\nTo: 便@x.test\r\nSubject: 報告\r\n\r\nx\r\n".encode())
    fields = ascii_headers(mail).fields
    assert fields[0] == b"From: =?UTF-8?B?5L6/44KK?= <a@x.test>\r\n"
    assert fields[1] == "To: 便@x.test\r\n".encode()
    assert fields[2].isascii()
    assert needs_smtputf8(ascii_headers(mail))
