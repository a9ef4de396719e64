import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.callbacks.destination import check_url
from tayori.dns.answers import Answer, NoSuchName, TemporaryFailure
from tayori.dns.guarded import ForbiddenAddressError, GuardedResolver
from tayori.refusal.saying import NOTHING, Saying


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/events",
        "https://hooks.example:8443/a?b=c&d=%20",
        "https://192.0.43.7/x",
        "http://[2606:4700::1]:8080/",
    ],
)
def test_urls_that_calls_may_go_to(url):
    assert check_url(url, allow_private=False) == NOTHING


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example", "ftp://hooks.example/", "http://", "http:///x", "//hooks.example/"),
        *("http://user:pw@hooks.example/", "http://user@hooks.example/", "http://x:99999/"),
        *("http://x:0/", "http://x/ y", "http://x/\r\nHost: y", "http://bücher.example/"),
        *("http://127.0.0.1/", "http://10.0.0.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/"),
        *("http://169.254.169.254/latest", "http://0.0.0.0/", "http://[fe80::1]/", "http://[x/"),
        "http://x.example/" + "a" * 2_000,
    ],
)
def test_urls_that_are_refused_with_a_sentence(url):
    assert check_url(url, allow_private=False).english.endswith(".")


def test_an_operator_may_permit_private_addresses():
    assert check_url("http://127.0.0.1:8080/", allow_private=True) == NOTHING


@given(st.text(max_size=60) | st.text("htp:/@[]#?.1a", max_size=40).map("http://".__add__))
def test_any_text_gets_an_answer(url):
    assert isinstance(check_url(url, allow_private=False), Saying)


class Names:
    """A view of the DNS with these addresses."""

    def __init__(self, **records):
        self._records = records

    async def lookup(self, name, record_type, *, bypass_cache=False):
        assert not bypass_cache
        found = self._records.get(record_type)
        if found is None:
            return NoSuchName()
        return (
            found
            if isinstance(found, TemporaryFailure)
            else Answer(records=tuple(found), ttl=60, name=name)
        )


async def resolved(names, *, allow_private=False, family=socket.AF_UNSPEC):
    resolver = GuardedResolver(names, allow_private=allow_private)
    return [each["host"] for each in await resolver.resolve("hooks.example", 80, family)]


async def test_only_public_addresses_are_handed_out():
    names = Names(A=["10.0.0.1", "192.0.43.7"], AAAA=["::1", "2606:4700::1"])
    assert await resolved(names) == ["192.0.43.7", "2606:4700::1"]
    assert await resolved(names, family=socket.AF_INET6) == ["2606:4700::1"]
    assert len(await resolved(names, allow_private=True)) == 4


@pytest.mark.parametrize("address", ["127.0.0.1", "192.168.1.1", "100.64.0.1", "0.1.2.3"])
async def test_a_name_that_leads_inside_is_forbidden(address):
    with pytest.raises(ForbiddenAddressError, match=r"hooks\.example leads to private"):
        await resolved(Names(A=[address]))


async def test_a_name_without_an_address_says_why():
    with pytest.raises(OSError, match="has no address"):
        await resolved(Names())
    with pytest.raises(OSError, match="SERVFAIL"):
        await resolved(Names(A=TemporaryFailure(detail="SERVFAIL")))
