"""Whose a domain is, is learnt from deliveries; what its provider got in an hour is counted exactly."""

from dataclasses import replace

import pytest
from tests.store.test_pace import DOMAIN, MIDNIGHT, POLICY, ZONE, OneAccount
from tests.store.test_stats_plans import Analyse, by_index, plan
from tests.support.virtual_domain import DELIVERED, VirtualDomain, store_domain
from tests.unit.accept.test_checks import GOOD, box

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted, Source
from tayori.events.model import EventKind
from tayori.refusal.codes import Code
from tayori.reputation import provider_store
from tayori.reputation.model import Towards
from tayori.reputation.provider_caps import ProviderCaps
from tayori.reputation.provider_store import ProviderStore
from tayori.runtime.clock import HOUR, SettableClock
from tayori.runtime.ids import Ids

BOTH = {"gmail.com": "gmail", "qq.com": "qq"}


async def test_a_delivery_tells_whose_a_domain_is_and_the_last_one_counts(database):
    domain = await VirtualDomain(database).create()
    store, asked = ProviderStore(database), [*BOTH, "nobody.test"]
    assert await store.of(asked) == {}
    await domain.send(10)
    assert await store.of(asked) == BOTH

    await domain.send(2, lambda _number: (EventKind.DEFERRED, {"provider": "yahoo"}))
    assert await store.of(asked) == dict.fromkeys(BOTH, "yahoo")
    # What no attempt was made for says nothing about who receives.
    await domain.react(range(1, 5), EventKind.OPEN)
    assert await store.of(asked) == dict.fromkeys(BOTH, "yahoo")
    # A domain that has moved to servers of nobody known is nobody's.
    await domain.send(1, lambda _number: (DELIVERED[0], {"provider": ""}))
    assert await store.of(asked) == {"gmail.com": "yahoo"}


@pytest.fixture
def clock():
    return SettableClock(MIDNIGHT)


@pytest.fixture
async def door(database, clock):
    await store_domain(database, DOMAIN, MIDNIGHT)
    return Door(
        directory=OneAccount(),
        limits=Limits(POLICY, ZONE, hour_share=0.15),
        store=AcceptStore(database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )


async def test_the_door_takes_no_more_than_the_cap_whoever_asks(database, door, clock):
    async def send(towards):
        mail = replace(GOOD, to=(box("u@x.test"),), source=Source.BULK, towards=towards)
        answer = await door.accept(mail)
        return "" if isinstance(answer, Accepted) else answer.code

    caps = ProviderCaps(
        domain=DOMAIN, per_hour=15, share=0.2, by_provider={}, ends_at=MIDNIGHT + HOUR
    )
    gmail, full = Towards("gmail", caps.cap("gmail")), Code.FAILED_OPERATION__EXCEED_SEND_LIMIT
    assert [await send(gmail) for _ in range(4)] == ["", "", "", full]
    assert [await send(Towards("qq", 1)) for _ in range(2)] == ["", full]
    assert await send(None) == ""
    left = await ProviderStore(database).left(caps, ["gmail", "qq", "yahoo"])
    assert left == {"gmail": 0, "qq": 2, "yahoo": 3}
    clock.advance(HOUR)
    assert await send(gmail) == ""


async def test_providers_are_found_by_an_index(database):
    rows = [{"domain": f"d{n}.test", "provider": "gmail"} for n in range(12_000)]
    async with database.write() as transaction:
        await transaction.execute_many(provider_store.KEEP, rows)
    if database.dialect == "postgresql":
        async with database.write() as transaction:
            await transaction.execute(Analyse())
    asked = [f"d{n}.test" for n in range(0, 12_000, 100)]
    assert by_index(await plan(database, provider_store.KNOWN, domains=asked))
