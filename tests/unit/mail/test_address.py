import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.address import (
    MAX_ADDRESS_OCTETS,
    Address,
    AddressError,
    AddressFault,
    Mailbox,
    parse_address,
    parse_domain,
    parse_mailbox,
)
from tayori.mail.header import format_mailbox


@pytest.mark.parametrize(
    ("text", "name", "addr"),
    [
        ("a@b.example", "", "a@b.example"),
        ("  a@b.example\t", "", "a@b.example"),
        ("<a@b.example>", "", "a@b.example"),
        ("Name <a@b.example>", "Name", "a@b.example"),
        ("Name<a@b.example>", "Name", "a@b.example"),
        ("Two  Words <a@b.example>", "Two  Words", "a@b.example"),
        ("Tab\tbed <a@b.example>", "Tab bed", "a@b.example"),
        ("便り <a@b.example>", "便り", "a@b.example"),
        ('"Doe, \\"J\\" <x@y>" <a@b.example>', 'Doe, "J" <x@y>', "a@b.example"),
        ("Acme, Inc. <a@b.example>", "Acme, Inc.", "a@b.example"),
        ("a@b.example <a@b.example>", "a@b.example", "a@b.example"),
        ("=?UTF-8?B?44GC?= <a@b.example>", "あ", "a@b.example"),
        ("a@B.Example", "", "a@b.example"),
        ("A.b+c@b.example", "", "A.b+c@b.example"),
        ('"a b"@b.example', "", '"a b"@b.example'),
        ('"plain"@b.example', "", "plain@b.example"),
        ('"q\\"\\\\"@b.example', "", '"q\\"\\\\"@b.example'),
        ('<"<x>@"@b.example>', "", '"<x>@"@b.example'),
        ('N <"<x>"@b.example>', "N", '"<x>"@b.example'),
        ("x@例え.jp", "", "x@xn--r8jz45g.jp"),
        ("x@例え。jp", "", "x@xn--r8jz45g.jp"),
        ("x@faß.example", "", "x@xn--fa-hia.example"),
        ("用户@例え.jp", "", "用户@xn--r8jz45g.jp"),
    ],
)
def test_what_is_a_mailbox(text: str, name: str, addr: str) -> None:
    mailbox = parse_mailbox(text)
    assert isinstance(mailbox, Mailbox)
    assert (mailbox.display_name, mailbox.address.addr) == (name, addr)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", AddressFault.EMPTY),
        (" ", AddressFault.EMPTY),
        ("<>", AddressFault.EMPTY),
        ("a", AddressFault.NO_AT),
        ("a@b.example\r\nBcc: x@y.example", AddressFault.CONTROL),
        ("N\n <a@b.example>", AddressFault.CONTROL),
        ("N\x00 <a@b.example>", AddressFault.CONTROL),
        ("N\x85 <a@b.example>", AddressFault.CONTROL),
        ("N\u2028 <a@b.example>", AddressFault.CONTROL),
        ("N\ud800 <a@b.example>", AddressFault.CONTROL),
        ("=?UTF-8?Q?x=0D=0ABcc:_y?= <a@b.example>", AddressFault.CONTROL),
        ("a@b.example, c@d.example", AddressFault.SEVERAL),
        ("a@b.example, C <c@d.example>", AddressFault.SEVERAL),
        ("<a@b.example", AddressFault.LOCAL),
        ("a@b.example>", AddressFault.BRACKETS),
        ("<<a@b.example>", AddressFault.NAME),
        ("a > b <a@b.example>", AddressFault.NAME),
        ('"open <a@b.example>', AddressFault.NAME),
        ('"a" b <a@b.example>', AddressFault.NAME),
        (f"{'n' * 257} <a@b.example>", AddressFault.NAME),
        ("@b.example", AddressFault.LOCAL),
        ('""@b.example', AddressFault.LOCAL),
        ("a b@b.example", AddressFault.LOCAL),
        ("a\tb@b.example", AddressFault.LOCAL),
        (".a@b.example", AddressFault.LOCAL),
        ("a.@b.example", AddressFault.LOCAL),
        ("a..b@b.example", AddressFault.LOCAL),
        ("a@b@c.example", AddressFault.LOCAL),
        ("a\u202eb@b.example", AddressFault.LOCAL),
        ("a\u00a0b@b.example", AddressFault.LOCAL),
        ("a@", AddressFault.DOMAIN),
        ("a@b", AddressFault.DOMAIN),
        ("a@b.example.", AddressFault.DOMAIN),
        ("a@b..example", AddressFault.DOMAIN),
        ("a@-b.example", AddressFault.DOMAIN),
        ("a@b_c.example", AddressFault.DOMAIN),
        ("a@b c.example", AddressFault.DOMAIN),
        ("a@192.0.2.1", AddressFault.DOMAIN),
        ("a@xn--i8h.la", AddressFault.DOMAIN),
        ("a@xn--a.example", AddressFault.DOMAIN),
        ("a@[192.0.2.1]", AddressFault.LITERAL),
        (f"{'a' * 65}@b.example", AddressFault.LOCAL_LENGTH),
        (f"{'あ' * 22}@b.example", AddressFault.LOCAL_LENGTH),
        (f"a@{'b' * 64}.example", AddressFault.DOMAIN),
        (f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.example", AddressFault.LENGTH),
        (f"a@{'b.' * 5000}example", AddressFault.LENGTH),
    ],
)
def test_what_is_no_mailbox(text: str, fault: AddressFault) -> None:
    error = parse_mailbox(text)
    assert isinstance(error, AddressError)
    assert error.fault is fault
    assert error.text.strip("<> \t") in text
    assert error.sentence.endswith(".")


