"""The quick start's programs, run as they are shown, against a real server: each delivers a mail."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tayori.app.parts import opened
from tayori.cli.trial import Ports, Trial, trial
from tayori.edge.console.pages.start.snippets import GUIDES, KEY_VARIABLE, Values
from tayori.queue.states import State
from tayori.queue.story_store import StoryStore

pytestmark = pytest.mark.asyncio(loop_scope="module")
RUN = {"python": [sys.executable, "-W", "ignore"], "curl": ["sh", "-e"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    data_dir: Path = tmp_path_factory.mktemp("start") / "data"
    async with asyncio.timeout(300), trial(data_dir, Ports()) as running:
        yield running


@pytest.mark.parametrize("way", RUN)
async def test_a_program_sends_a_mail_that_arrives(found, tmp_path, way):
    values = Values(
        endpoint=found.endpoint,
        secure=False,
        sender=found.sender.rpartition("<")[2].rstrip(">"),
        secret_id=found.secret_id,
        template_id=found.template_id,
        variables=("name", "order"),
        to=f"{way}@example.com",
    )
    program = tmp_path / "program"
    program.write_text(values.filled(GUIDES[way].program))
    running = await asyncio.create_subprocess_exec(
        *RUN[way],
        program,
        env={**os.environ, KEY_VARIABLE: found.secret_key},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await running.communicate()
    said = output.decode()
    assert running.returncode == 0, said
    assert "qcloudses-30-" in said
    assert await _ended(found, values.to) is State.DELIVERED


async def _ended(found: Trial, address: str) -> State:
    async with asyncio.timeout(60), opened(found.settings) as parts:
        stories = StoryStore(parts.database)
        while True:
            (mail,) = await stories.newest(found.account_id, 1, to_address=address)
            if mail.ended_at is not None:
                return mail.state
            await asyncio.sleep(0)
