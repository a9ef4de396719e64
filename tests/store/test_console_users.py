"""Users, roles, sessions and the audit log on both databases."""

import asyncio

import pytest
from tests.store.test_stats_plans import plan
from tests.support.people import PASSWORD, people

from tayori.db.statement import Statement
from tayori.runtime.clock import DAY, HOUR, MINUTE
from tayori.tenants.users import audit_store, session_store, user_store
from tayori.tenants.users.audit_model import AuditAction, AuditEntry
from tayori.tenants.users.audit_store import AuditFilter
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import Role

HERE = {"address": "192.0.2.7", "agent": "Browser/1"}


@pytest.fixture
def world(database):
    return people(database)


async def test_a_user_is_known_by_the_address_in_any_case(world):
    made = await world.users.create(
        "Ann@Example.com", name=" Ann ", language="ja", zone="Asia/Tokyo"
    )
    assert (made.email, made.name, made.language, made.zone) == (
        "Ann@example.com",
        "Ann",
        "ja",
        "Asia/Tokyo",
    )
    assert not any((made.has_password, made.operator, made.second_factor))
    assert await world.users.find("ANN@EXAMPLE.COM") == made == await world.users.get(made.id)
    assert await world.users.create("ann@example.COM", name="Other") is Fault.EMAIL_TAKEN
    assert await world.users.list() == [made]
    assert await world.users.list(after=made.id) == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"email": "nobody"}, Fault.EMAIL),
        ({"name": " "}, Fault.NAME),
        ({"name": "a\nb"}, Fault.NAME),
        ({"name": "x" * 101}, Fault.NAME),
        ({"language": "de"}, Fault.LANGUAGE),
        ({"zone": "../etc/passwd"}, Fault.ZONE),
        ({"password": "short"}, Fault.PASSWORD_SHORT),
    ],
)
async def test_what_cannot_be_a_user_is_refused(world, given, fault):
    values = {"email": "ann@example.com", "name": "Ann", **given}
    assert await world.users.create(values.pop("email"), **values) is fault
    assert await world.users.list() == []


async def test_only_address_and_password_together_log_in(world):
    ann = await world.user("ann@example.com")
    assert await world.users.log_in("Ann@example.com", PASSWORD) == ann
    assert await world.users.log_in("ann@example.com", PASSWORD + " ") is None
    assert await world.users.log_in("bob@example.com", PASSWORD) is None
    invited = await world.users.create("carl@example.com", name="Carl")
    assert await world.users.log_in("carl@example.com", "") is None
    assert await world.users.set_password(invited, PASSWORD) is None
    assert (await world.users.log_in("carl@example.com", PASSWORD)).has_password


async def test_a_new_password_ends_the_sessions_but_the_own_one(world):
    ann, bob = await world.user("ann@example.com"), await world.user("bob@example.com")
    kept, session = await world.sessions.begin(ann, **HERE)
    other, _ = await world.sessions.begin(ann, **HERE)
    bobs, _ = await world.sessions.begin(bob, **HERE)
    change = world.users.change_password
    new = "two wooden bridges"
    wrong = await change(ann, present="wrong", new=new, session_id=session.id)
    short = await change(ann, present=PASSWORD, new="short", session_id=session.id)
    assert (wrong, short) == (Fault.PASSWORD_WRONG, Fault.PASSWORD_SHORT)
    assert await world.sessions.find(other) is not None
    assert await change(ann, present=PASSWORD, new=new, session_id=session.id) is None
    assert await world.sessions.find(kept) is not None
    assert await world.sessions.find(other) is None
    assert await world.sessions.find(bobs) is not None
    assert await world.users.log_in("ann@example.com", PASSWORD) is None
    assert await world.users.log_in("ann@example.com", new) == ann
    assert await world.users.set_password(ann, PASSWORD) is None
    assert await world.sessions.find(kept) is None


async def test_roles_are_held_in_accounts(world):
    acme, other = await world.account("acme"), await world.account("other")
    ann = await world.user("ann@example.com", of=acme)
    bob = await world.user("bob@example.com", of=acme, role=Role.VIEWER)
    assert [(m.user.id, m.role) for m in await world.users.members(acme.id)] == [
        (ann.id, Role.OWNER),
        (bob.id, Role.VIEWER),
    ]
    assert await world.users.members(other.id) == []
    assert await world.users.memberships(bob.id) == {acme.id: Role.VIEWER}
    assert await world.users.join(bob.id, acme.id, Role.OWNER) is Fault.MEMBER_ALREADY
    assert await world.users.join(bob.id, 999, Role.OWNER) is Fault.NO_ACCOUNT
    assert await world.users.set_role(bob.id, other.id, Role.OWNER) is Fault.NO_MEMBER
    assert await world.users.set_role(bob.id, acme.id, Role.MEMBER) is Role.VIEWER
    assert await world.users.remove(bob.id, acme.id) is Role.MEMBER
    assert await world.users.remove(bob.id, acme.id) is Fault.NO_MEMBER
    with pytest.raises(ValueError, match="flag of the user"):
        await world.users.join(bob.id, acme.id, Role.OPERATOR)


