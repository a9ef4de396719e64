"""No statement that names its rows by a list looks through a whole table for them."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine

from tayori.accept import idempotency_store as of_tokens
from tayori.db.statement import Statement
from tayori.db.tables import metadata
from tayori.queue import statements as of_queue
from tayori.reputation import store as of_quotas
from tayori.suppress import statements as of_suppression

LISTS = {
    f"{module.__name__}.{name}": value
    for module in (of_queue, of_quotas, of_suppression, of_tokens)
    for name, value in vars(module).items()
    if isinstance(value, Statement) and "json_each" in value.form("sqlite")[0]
    # What is not in a list has to be looked through.
    if "json_each(?)) = 0" not in value.form("sqlite")[0]
}


@pytest.fixture(scope="module")
def schema() -> Iterator[sqlite3.Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        yield raw
    engine.dispose()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_keys_is_looked_up_in_an_index(schema: sqlite3.Connection, name: str) -> None:
    sql, names, _ = LISTS[name].form("sqlite")
    values = ["[]" if parameter.endswith("__list") else 1 for parameter in names]
    plan = [row[3] for row in schema.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert any(step.startswith("SEARCH") for step in plan), plan
    assert not [s for s in plan if s.startswith("SCAN") and "json_each" not in s], plan
