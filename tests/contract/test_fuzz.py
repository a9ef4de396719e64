"""Bodies that are nearly right, by the thousand: no answer but a 200, no fault of ours, no growth."""

import asyncio
import copy
import gc
import json
import random
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.api_world import World
from tests.support.contract import Raw, bodies, raw

from tayori.edge.api.actions.registry import ROWS

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROUNDS = 40
GROWTH = 400_000
"""Octets that caches may still take after a thousand calls."""
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


def _changed(body: Any, chance: random.Random, odd: Any) -> Any:
    """Return a body in which one value, anywhere, is an odd one."""
    changed = copy.deepcopy(body)
    places: list[tuple[Any, Any]] = []
    waiting = [changed]
    while waiting:
        part = waiting.pop()
        for key in part if isinstance(part, dict) else range(len(part)):
            places.append((part, key))
            if isinstance(part[key], (dict, list)):
                waiting.append(part[key])
    if places:
        part, key = chance.choice(places)
        part[key] = odd
    return changed


@pytest.mark.parametrize("action", [row.name for row in ROWS])
async def test_a_body_with_something_odd_in_it_is_answered(world: World, action: str) -> None:
    body = bodies(world)[action]
    allowed = world.may(action)
    client = raw(world, allowed if allowed is world.reviewer else world.two)
    loop = asyncio.get_running_loop()

    @settings(max_examples=ROUNDS, deadline=None)
    @given(odd=ODD, seed=st.integers(0, 2**32))
    def ask(odd: Any, seed: int) -> None:
        changed = _changed(body, random.Random(seed), odd)
        asked = client.code(action, changed)
        code = asyncio.run_coroutine_threadsafe(asked, loop).result(timeout=20)
        assert not code.startswith("InternalError")

    await asyncio.to_thread(ask)
    client.close()


async def test_memory_does_not_grow_with_calls(world: World) -> None:
    client = raw(world, world.one)
    tracemalloc.start()
    try:
        await _calls(client, world, 300)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        await _calls(client, world, 1_000)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        client.close()
    assert after - before < GROWTH


async def _calls(client: Raw, world: World, count: int) -> None:
    known = bodies(world)
    for number in range(count):
        action = ("ListReceivers", "GetEmailTemplate", "SendEmail")[number % 3]
        body = {**known[action], "Subject": 7} if action == "SendEmail" else known[action]
        await client.call(action, json.dumps(body).encode())