async def test_an_account_keeps_an_owner_even_when_two_leave_at_once(world):
    acme = await world.account("acme")
    ann = await world.user("ann@example.com", of=acme)
    assert await world.users.remove(ann.id, acme.id) is Fault.LAST_OWNER
    assert await world.users.set_role(ann.id, acme.id, Role.VIEWER) is Fault.LAST_OWNER
    assert await world.users.set_role(ann.id, acme.id, Role.OWNER) is Role.OWNER
    bob = await world.user("bob@example.com", of=acme)
    answers = await asyncio.gather(
        world.users.remove(ann.id, acme.id), world.users.remove(bob.id, acme.id)
    )
    assert sorted(answers) == [Fault.LAST_OWNER, Role.OWNER]
    assert len(await world.users.members(acme.id)) == 1


async def test_the_service_keeps_an_operator(world):
    assert not await world.users.any_operator()
    ann = await world.user("ann@example.com", operator=True)
    assert await world.users.any_operator()
    assert await world.users.set_operator(ann.id, operator=False) is Fault.LAST_OPERATOR
    assert await world.users.suspend(ann.id) is Fault.LAST_OPERATOR
    bob = await world.user("bob@example.com")
    assert await world.users.set_operator(bob.id, operator=True) is None
    answers = await asyncio.gather(world.users.suspend(ann.id), world.users.suspend(bob.id))
    assert sorted(answers, key=str) == [None, Fault.LAST_OPERATOR]


async def test_a_suspended_user_is_out_at_once_and_comes_back_by_the_password(world):
    ann = await world.user("ann@example.com")
    token, _ = await world.sessions.begin(ann, **HERE)
    assert await world.users.suspend(ann.id) is None
    assert await world.sessions.find(token) is None
    assert await world.users.log_in("ann@example.com", PASSWORD) is None
    await world.users.resume(ann.id)
    assert await world.sessions.find(token) is None
    assert await world.users.log_in("ann@example.com", PASSWORD) == ann


async def test_a_token_is_random_and_stored_as_its_hash_alone(world):
    ann = await world.user("ann@example.com")
    token, session = await world.sessions.begin(ann, address="192.0.2.7", agent="B" * 1_000)
    again, _ = await world.sessions.begin(ann, **HERE)
    assert (len(token), len(session.csrf), len(session.agent)) == (43, 43, 200)
    assert len({token, again, session.csrf}) == 3
    assert (session.user, session.complete, session.role) == (ann, True, None)
    assert session.expires_at == world.clock.now() + 24 * HOUR
    async with world.database.read() as transaction:
        rows = await transaction.fetch(Statement(user_store.console_session.select()))
    assert len(rows) == 2
    assert not any(token in str(value) for row in rows for value in dict(row).values())
    assert await world.sessions.find(token[:-1]) is None
    assert await world.sessions.find("") is None


async def test_a_session_ends_when_it_is_left_alone_and_after_its_time(world):
    ann = await world.user("ann@example.com")
    token, _ = await world.sessions.begin(ann, **HERE)
    left, _ = await world.sessions.begin(ann, **HERE)
    for _ in range(12):
        assert await world.sessions.find(token) is not None
        world.clock.advance(119 * MINUTE)
    assert await world.sessions.find(left) is None
    assert len(await world.sessions.list(ann.id)) == 1
    world.clock.advance(119 * MINUTE)
    assert await world.sessions.find(token) is None
    assert await world.sessions.list(ann.id) == []
    await world.sessions.sweep()
    async with world.database.read() as transaction:
        assert await transaction.fetch(Statement(user_store.console_session.select())) == []


async def test_rotation_makes_the_old_token_worthless(world):
    ann = await world.user("ann@example.com")
    token, session = await world.sessions.begin(ann, **HERE)
    new = await world.sessions.rotate(token)
    assert await world.sessions.find(token) is None
    found = await world.sessions.find(new)
    assert (found.id, found.user) == (session.id, ann)
    assert found.csrf != session.csrf
    assert await world.sessions.rotate(token) is None
    assert await world.sessions.complete(token) is None


