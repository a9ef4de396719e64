"""A running API for each test."""

from collections.abc import AsyncIterator

import pytest
from tests.support.api_service import Service, running


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    async with running() as ready:
        yield ready
