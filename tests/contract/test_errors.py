"""The table of codes in docs/compatibility.md: complete, and each code comes from what it says."""

import copy
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.repo.tree import ROOT
from tests.support.api_world import World
from tests.support.contract import bodies, contract_world, furnish, raw
from tests.support.documented_errors import NOT_HERE, ROWS, Row, table

from tayori.refusal.codes import Code

PROVOKED = [row for row in ROWS if row.changes is not None]
LIMITS = {
    "max_domains": 2,
    "max_senders_per_domain": 1,
    "max_templates": 1,
    "max_receiver_lists": 1,
}
"""What the first account has already, so that one more is too many."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full_world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with contract_world(tmp_path_factory.mktemp("errors"), **LIMITS) as made:
        await furnish(made)
        yield made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("row", PROVOKED, ids=[f"{row.action}-{row.code}" for row in PROVOKED])
async def test_a_documented_code_comes_from_its_cause(full_world: World, row: Row) -> None:
    body: dict[str, Any] = copy.deepcopy(bodies(full_world)[row.action])
    changes = dict(row.changes or {})
    if changes.pop("_huge", False):
        # Made here, so that no test is named after five million letters.
        values = {"name": "x" * 5_000_000}
        changes["Template"] = {"TemplateID": 1, "TemplateData": json.dumps(values)}
        if row.action == "BatchSendEmail":
            changes["ReceiverId"] = 1
    body.update(changes)
    client = raw(full_world, full_world.one)
    code = await client.code(row.action, {k: v for k, v in body.items() if v is not None})
    client.close()
    assert code == row.code


def test_the_table_on_the_page_is_the_one_that_was_tested() -> None:
    assert table() in (ROOT / "docs/compatibility.md").read_text()


def test_a_code_that_is_not_provoked_here_says_why_or_is_shown_elsewhere() -> None:
    shown = "\n".join(
        file.read_text()
        for folder in ("store", "scenario", "unit")
        for file in (ROOT / "tests" / folder).rglob("test_*.py")
    )
    missing = [
        (row.action, row.code)
        for row in ROWS
        if row.changes is None
        and not row.cause.startswith(NOT_HERE)
        and row.code not in shown
        and f"Code.{Code(row.code).name}" not in shown
    ]
    assert not missing