def test_every_fault_has_its_own_sentence() -> None:
    sentences = {AddressError(fault, "").sentence for fault in AddressFault}
    assert len(sentences) == len(AddressFault)


def test_longest_allowed() -> None:
    domain = f"{'b' * 63}.{'c' * 63}.{'d' * 53}.example"
    address = parse_address(f"{'a' * 64}@{domain}")
    assert isinstance(address, Address)
    assert len(address.addr) == MAX_ADDRESS_OCTETS


def test_only_a_local_part_beyond_ascii_needs_smtputf8() -> None:
    idn = parse_mailbox("便り <x@例え.jp>")
    eai = parse_mailbox("用户@b.example")
    assert isinstance(idn, Mailbox)
    assert isinstance(eai, Mailbox)
    assert not idn.needs_smtputf8
    assert idn.address.unicode_domain == "例え.jp"
    assert eai.needs_smtputf8
    assert eai.address.unicode_domain == "b.example"


def test_equality_is_by_mailbox_and_the_original_is_kept() -> None:
    one, two = parse_address('"a"@B.example'), parse_address("a@b.EXAMPLE")
    assert one == two
    assert isinstance(one, Address)
    assert one.original == '"a"@B.example'
    assert str(one) == "a@b.example"
    assert parse_address("A@b.example") != one


def test_domains() -> None:
    assert parse_domain("Mail.Example") == "mail.example"
    assert parse_domain("bücher.example") == "xn--bcher-kva.example"
    assert parse_domain("xn--BCHER-kva.example") == "xn--bcher-kva.example"
    error = parse_domain("localhost")
    assert isinstance(error, AddressError)
    assert error.fault is AddressFault.DOMAIN


_PIECES = st.sampled_from(
    ["a", "b.example", "@", "<", ">", '"', "\\", " ", ",", ".", "é", "あ", "\r\n", "=?utf-8?q?x?=",
     "xn--", "-", "\t", "[", "\u200d", "。", "😀", ";", ":", "(", ")"]
)  # fmt: skip
_TEXTS = st.one_of(st.text(), st.lists(_PIECES).map("".join), st.emails())


@given(_TEXTS)
def test_any_text_gives_a_value_that_is_safe_to_write(text: str) -> None:
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressError):
        return
    addr = mailbox.address.addr
    assert len(addr.encode()) <= MAX_ADDRESS_OCTETS
    assert not any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in addr)
    assert parse_address(addr) == mailbox.address
    for utf8 in (False, True):
        written = format_mailbox(mailbox, utf8=utf8 or mailbox.needs_smtputf8)
        assert b"\r" not in written.replace(b"\r\n ", b"")
        again = parse_mailbox(written.decode())
        assert isinstance(again, Mailbox)
        assert again.address == mailbox.address
        assert again.display_name.split() == mailbox.display_name.split()


@given(_TEXTS)
def test_any_text_is_a_domain_or_not(text: str) -> None:
    domain = parse_domain(text)
    if isinstance(domain, str):
        assert domain.isascii()
        assert domain == domain.lower()
        assert parse_domain(domain) == domain
