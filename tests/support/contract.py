"""Every action with a call that works, on one server, for tests that walk the whole API."""

import asyncio
import http.client
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select
from tests.support.api_world import ZONE, Client, World, api_world
from tests.support.signing import tc3_headers

from tayori.db import migrate
from tayori.db.database import Database
from tayori.db.open import database_url, open_database
from tayori.db.statement import Statement
from tayori.db.tables import metadata
from tayori.edge.api.reference.model import examples
from tayori.runtime.clock import day_of
from tayori.tenants.model import Credential

UNDOING = ("Delete", "Reject")
Rows = dict[str, list[dict[str, Any]]]


class Raw:
    """Signed calls over one connection, with any octets as the body."""

    def __init__(self, address: str, credential: Credential) -> None:
        self._address = address
        self._credential = credential
        self._connection = http.client.HTTPConnection(address, timeout=20)

    async def call(self, action: str, body: bytes, **common: str) -> dict[str, Any]:
        """Return what is inside `Response`; the status must be 200, whatever the body is."""
        return await asyncio.to_thread(self._call, action, body, common)

    async def code(self, action: str, parameters: object) -> str:
        """Return the code of the error, "" for success."""
        answer = await self.call(action, json.dumps(parameters).encode())
        return str(answer.get("Error", {}).get("Code", ""))

    def _call(self, action: str, body: bytes, common: dict[str, str]) -> dict[str, Any]:
        headers = tc3_headers(
            action,
            secret_id=self._credential.secret_id,
            secret=self._credential.secret,
            timestamp=int(time.time()),
            host=self._address,
            body=body,
            **common,
        )
        named = {name.decode(): value.decode() for name, value in headers}
        self._connection.request("POST", "/", body, named)
        answer = self._connection.getresponse()
        octets = answer.read()
        assert answer.status == 200, (answer.status, octets)
        inside: dict[str, Any] = json.loads(octets)["Response"]
        assert len(inside["RequestId"]) == 36
        return inside

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@asynccontextmanager
async def contract_world(folder: Path, **policy: Any) -> AsyncIterator[World]:
    """Serve the API on the embedded database; `policy` are settings that differ."""
    url = database_url("", folder)
    await migrate.prepare(url)
    database = open_database(url, 4)
    try:
        async with api_world(database, **policy) as world:
            yield world
    finally:
        await database.close()


def raw(world: World, client: Client) -> Raw:
    """Return a raw client with the same credential."""
    return Raw(world.address, client.credential)


def bodies(world: World) -> dict[str, dict[str, Any]]:
    """Return a body that works for each action, in an order in which they can be called."""
    today = day_of(world.clock.now(), ZONE)
    return {
        example.action: json.loads(json.dumps(example.body).replace("{today}", today))
        for example in examples()
    }


async def furnish(world: World) -> None:
    """Let the first account have one of everything."""
    await world.one.call("CreateEmailIdentity", EmailIdentity="old.example.test")
    for action, body in bodies(world).items():
        if not action.startswith(UNDOING):
            answer = await world.may(action).call(action, **body)
            if action == "CreateEmailIdentity":
                world.publish(answer["Attributes"])


async def rows_of(database: Database, *, without: tuple[str, ...] = ()) -> Rows:
    """Return everything that is stored, by table."""
    found: Rows = {}
    async with database.read() as transaction:
        for table in metadata.sorted_tables:
            if table.name not in without:
                rows = await transaction.fetch(Statement(select(table)))
                found[table.name] = sorted((dict(row) for row in rows), key=repr)
    return found