async def test_an_account_is_entered_by_its_members_and_by_operators(world):
    acme, other = await world.account("acme"), await world.account("other")
    ann = await world.user("ann@example.com", of=acme, role=Role.MEMBER)
    root = await world.user("root@example.com", operator=True)
    token, session = await world.sessions.begin(ann, **HERE)
    assert await world.sessions.enter(session, other.id) is None
    assert (await world.sessions.find(token)).account_id is None
    assert await world.sessions.enter(session, acme.id) is Role.MEMBER
    found = await world.sessions.find(token)
    assert (found.account_id, found.role) == (acme.id, Role.MEMBER)
    roots, session = await world.sessions.begin(root, **HERE)
    assert await world.sessions.enter(session, 999) is None
    assert await world.sessions.enter(session, other.id) is Role.OPERATOR
    found = await world.sessions.find(roots)
    assert (found.account_id, found.role) == (other.id, Role.OPERATOR)
    await world.sessions.leave(session)
    assert (await world.sessions.find(roots)).account_id is None


@pytest.mark.parametrize("change", ["role", "removal", "operator"])
async def test_a_change_of_rights_ends_the_sessions_it_concerns(world, change):
    acme = await world.account("acme")
    owner = await world.user("owner@example.com", of=acme, operator=True)
    ann = await world.user("ann@example.com", of=acme)
    token, session = await world.sessions.begin(ann, **HERE)
    await world.sessions.enter(session, acme.id)
    owners, _ = await world.sessions.begin(owner, **HERE)
    if change == "role":
        assert await world.users.set_role(ann.id, acme.id, Role.VIEWER) is Role.OWNER
    elif change == "removal":
        assert await world.users.remove(ann.id, acme.id) is Role.OWNER
    else:
        assert await world.users.set_operator(ann.id, operator=True) is None
    assert await world.sessions.find(token) is None
    assert await world.sessions.find(owners) is not None


async def test_sessions_are_ended_one_by_one_and_only_by_their_user(world):
    ann, bob = await world.user("ann@example.com"), await world.user("bob@example.com")
    first, one = await world.sessions.begin(ann, **HERE)
    second, two = await world.sessions.begin(ann, **HERE)
    assert [session.id for session in await world.sessions.list(ann.id)] == [two.id, one.id]
    assert not await world.sessions.end_one(bob.id, one.id)
    assert await world.sessions.end_one(ann.id, one.id)
    assert await world.sessions.find(first) is None
    await world.sessions.end(second)
    assert await world.sessions.find(second) is None
    await world.sessions.begin(ann, **HERE)
    assert await world.sessions.end_all(ann.id) == 1


async def test_the_audit_log_is_read_by_account_and_user_page_by_page(world):
    entry = AuditEntry(
        action=AuditAction.USER_ROLE_CHANGED,
        user_id=7,
        email="ann@example.com",
        account_id=1,
        target="bob@example.com",
        before="viewer",
        after="m" * 600,
        address="192.0.2.7",
    )
    await world.audit.record(entry)
    for number in range(5):
        world.clock.advance(1)
        await world.audit.record(
            AuditEntry(action=AuditAction.LOG_IN, user_id=number % 2, account_id=None)
        )
    (found,) = await world.audit.list(AuditFilter(account_id=1))
    assert (found.target, found.before, len(found.after)) == ("bob@example.com", "viewer", 500)
    assert (found.email, found.address, found.user_id) == ("ann@example.com", "192.0.2.7", 7)
    assert found.at == world.clock.now() - 5
    assert len(await world.audit.list(AuditFilter(user_id=0))) == 3
    assert await world.audit.list(AuditFilter(user_id=0, account_id=1)) == []
    first = await world.audit.list(AuditFilter(most=4))
    rest = await world.audit.list(AuditFilter(below=first[-1].id))
    assert [e.id for e in (*first, *rest)] == [6, 5, 4, 3, 2, 1]


async def test_the_audit_log_forgets_by_age_alone(world):
    await world.audit.record(AuditEntry(action=AuditAction.LOG_IN))
    world.clock.advance(30 * DAY)
    await world.audit.record(AuditEntry(action=AuditAction.LOG_OUT))
    await world.audit.sweep(30)
    assert len(await world.audit.list(AuditFilter())) == 2
    world.clock.advance(1)
    await world.audit.sweep(30)
    assert [e.action for e in await world.audit.list(AuditFilter())] == [AuditAction.LOG_OUT]


async def test_what_pages_ask_is_found_by_index(database):
    asked = {"of_account": 1, "of_user": 1, "below": 9, "most": 10}
    for key, statement in audit_store._PAGES.items():
        found = await plan(database, statement, **asked)
        assert "SCAN audit_entry" not in found or key == (False, False), found
        assert "TEMP B-TREE" not in found, found
    now = {"now": 1, "idle_since": 0, "until": 1}
    for statement, values in (
        (session_store._FIND, {"token_hash": "x"}),
        (session_store._OF_USER, {"user_id": 1}),
        (session_store._SWEEP, {}),
        (user_store._BY_LOGIN, {"login": "x"}),
        (user_store._MEMBERS, {"account_id": 1}),
        (user_store._MEMBERSHIPS, {"user_id": 1}),
        (audit_store._SWEEP, {}),
    ):
        found = await plan(database, statement, **now, **values)
        assert "SCAN" not in found, found
