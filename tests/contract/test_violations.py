"""Whatever is wrong with a parameter of any action: a documented error, and nothing is changed."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.api_world import World
from tests.support.contract import bodies, raw, rows_of

from tayori.edge.api.actions.registry import ROWS
from tayori.edge.api.reference.model import FieldOf, fields_of
from tayori.refusal.codes import Code

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODES = {code.value for code in Code}
WATCHED_NOT = ("event", "quota", "sequence", "api_access")
"""A refusal of the door leaves its event."""
DEEP: Any = 1
for _ in range(400):
    DEEP = [DEEP]
WRONG: dict[str, tuple[Any, ...]] = {
    "text": (["x"], {"a": 1}, True, 1.5, DEEP, "a\0b"),
    "number": ("many", -1, 2**70, 1.5, [1], {"a": 1}, DEEP),
    "true or false": ("perhaps", 7, [], {"a": 1}),
    "object": ("{}", 1, [], True, DEEP),
    "list": ("a@x.test", 1, {"a": 1}, True, [[1]], [DEEP]),
}


def _wrong(kind: str) -> tuple[Any, ...]:
    for name, values in WRONG.items():
        if kind.startswith(name):
            return values
    raise LookupError(kind)


def _places(fields: list[FieldOf], at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, FieldOf]]:
    """Return each field with the path to its parent in a body."""
    for field in fields:
        yield at, field
        if field.inner is not None:
            deeper = (field.name, 0) if field.kind.startswith("list") else (field.name,)
            yield from _places(fields_of(field.inner), (*at, *deeper))


def _parent(body: Any, path: tuple[Any, ...]) -> Any:
    """Return the object at the path; None where the body has none."""
    for part in path:
        try:
            body = body[part]
        except (KeyError, IndexError):
            return None
    return body


def _violations(action: str, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    request = next(row.request for row in ROWS if row.name == action)
    for path, field in _places(fields_of(request)):
        if _parent(body, path) is None:
            continue
        name = ".".join(map(str, (*path, field.name)))
        if field.required:
            for what in ("left out", "null"):
                changed = copy.deepcopy(body)
                parent = _parent(changed, path)
                parent.pop(field.name)
                if what == "null":
                    parent[field.name] = None
                yield f"{name} {what}", changed
        for value in _wrong(field.kind):
            if " or " in field.kind and isinstance(value, int):
                continue
            changed = copy.deepcopy(body)
            _parent(changed, path)[field.name] = value
            yield f"{name} = {str(value)[:20]}", changed
    yield "an unknown parameter", {**body, "Surprise": 1}


@pytest.mark.parametrize("action", [row.name for row in ROWS])
async def test_each_violation_is_refused_and_changes_nothing(world: World, action: str) -> None:
    body = bodies(world)[action]
    client = raw(world, world.may(action))
    before = await rows_of(world.database, without=WATCHED_NOT)
    wrong = []
    for what, changed in _violations(action, body):
        code = await client.code(action, changed)
        if code not in CODES or code == Code.INTERNAL_ERROR.value:
            wrong.append((what, code))
    client.close()
    assert not wrong
    assert await rows_of(world.database, without=WATCHED_NOT) == before


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe{}", b'{"Offset": 1e400}', b"{}{}",
     b'{"Offset": ' + b"9" * 5_000 + b"}", b"[" * 100_000, b'{"\\ud800": 1}',
     b'{"Offset": 0, "Offset": 0, "Limit": 1}'],
)  # fmt: skip
async def test_a_body_that_is_no_request_is_an_error_of_the_caller(
    world: World, body: bytes
) -> None:
    client = raw(world, world.one)
    answer = await client.call("ListReceivers", body)
    client.close()
    code = answer.get("Error", {}).get("Code", "")
    # A member that comes twice is legal JSON: the last one counts.
    assert code in CODES - {Code.INTERNAL_ERROR.value} or body.startswith(b'{"Offset": 0')
    assert "Traceback" not in json.dumps(answer)
