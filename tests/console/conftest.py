"""The console in a browser: the tests of a worker share one server and one Chromium.

One worker runs all of them and starts both only once (`tests.support.scheduling`).
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from tests.support.browser import browser
from tests.support.console_browser import ConsoleServer, axe_source, folder_of, settings_of
from tests.support.installations import name_server
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/console/" in str(item.path):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_console(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[ConsoleServer]:
    home = tmp_path_factory.mktemp("browser")
    async with name_server() as dns, Sink() as sink, browser(home) as chromium:
        folder = folder_of(tmp_path_factory.mktemp("server"))
        server = TayoriProcess(folder, settings_of(dns, sink.port))
        try:
            await server.start()
            yield ConsoleServer(server=server, dns=dns, chromium=chromium, axe=axe_source())
        finally:
            await server.close()


@pytest_asyncio.fixture(loop_scope="session")
async def console(shared_console: ConsoleServer) -> AsyncIterator[ConsoleServer]:
    """The shared server and browser; what a page did wrong fails the test at its end."""
    yield shared_console
    await shared_console.close_seats()
