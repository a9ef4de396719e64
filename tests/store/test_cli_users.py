"""`tayori user` on both databases, and the first operator's link of a server that starts."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest
from tests.support.people import people

from tayori.app.first_operator import FILE, invite_first_operator
from tayori.app.parts import opened, prepare
from tayori.config.tree import DatabaseSettings, Settings
from tayori.tenants.users.model import LinkKind

LINK = re.compile(r"http://127\.0\.0\.1:8025/console/(invitation|new-password)/[\w-]{43}\Z")


@pytest.fixture
def installation(installed_url, tmp_path):
    url = "" if installed_url.startswith("sqlite") else installed_url
    settings = Settings(data_dir=str(tmp_path), database=DatabaseSettings(url=url))

    @asynccontextmanager
    async def entered():
        await prepare(settings)
        async with opened(settings) as parts:
            yield parts

    return entered


@pytest.fixture
def user_made(installation):
    def make(email, *, operator=False):
        async def work():
            async with installation() as parts:
                await people(parts.database).user(email, operator=operator)

        asyncio.run(work())

    return make


async def test_a_server_without_operator_writes_a_link_that_only_its_user_can_read(installation):
    async with installation() as parts:
        await invite_first_operator(parts)
        file = parts.data_dir / FILE
        assert file.stat().st_mode & 0o777 == 0o600
        first = file.read_text().splitlines()[0]
        await invite_first_operator(parts)
        address, told = file.read_text().splitlines()
        assert address != first
        assert "works once" in told
        token = address.rpartition("/console/first-operator/")[2]
        assert await parts.people.links.find(token, LinkKind.FIRST_OPERATOR) is not None
        await people(parts.database).user("root@example.com", operator=True)
        await invite_first_operator(parts)
        assert not file.exists()


def test_an_operator_is_invited_by_a_link(tayori):
    made = tayori.json("user", "create", "root@example.com", "--operator")
    assert set(made) == {"email", "link", "expires_at"}
    assert LINK.match(made["link"])
    assert tayori.json("user", "list") == []
    again = tayori.json("user", "create", "root@example.com", "--operator")
    assert again["link"] != made["link"]


def test_who_is_to_be_what_has_to_be_said(tayori):
    tayori.json("account", "create", "acme")
    assert "--operator, or --account" in tayori.complaint("user", "create", "ann@example.com")
    wrong = ("user", "create", "ann@example.com", "--account", "acme", "--role", "king")
    assert "owner, member or viewer" in tayori.complaint(*wrong)
    assert "no e-mail address" in tayori.complaint("user", "create", "ann", "--operator")
    assert "no account nobody" in tayori.complaint(
        "user", "create", "ann@example.com", "--account", "nobody"
    )
    assert LINK.match(tayori.json("user", "create", "ann@example.com", "--account", "acme")["link"])


def test_users_are_listed_suspended_and_given_rights(tayori, user_made):
    tayori.json("account", "create", "acme")
    user_made("Root@example.com", operator=True)
    user_made("ann@example.com")
    given = ("user", "grant", "ann@example.com", "--account", "acme", "--role", "viewer")
    tayori.json(*given)
    tayori.json(*given[:-1], "owner")
    (member,) = tayori.json("user", "list", "--account", "acme")
    assert (member["email"], member["role"]) == ("ann@example.com", "owner")
    assert "at least one owner" in tayori.complaint(
        "user", "revoke", "ann@example.com", "--account", "acme"
    )
    assert tayori.json("user", "grant", "ann@example.com", "--operator")["operator"]
    assert not tayori.json("user", "revoke", "root@example.com", "--operator")["operator"]
    assert "at least one operator" in tayori.complaint(
        "user", "revoke", "ann@example.com", "--operator"
    )
    assert tayori.json("user", "suspend", "root@example.com")["suspended"]
    assert [u["suspended"] for u in tayori.json("user", "list")] == [True, False]
    assert "suspended" in tayori.complaint("user", "reset", "root@example.com")
    assert not tayori.json("user", "resume", "root@example.com")["suspended"]
    head, *_ = tayori.table("user", "list")
    assert head.split()[:3] == ["user_id", "email", "name"]
    assert "no user" in tayori.complaint("user", "suspend", "nobody@example.com")


def test_a_link_for_a_new_password_is_printed(tayori, user_made):
    user_made("ann@example.com")
    made = tayori.json("user", "reset", "Ann@example.com")
    assert LINK.match(made["link"])
    assert made["email"] == "ann@example.com"
    again = tayori.json("user", "reset", "ann@example.com", "--second-factor")
    assert again["link"] != made["link"]
