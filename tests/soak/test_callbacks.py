"""100,000 events for receivers that hang, are dead, redirect, refuse, reset, and work."""

import time

import pytest
from tests.store.test_callbacks import World, make_world
from tests.support.callback_storm import check_storm, storm

__all__ = ["World", "make_world"]

EVENTS = 100_000


@pytest.mark.timeout(1_800)
async def test_a_hundred_thousand_events_survive_bad_receivers(make_world) -> None:
    world = make_world(timeout_s=0.5, at_once=8)
    began = time.monotonic()
    check_storm(await storm(world, EVENTS))
    print(f"\n{EVENTS} events for six receivers in {time.monotonic() - began:.0f} s")
