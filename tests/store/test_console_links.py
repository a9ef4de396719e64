"""Invitations, the first operator's link and links for new passwords, on both databases."""

import asyncio

import pytest
from tests.store.test_stats_plans import plan
from tests.support.people import PASSWORD, people

from tayori.db.statement import Statement
from tayori.db.tables.users import user_link
from tayori.runtime.clock import HOUR, MINUTE
from tayori.tenants.users import link_store
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import LinkKind, Role, User

ANN = "ann@example.com"
NEW = {"name": "Ann", "language": "zh", "zone": "Asia/Shanghai", "password": PASSWORD}


@pytest.fixture
def world(database):
    return people(database)


async def invited(world, account, email=ANN, role=Role.MEMBER):
    token, link = await world.links.invite(
        email, account_id=account.id, role=role, invited_by="owner@example.com", language="zh"
    )
    return token, link


async def test_who_is_invited_becomes_a_user_with_the_role(world):
    acme = await world.account("acme")
    token, link = await invited(world, acme)
    assert (link.email, link.role, link.invited_by, link.language) == (
        ANN,
        Role.MEMBER,
        "owner@example.com",
        "zh",
    )
    assert link.expires_at == world.clock.now() + 72 * HOUR
    assert await world.links.find(token, LinkKind.INVITATION) == link
    assert await world.links.find(token, LinkKind.RESET) is None
    ann = await world.links.accept(token, **NEW, email="other@example.com")
    assert (ann.email, ann.name, ann.language, ann.operator) == (ANN, "Ann", "zh", False)
    assert await world.users.memberships(ann.id) == {acme.id: Role.MEMBER}
    assert (await world.users.log_in(ANN, PASSWORD)).id == ann.id


async def test_a_link_works_once_even_when_it_is_used_many_times_at_the_same_time(world):
    acme = await world.account("acme")
    token, _ = await invited(world, acme)
    answers = await asyncio.gather(*(world.links.accept(token, **NEW) for _ in range(4)))
    assert sum(isinstance(answer, User) for answer in answers) == 1
    assert {answer for answer in answers if not isinstance(answer, User)} == {Fault.LINK}
    assert await world.links.accept(token, **NEW) is Fault.LINK


async def test_a_link_expires_and_is_swept(world):
    acme = await world.account("acme")
    token, _ = await invited(world, acme)
    world.clock.advance(72 * HOUR - 1)
    assert await world.links.find(token, LinkKind.INVITATION) is not None
    world.clock.advance(1)
    assert await world.links.find(token, LinkKind.INVITATION) is None
    assert await world.links.accept(token, **NEW) is Fault.LINK
    assert await world.links.pending(acme.id) == []
    await world.links.sweep()
    async with world.database.read() as transaction:
        assert await transaction.fetch(Statement(user_link.select())) == []


async def test_only_the_hash_of_a_token_is_stored(world):
    token, _ = await invited(world, await world.account("acme"))
    async with world.database.read() as transaction:
        (row,) = await transaction.fetch(Statement(user_link.select()))
    assert not any(token in str(value) for value in dict(row).values())


async def test_a_bad_form_leaves_the_link_as_it_was(world):
    token, _ = await invited(world, await world.account("acme"))
    for change, fault in (
        ({"password": "short"}, Fault.PASSWORD_SHORT),
        ({"name": ""}, Fault.NAME),
        ({"zone": "Mars"}, Fault.ZONE),
    ):
        assert await world.links.accept(token, **{**NEW, **change}) is fault
    assert isinstance(await world.links.accept(token, **NEW), User)


async def test_a_user_who_exists_joins_without_a_new_password(world):
    acme, other = await world.account("acme"), await world.account("other")
    ann = await world.user(ANN, of=other)
    token, link = await invited(world, acme, "Ann@Example.com", Role.VIEWER)
    assert link.language == "en"
    assert await world.links.accept(token, password="three green stones") == ann
    assert await world.users.memberships(ann.id) == {other.id: Role.OWNER, acme.id: Role.VIEWER}
    assert await world.users.log_in(ANN, PASSWORD) == ann


