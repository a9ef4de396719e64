"""Limits that an operator set for single accounts, by command and in force."""

import pytest
from tests.support.api_world import BOX, DOMAINS, quick_key
from tests.support.virtual_domain import store_domain

from tayori.config.tree import Policy
from tayori.edge.submission.rate import Rate
from tayori.refusal.refusal import Refusal
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.runtime.clock import SECOND, SettableClock
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.limit_store import LimitStore
from tayori.tenants.limits import NAMES, AccountLimits


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
async def limits(database, clock):
    await store_domain(database, "mail.shop.test", clock.now())
    return AccountLimits(LimitStore(database), clock, Policy(requests_per_second=5))


async def test_what_is_not_set_is_as_the_settings_have_it(limits):
    assert (await limits.of(1)).account_per_day == 300_000
    assert await limits.set(1, "account_per_day", 7) is None
    assert (await limits.of(1)).account_per_day == 7
    assert (await limits.of(2)).account_per_day == 300_000
    assert await limits.set(1, "account_per_day", 0) is None
    assert (await limits.of(1)).account_per_day == 0
    assert await limits.set(1, "account_per_day", None) is None
    assert (await limits.of(1)).account_per_day == 300_000


async def test_another_process_hears_of_it_within_five_seconds(database, limits, clock):
    other = AccountLimits(LimitStore(database), clock, Policy())
    assert (await other.of(1)).max_templates == 500
    await limits.set(1, "max_templates", 3)
    clock.advance(5 * SECOND)
    assert (await other.of(1)).max_templates == 3


@pytest.mark.parametrize(("name", "value"), [("max_cats", 1), ("max_domains", -1)])
async def test_a_wrong_name_or_number_changes_nothing(limits, name, value):
    refused = await limits.set(1, name, value)
    assert isinstance(refused, Refusal)
    assert await limits.own(1) == {}


async def test_calls_and_domains_are_limited_by_it(database, limits, clock):
    permits = Permits(database, clock, Scope.REQUESTS_SECOND)
    rate = Rate(permits, 5, limits)
    await limits.set(1, "requests_per_second", 2)
    await limits.set(1, "max_domains", 1)
    assert [await rate.admit(1) is None for _ in range(4)] == [True, True, False, False]
    assert [await rate.admit(2) is None for _ in range(6)] == [True] * 5 + [False]
    identities = Identities(
        store=IdentityStore(database, BOX),
        clock=clock,
        domains=DOMAINS,
        policy=Policy(),
        limits=limits,
        make=quick_key,
    )
    assert isinstance(await identities.create(1, "second.shop.test"), Refusal)
    await limits.set(1, "max_domains", None)
    assert not isinstance(await identities.create(1, "second.shop.test"), Refusal)


def test_the_command_shows_and_sets_them(tayori):
    tayori.json("account", "create", "shop")
    shown = tayori.json("account", "limit", "shop")
    assert [row["limit"] for row in shown] == list(NAMES)
    assert {row["own"] for row in shown} == {False}
    set_to = tayori.json("account", "limit", "shop", "mailbox_per_hour", "25")
    assert {"limit": "mailbox_per_hour", "value": 25, "own": True} in set_to
    back = tayori.json("account", "limit", "shop", "mailbox_per_hour", "default")
    assert {"limit": "mailbox_per_hour", "value": 10, "own": False} in back
    assert "Give mailbox_per_hour a number" in tayori.complaint(
        "account", "limit", "shop", "mailbox_per_hour", "x"
    )
    assert "known are" in tayori.complaint("account", "limit", "shop", "max_cats", "1")
