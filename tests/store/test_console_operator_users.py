"""All people of the service by the pages of operators."""

import re

import pytest
from tests.support.console_world import PASSWORD, console_world

from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.audit_store import AuditFilter
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


async def actions(world):
    return [entry.action for entry in await world.services.audit.list(AuditFilter())][::-1]


@pytest.mark.parametrize("role", [Role.OWNER, Role.MEMBER, Role.VIEWER])
async def test_nobody_but_an_operator_sees_or_changes_people(world, role):
    browser = await world.signed_in(role)
    for path in ("/operator/users", "/operator/users/invite"):
        assert (await browser.get(path)).status_code == 403
    for path in ("invite", "1/suspend", "1/resume", "1/revoke"):
        assert (await browser.post(f"/operator/users/{path}")).status_code == 403
    assert await actions(world) == []


async def test_everybody_is_listed_page_by_page(world):
    browser = await world.signed_in(Role.OPERATOR, enter=False)
    for number in range(26):
        made = await world.services.users.create(f"p{number:02}@people.test", name=EVIL)
        assert made.id
    page = await browser.get("/operator/users")
    assert EVIL not in page.text
    assert "p23@people.test" in page.text
    assert "p24@people.test" not in page.text
    following = re.search(r'rel="next" href="/console(/operator/users\?[^"]+)"', page.text)[1]
    assert "p25@people.test" in (await browser.get(following)).text


async def test_a_user_is_kept_out_and_let_in_again(world):
    browser, owner = await world.signed_in(Role.OPERATOR), await world.signed_in(Role.OWNER)
    (member,) = await world.services.users.members(world.account.id)
    await browser.get("/operator/users")
    page = await browser.follow(f"/operator/users/{member.user.id}/suspend")
    assert "is kept out from now on" in page.text
    assert (await owner.get("/senders")).status_code == 303
    await browser.follow(f"/operator/users/{member.user.id}/resume")
    assert await world.services.users.log_in(member.user.email, PASSWORD) is not None
    assert await actions(world) == [AuditAction.USER_SUSPENDED, AuditAction.USER_RESUMED]
    for path in ("999/suspend", "x/resume", f"{member.user.id}/revoke"):
        assert (await browser.post(f"/operator/users/{path}")).status_code == 404


async def test_operators_are_invited_and_revoked_and_one_stays(world):
    browser = await world.signed_in(Role.OPERATOR)
    await browser.get("/operator/users/invite")
    assert (await browser.post("/operator/users/invite", {"email": "x"})).status_code == 422
    form = {"email": "second@people.test", "language": "ja"}
    shown = await browser.post("/operator/users/invite", form)
    path = re.search(r"/console(/invitation/[\w-]{43})", shown.text)[1]
    joined = world.browser()
    await joined.get(path)
    form = {"name": "Two", "language": "ja", "zone": "UTC", "password": PASSWORD}
    assert (await joined.post(path, form)).status_code == 303
    assert (await joined.get("/operator/users")).status_code == 200
    second = await world.services.users.find("second@people.test")
    page = await browser.follow(f"/operator/users/{second.id}/revoke")
    assert "is no operator any more" in page.text
    assert (await joined.get("/operator/users")).status_code == 303
    (own,) = [user for user in await world.services.users.list() if user.operator]
    for path in ("revoke", "suspend"):
        kept = await browser.follow(f"/operator/users/{own.id}/{path}")
        assert "The service keeps at least one operator." in kept.text
