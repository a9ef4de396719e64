"""What the official SDK's types say of each action holds here, and its clients make every call."""

import re
import warnings
from typing import Any

import pytest
from tests.support.api_world import World
from tests.support.contract import UNDOING, bodies

from tayori.edge.api.actions.registry import SES_ROWS
from tayori.edge.api.reference.model import FieldOf, fields_of, response_of

with warnings.catch_warnings():
    # The SDK is as it is; what it warns about when it is imported is not ours to mend.
    warnings.simplefilter("ignore")
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.ses.v20201002 import models
    from tencentcloud.ses.v20201002.ses_client import SesClient
    from tencentcloud.ses.v20201002.ses_client_async import SesClient as AsyncSesClient

NOT_OURS = {"RequestId"}
ONCE = {"UpdateEmailSmtpPassWord", "UpdateCustomBlackList"}
"""The second call is refused: the password is the last one, the entry is gone."""


def _actions() -> set[str]:
    return {name for name in vars(SesClient) if re.match(r"[A-Z]", name)}


def _members(model: Any) -> set[str]:
    return {name for name in dir(model) if re.match(r"[A-Z]", name)} - NOT_OURS


def _inner(model: Any, field: FieldOf) -> Any:
    """Return the SDK's class of a member that is an object, by what its docstring says."""
    told = getattr(type(model), field.name).__doc__ or ""
    found = re.search(r":class:`[\w.]*\.(\w+)`|:rtype: list of (\w+)", told)
    return getattr(models, (found[1] or found[2]))() if found else None


def _differences(model: Any, structure: Any, place: str) -> list[str]:
    ours = {field.name: field for field in fields_of(structure)}
    wrong = [f"{place}.{name}" for name in sorted(_members(model) - ours.keys())]
    for field in ours.values():
        if field.inner is not None and field.name in _members(model):
            inner = _inner(model, field)
            if inner is not None:
                wrong += _differences(inner, field.inner, f"{place}.{field.name}")
    return wrong


def test_every_action_of_the_sdk_is_there() -> None:
    assert _actions() == {row.name for row in SES_ROWS}


@pytest.mark.parametrize("row", SES_ROWS, ids=[row.name for row in SES_ROWS])
def test_every_field_that_the_sdk_knows_is_there(row: Any) -> None:
    request = getattr(models, f"{row.name}Request")()
    response = getattr(models, f"{row.name}Response")()
    assert _differences(request, row.request, "request") == []
    assert _differences(response, response_of(row), "response") == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_asynchronous_client_makes_every_call(world: World) -> None:
    (key, *_) = await world.accounts.credentials(world.one.account.id)
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=world.address))
    client = AsyncSesClient(Credential(key.secret_id, key.secret.decode()), "ap-hongkong", profile)
    made, theirs = 0, {row.name for row in SES_ROWS}
    async with client:
        for action, body in bodies(world).items():
            if action.startswith(("Create", *UNDOING)) or action in ONCE or action not in theirs:
                continue
            request = getattr(models, f"{action}Request")()
            request._deserialize(body)
            answer = await getattr(client, action)(request)
            assert answer.RequestId
            made += 1
    # The rest makes or undoes something that must stay for the other tests.
    assert made == sum(
        1 for row in SES_ROWS if not row.name.startswith(("Create", *UNDOING))
    ) - len(ONCE)
