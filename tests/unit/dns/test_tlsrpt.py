import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.dns.tlsrpt import MOST_URIS, report_uris


@pytest.mark.parametrize(
    ("texts", "places"),
    [
        ((b"v=TLSRPTv1; rua=mailto:reports@x.test",), ("mailto:reports@x.test",)),
        (
            (b"v=TLSRPTv1;rua=mailto:a@x.test,https://x.test/r;",),
            ("mailto:a@x.test", "https://x.test/r"),
        ),
        ((b"v=TLSRPTv1; rua=mailto:a%2Bb@x.test?subject=x",), ("mailto:a+b@x.test",)),
        ((b"v=TLSRPTv1; rua=http://x.test/r , mailto:a@x.test; ext=1",), ("mailto:a@x.test",)),
        ((b"v=TLSRPTv1; rua=mailto:a@x.test", b"v=TLSRPTv1; rua=mailto:b@x.test"), ()),
        ((b"v=spf1 -all", b"v=TLSRPTv1; rua=mailto:b@x.test"), ("mailto:b@x.test",)),
        ((b"v=TLSRPTv1; rua=mailto:a@x.test%0d%0aBcc:b@y.test",), ()),
        ((b"v=TLSRPTv1;",), ()),
        ((b"v=TLSRPTv2; rua=mailto:a@x.test",), ()),
        ((b"v=TLSRPTv1; rua=mailto:\xff@x.test",), ()),
        ((), ()),
    ],
)
def test_where_reports_are_wanted(texts, places):
    assert report_uris(texts) == places


@given(
    st.lists(
        st.binary(max_size=80)
        | st.text(max_size=60).map(lambda text: b"v=TLSRPTv1; rua=mailto:" + text.encode())
        | st.text(max_size=60).map(lambda text: b"v=TLSRPTv1;rua=https://" + text.encode()),
        max_size=2,
    )
)
def test_any_records_are_places_or_none(texts):
    places = report_uris(tuple(texts))
    assert len(places) <= MOST_URIS
    assert all(place.isprintable() and " " not in place for place in places)
    assert all(place[:7].lower() in {"mailto:", "https:/"} for place in places)
