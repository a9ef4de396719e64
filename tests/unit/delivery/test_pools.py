"""Pools: weights are kept over many mails, the choice is stable, pins and avoidances count."""

from collections import Counter
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from tests.unit.delivery import test_judge

from tayori.config.delivery import DeliverySettings, PoolSettings, SourceSettings
from tayori.delivery.pools import in_order, pools_of

ZONE = ZoneInfo("Asia/Shanghai")
SOURCES = tuple(SourceSettings(name=n, ipv4=f"192.0.2.{i}") for i, n in enumerate("abc", 1))


def leased(**changes):
    return replace(test_judge.leased(), **changes)


def first(members, **changes):
    return in_order(members, leased(**changes))[0].source.name


def test_without_pools_all_sources_share_alike():
    pools = pools_of(DeliverySettings(sources=SOURCES), ZONE)
    drawn = Counter(first(pools.members(None), id=n) for n in range(6_000))
    assert sorted(drawn) == ["a", "b", "c"]
    assert all(1_800 < count < 2_200 for count in drawn.values())


def test_weights_decide_how_often_a_member_is_first():
    pool = PoolSettings(name="one", members={"a": 3, "b": 1})
    members = pools_of(DeliverySettings(sources=SOURCES, pools=(pool,)), ZONE).members(None)
    drawn = Counter(first(members, id=n) for n in range(8_000))
    assert drawn["a"] + drawn["b"] == 8_000
    assert drawn["a"] / drawn["b"] == pytest.approx(3, rel=0.1)


def test_a_choice_is_the_same_again_and_another_attempt_may_have_another():
    members = pools_of(DeliverySettings(sources=SOURCES), ZONE).members(None)
    assert [first(members, id=n) for n in range(50)] == [first(members, id=n) for n in range(50)]
    assert len({first(members, id=1, attempts=n) for n in range(30)}) == 3


def test_a_pin_comes_first_and_what_must_be_avoided_last():
    members = pools_of(DeliverySettings(sources=SOURCES), ZONE).members(None)
    for number in range(50):
        assert first(members, id=number, source="b") == "b"
        order = in_order(members, leased(id=number, avoids="b"))
        assert order[-1].source.name == "b"


def test_dedicated_default_and_forgotten_pools():
    pools = (
        PoolSettings(name="shared", members={"a": 1}),
        PoolSettings(name="own", members={"b": 1, "c": 1}),
    )
    found = pools_of(DeliverySettings(sources=SOURCES, pools=pools), ZONE)
    assert [m.source.name for m in found.members(None)] == ["a"]
    assert {m.source.name for m in found.members("own")} == {"b", "c"}
    assert [m.source.name for m in found.members("gone")] == ["a"]
    other = pools_of(DeliverySettings(sources=SOURCES, pools=pools, default_pool="own"), ZONE)
    assert {m.source.name for m in other.members(None)} == {"b", "c"}
