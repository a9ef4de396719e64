"""A running API for the tests of a module, which share one event loop."""

from collections.abc import AsyncIterator

import pytest_asyncio
from tests.support.api_service import Service, running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service() -> AsyncIterator[Service]:
    async with running() as ready:
        yield ready
