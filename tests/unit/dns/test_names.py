import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.dns.addresses import is_private, parse_literal
from tayori.dns.exchange import parse_server
from tayori.dns.names import is_below, parents, to_ascii, to_host


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("_dmarc.example.com", "_dmarc.example.com"),
        ("a..b", None),
        ("", None),
        (".", None),
        ("a" * 64 + ".com", None),
        (".".join(["a" * 60] * 5), None),
        ("-a.com", None),
        ("a b.com", None),
        ("a\x00.com", None),
        ("\ud800.com", None),
    ],
)
def test_names_are_normalised_or_none(text: str, expected: str | None) -> None:
    assert to_ascii(text) == expected


def test_hosts_have_two_labels_and_no_underscores() -> None:
    assert to_host("mail.example.com") == "mail.example.com"
    assert to_host("localhost") is None
    assert to_host("_dmarc.example.com") is None
    assert to_host("*.example.com") is None


@given(st.text(max_size=80))
def test_any_text_is_a_name_or_none(text: str) -> None:
    name = to_ascii(text)
    assert name is None or (name.isascii() and to_ascii(name) is not None)


def test_parents_and_is_below() -> None:
    assert parents("a.b.c") == ("a.b.c", "b.c", "c")
    assert is_below("a.b.c", "b.c")
    assert is_below("b.c", "b.c")
    assert not is_below("ab.c", "b.c")


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("100.64.0.1", True),
        ("169.254.1.1", True),
        ("0.0.0.0", True),  # noqa: S104 - an address to be refused
        ("224.0.0.1", True),
        ("8.8.8.8", False),
        ("::1", True),
        ("fe80::1", True),
        ("fc00::1", True),
        ("2606:4700::1", False),
        ("::ffff:127.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("2002:7f00:1::", True),
        ("64:ff9b::7f00:1", True),
        ("64:ff9b::808:808", False),
    ],
)
def test_addresses_that_are_not_public(text: str, private: bool) -> None:
    assert is_private(ipaddress.ip_address(text)) is private


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[192.0.2.1]", "192.0.2.1"),
        ("[IPv6:2606:4700::1]", "2606:4700::1"),
        ("[2606:4700::1]", None),
        ("[IPv6:192.0.2.1]", None),
        ("[300.0.0.1]", None),
        ("192.0.2.1", None),
    ],
)
def test_address_literals(text: str, expected: str | None) -> None:
    address = parse_literal(text)
    assert (address.ip if address else None) == expected


def test_servers_are_read_with_and_without_port() -> None:
    assert parse_server("192.0.2.1") == ("192.0.2.1", 53)
    assert parse_server("127.0.0.1:5353") == ("127.0.0.1", 5353)
    assert parse_server("[::1]:5353") == ("::1", 5353)
    assert parse_server("::1") == ("::1", 53)


@pytest.mark.parametrize(
    "text", ["", "dns.example", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:70000"]
)
def test_bad_servers_are_errors(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_server(text)
