import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import trustme
import uvloop
from tests.support.peers.receiving import Certificates, Receivers

from tayori.runtime.clock import SettableClock


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run every asynchronous test of this folder on both event loops."""
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder: Path = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    certificate = authority.issue_cert("mx.receiver.example")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
    authority.cert_pem.write_to_path(str(folder / "roots.pem"))
    return Certificates(both=folder / "both.pem", roots=folder / "roots.pem")


@pytest.fixture
async def receivers() -> AsyncIterator[Receivers]:
    made = Receivers()
    yield made
    await made.stop()
