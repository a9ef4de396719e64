"""Four processes hammer one quota for a minute, and the number accepted is the quota exactly."""

import time
import uuid

import asyncpg
import pytest
from tests.support.hammer import hammered

from tayori.db import migrate
from tayori.db.open import database_url, open_database

QUOTA = 20_000
SECONDS = 600.0
"""They stop when the day is full, after about a minute on two cores."""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_quota_of_20_000(kind, tmp_path, postgresql_server):
    if kind == "sqlite":
        url = database_url("", tmp_path)
    else:
        name = f"test_{uuid.uuid4().hex}"
        connection = await asyncpg.connect(postgresql_server.url("postgres"))
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        url = postgresql_server.url(name)
    await migrate.prepare(url)
    database = open_database(url, 4)
    began = time.monotonic()
    try:
        accepted = await hammered(database, url, QUOTA, SECONDS)
    finally:
        await database.close()
    print(f"{kind}: {accepted} = {sum(accepted)} in {time.monotonic() - began:.0f} s")
    assert sum(accepted) == QUOTA
