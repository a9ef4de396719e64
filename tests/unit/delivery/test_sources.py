"""Sources: which families they reach, and that routes of two sources are kept apart."""

from tayori.delivery.plan import Route, Target
from tayori.delivery.sources import UNBOUND, Source

FOUR = Target("mx.x.test", "192.0.2.1")
SIX = Target("mx.x.test", "2001:db8::1")


def test_unbound_source_reaches_everything_and_costs_nothing() -> None:
    route = Route("x", (FOUR, SIX))
    assert route.leaving(UNBOUND) is route
    assert UNBOUND.local_for(FOUR.address) is None


def test_targets_of_a_family_that_the_source_lacks_are_skipped() -> None:
    route = Route("x", (SIX, FOUR))
    four = Source("a", ipv4="203.0.113.7")
    both = Source("b", ipv4="203.0.113.8", ipv6="2001:db8::8")
    assert route.leaving(four).targets == (FOUR,)
    assert route.leaving(both).targets == (SIX, FOUR)
    assert both.local_for(SIX.address) == "2001:db8::8"
    assert Route("y", (SIX,)).leaving(four).targets == ()


def test_routes_of_two_sources_have_keys_of_their_own() -> None:
    route = Route("x", (FOUR,))
    sources = [UNBOUND, Source("a", ipv4="203.0.113.7"), Source("b", ipv4="203.0.113.8")]
    assert len({route.leaving(source).key for source in sources}) == 3
