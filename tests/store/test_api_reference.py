"""The page and the document that describe the API are true: every example works as it is shown."""

import asyncio
import json
import re

import httpx
import pytest
from starlette.applications import Starlette
from tests.repo.tree import ROOT
from tests.support.api_world import ZONE, api_world

from tayori.edge.api.actions.registry import ROWS
from tayori.edge.api.reference.model import examples, fields_of, response_of
from tayori.edge.api.reference.openapi import document
from tayori.edge.public.openapi import openapi_route
from tayori.runtime.clock import day_of


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


def shape(value):
    """Return the names and kinds of a value; of a list what its first entry is."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


async def test_each_example_works_and_answers_as_shown(world):
    today = day_of(world.clock.now(), ZONE)
    await world.one.call("CreateEmailIdentity", EmailIdentity="old.example.test")
    for example in examples():
        body = json.loads(json.dumps(example.body).replace("{today}", today))
        answer = await world.may(example.action).call(example.action, **body)
        if example.action == "CreateEmailIdentity":
            world.publish(answer["Attributes"])
        shown = {name: value for name, value in example.answer.items() if name != "RequestId"}
        assert shape(answer) == shape(shown), example.action


def test_every_action_has_an_example():
    assert {example.action for example in examples()} == {row.name for row in ROWS}


async def test_the_client_on_the_page_works(world):
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
    client = {}
    exec(compile(source, "docs/api.md", "exec"), client)  # noqa: S102 - our own page
    key = (await world.accounts.credentials(world.one.account.id))[0]
    answer = await asyncio.to_thread(
        client["call"],
        world.address,
        key.secret_id,
        key.secret.decode(),
        "ListReceivers",
        {"Offset": 0, "Limit": 10},
    )
    assert answer["TotalCount"] == 0
    assert answer["RequestId"]


def test_the_document_describes_every_action_and_field():
    described = document()
    schemas = described["components"]["schemas"]
    assert [path.removeprefix("/#") for path in described["paths"]] == [row.name for row in ROWS]
    for row in ROWS:
        operation = described["paths"][f"/#{row.name}"]["post"]
        content = operation["requestBody"]["content"]["application/json"]
        schema = schemas[content["schema"]["$ref"].rpartition("/")[2]]
        fields = fields_of(row.request)
        assert set(schema["properties"]) == {field.name for field in fields}
        assert set(schema["required"]) == {field.name for field in fields if field.required}
        assert set(content["example"]) <= set(schema["properties"])
        answered = operation["responses"]["200"]["content"]["application/json"]["example"]
        assert set(answered["Response"]) >= {field.name for field in fields_of(response_of(row))}


def test_every_reference_of_the_document_leads_somewhere():
    described = document()
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(described)):
        found = described
        for part in reference.split("/"):
            found = found[part]
        assert found


async def test_a_server_hands_the_document_out():
    transport = httpx.ASGITransport(app=Starlette(routes=[openapi_route()]))
    async with httpx.AsyncClient(transport=transport, base_url="http://mail.test") as client:
        answer = await client.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == document()
