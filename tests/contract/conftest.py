"""One server with one of everything for all tests of a module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.support.api_world import World
from tests.support.contract import contract_world, furnish


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder: Path = tmp_path_factory.mktemp("contract")
    async with contract_world(folder) as made:
        await furnish(made)
        yield made