async def test_who_needs_no_invitation_is_told(world):
    acme = await world.account("acme")
    await world.user(ANN, of=acme)
    await world.user("root@example.com", operator=True)
    invite = world.links.invite
    assert await invite(ANN, account_id=acme.id, role=Role.VIEWER) is Fault.MEMBER_ALREADY
    assert await invite("root@example.com", operator=True) is Fault.EMAIL_TAKEN
    assert await invite(ANN) is Fault.EMAIL_TAKEN
    assert await invite("nobody") is Fault.EMAIL
    assert await invite("b@example.com", language="de") is Fault.LANGUAGE
    gone = await invite("b@example.com", account_id=999, role=Role.VIEWER)
    assert gone is Fault.NO_ACCOUNT


async def test_an_owner_sees_and_withdraws_invitations_to_the_own_account_alone(world):
    acme, other = await world.account("acme"), await world.account("other")
    token, link = await invited(world, acme)
    again, second = await invited(world, acme)
    assert await world.links.find(token, LinkKind.INVITATION) is None
    assert link.id != second.id
    await invited(world, other)
    assert [one.id for one in await world.links.pending(acme.id)] == [second.id]
    assert await world.links.withdraw(other.id, second.id) is None
    assert await world.links.withdraw(acme.id, second.id) == second
    assert await world.links.accept(again, **NEW) is Fault.LINK


async def test_the_first_operator_comes_by_a_link_while_there_is_none(world):
    old, _ = await world.links.first_operator()
    token, link = await world.links.first_operator()
    assert await world.links.find(old, LinkKind.FIRST_OPERATOR) is None
    assert (link.email, link.operator) == ("", True)
    assert await world.links.accept(token, **NEW) is Fault.EMAIL
    root = await world.links.accept(token, **NEW, email="root@example.com")
    assert root.operator
    assert await world.links.first_operator() is None


async def test_the_first_operators_link_is_worth_nothing_once_there_is_one(world):
    token, _ = await world.links.first_operator()
    await world.user("root@example.com", operator=True)
    assert await world.links.find(token, LinkKind.FIRST_OPERATOR) is None
    assert await world.links.accept(token, **NEW, email=ANN) is Fault.LINK


async def test_an_operator_is_invited_with_or_without_a_user(world):
    ann = await world.user(ANN)
    token, _ = await world.links.invite(ANN, operator=True)
    accepted = await world.links.accept(token)
    assert accepted.id == ann.id
    assert (await world.users.get(ann.id)).operator
    token, _ = await world.links.invite("bob@example.com", operator=True)
    assert (await world.links.accept(token, **NEW)).operator


async def test_a_new_password_by_a_link_ends_all_sessions(world):
    ann = await world.user(ANN)
    session, _ = await world.sessions.begin(ann, address="192.0.2.7", agent="")
    token, link = await world.links.reset(ann)
    assert link.expires_at == world.clock.now() + 60 * MINUTE
    assert await world.links.use_reset(token, "short") is Fault.PASSWORD_SHORT
    assert await world.links.use_reset(token, "three green stones") == ann
    assert await world.links.use_reset(token, "three green stones") is Fault.LINK
    assert await world.sessions.find(session) is None
    assert await world.users.log_in(ANN, PASSWORD) is None
    assert await world.users.log_in(ANN, "three green stones") == ann


async def test_an_invitation_sets_no_password_and_a_reset_link_lets_nobody_join(world):
    acme = await world.account("acme")
    ann = await world.user(ANN)
    invitation, _ = await invited(world, acme)
    reset, _ = await world.links.reset(ann)
    assert await world.links.use_reset(invitation, "three green stones") is Fault.LINK
    assert await world.links.accept(reset, **NEW) is Fault.LINK
    assert await world.users.memberships(ann.id) == {}


async def test_a_suspended_user_gets_and_uses_no_link(world):
    ann = await world.user(ANN)
    token, _ = await world.links.reset(ann)
    await world.users.suspend(ann.id)
    assert await world.links.use_reset(token, "three green stones") is Fault.LINK
    assert await world.links.reset(await world.users.get(ann.id)) is Fault.SUSPENDED


async def test_links_are_found_by_index(database):
    values = {
        "token_hash": "x",
        "now": 1,
        "of_account": 1,
        "of_login": "x",
        "of_kind": "reset",
        "link_id": 1,
    }
    for statement in (
        link_store._FIND,
        link_store._REPLACE,
        link_store._OF_ACCOUNT,
        link_store._SWEEP,
    ):
        found = await plan(database, statement, **values)
        assert "SCAN" not in found, found
