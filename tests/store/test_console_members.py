"""Users of an account and the audit log by the pages: each action as each role."""

import re

import pytest
from tests.support.console_world import PASSWORD, console_world

from tayori.config.console import NoticeSettings
from tayori.tenants.users.audit_model import AuditAction, AuditEntry
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'
PAGES = ("/users", "/users/invite", "/audit")
ACTIONS = ("/users/invite", "/users/1/role", "/users/1/remove", "/users/invitations/1/withdraw")


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
async def test_only_owners_and_operators_see_users_and_log(world, role):
    browser = await world.signed_in(role)
    for path in PAGES:
        assert (await browser.get(path)).status_code == 403
    for path in ACTIONS:
        assert (await browser.post(path)).status_code == 403
    assert (await browser.get("/operator/audit")).status_code == 403
    assert await world.audited() == []
    for allowed in (Role.OWNER, Role.OPERATOR):
        other = await world.signed_in(allowed)
        for path in PAGES:
            assert (await other.get(path)).status_code == 200
    guest = world.browser()
    await guest.get("/log-in")
    for path in ACTIONS:
        assert (await guest.post(path)).headers["location"] == "/console/log-in"


async def test_an_owner_sees_everybody_with_what_they_may(world):
    browser = await world.signed_in(Role.OWNER)
    viewer = await world.user(Role.VIEWER)
    await world.services.users.change_profile(viewer.id, name=EVIL, language="en", zone="UTC")
    stranger = await world.user(Role.OWNER, account=await world.other_account())
    page = await browser.get("/users")
    assert viewer.email in page.text
    assert EVIL not in page.text
    assert stranger.email not in page.text


async def test_an_invitation_without_mail_is_a_link_to_hand_over(world):
    browser = await world.signed_in(Role.OWNER)
    assert "You get a link to hand over" in (await browser.get("/users/invite")).text
    form = {"email": "mio@people.test", "role": "viewer", "language": "zh"}
    shown = await browser.post("/users/invite", form)
    path = re.search(r"/console(/invitation/[\w-]{43})", shown.text)[1]
    listed = await browser.get("/users")
    assert "Open invitations" in listed.text
    assert "mio@people.test" in listed.text
    joined = world.browser()
    await joined.get(path)
    form = {"name": "Mio", "language": "zh", "zone": "UTC", "password": PASSWORD}
    assert (await joined.post(path, form)).status_code == 303
    assert (await joined.get("/users")).status_code == 403
    assert "Open invitations" not in (await browser.get("/users")).text
    assert [entry.action for entry in await world.audited()] == [
        AuditAction.USER_INVITED,
        AuditAction.USER_CREATED,
        AuditAction.LOG_IN,
    ]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"email": "nobody"}, "This is no e-mail address."),
        ({"email": "mio@people.test", "role": "operator"}, "Not a valid choice"),
        ({"email": "mio@people.test", "role": "king"}, "Not a valid choice"),
        ({"email": "own"}, "belongs to the account already"),
    ],
)
async def test_what_cannot_be_invited_is_refused(world, form, sentence):
    browser = await world.signed_in(Role.OWNER)
    (owner,) = await world.services.users.members(world.account.id)
    given = {"role": "member", "language": "en"} | form
    if given["email"] == "own":
        given["email"] = owner.user.email
    await browser.get("/users/invite")
    answer = await browser.post("/users/invite", given)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert await world.services.links.pending(world.account.id) == []


async def test_an_invitation_by_mail_shows_no_link(installed_url, tmp_path):
    notices = NoticeSettings(sender="service@mail.shop.test")
    async with console_world(tmp_path, installed_url, notices=notices) as world:
        await world.verified("mail.shop.test")
        await world.parts.senders.create(world.account.id, "service@mail.shop.test", "")
        browser = await world.signed_in(Role.OWNER)
        await browser.get("/users/invite")
        form = {"email": "mio@people.test", "role": "viewer", "language": "ja"}
        page = await browser.follow("/users/invite", form)
        assert "An invitation is on its way to mio@people.test." in page.text
        assert "/console/invitation/" not in page.text


async def test_roles_change_and_running_sessions_end(world):
    browser, member = await world.signed_in(Role.OWNER), await world.signed_in(Role.MEMBER)
    found = await world.services.sessions.find(member.client.cookies.get("tayori_session"))
    page = await browser.follow(f"/users/{found.user.id}/role", {"role": "viewer"})
    assert "was changed" in page.text
    assert (await member.get("/senders")).status_code == 303
    gone = await browser.follow(f"/users/{found.user.id}/remove")
    assert "does not belong to the account any more" in gone.text
    assert [(e.action, e.before, e.after) for e in await world.audited()] == [
        (AuditAction.USER_ROLE_CHANGED, "member", "viewer"),
        (AuditAction.USER_REMOVED, "viewer", ""),
    ]


async def test_the_last_owner_stays(world):
    browser = await world.signed_in(Role.OWNER)
    (owner,) = await world.services.users.members(world.account.id)
    for path, form in (("role", {"role": "viewer"}), ("remove", {})):
        page = await browser.follow(f"/users/{owner.user.id}/{path}", form)
        assert "An account keeps at least one owner." in page.text
    assert await world.audited() == []


async def test_users_and_invitations_of_another_account_are_not_there(world):
    browser = await world.signed_in(Role.OWNER)
    other = await world.other_account()
    stranger = await world.user(Role.OWNER, account=other)
    _, link = await world.services.links.invite(
        "mio@people.test", account_id=other.id, role=Role.VIEWER
    )
    for path in (
        f"/users/{stranger.id}/role",
        f"/users/{stranger.id}/remove",
        f"/users/invitations/{link.id}/withdraw",
        "/users/x/role",
        f"/users/{'9' * 30}/remove",
    ):
        assert (await browser.post(path, {"role": "viewer"})).status_code == 404
    (own,) = await world.services.users.members(world.account.id)
    king = await browser.post(f"/users/{own.user.id}/role", {"role": "operator"})
    assert king.status_code == 404
    assert await world.services.users.memberships(stranger.id) == {other.id: Role.OWNER}
    assert len(await world.services.links.pending(other.id)) == 1


async def test_an_invitation_is_withdrawn(world):
    browser = await world.signed_in(Role.OWNER)
    token, link = await world.services.links.invite(
        "mio@people.test", account_id=world.account.id, role=Role.VIEWER
    )
    await browser.get("/users")
    page = await browser.follow(f"/users/invitations/{link.id}/withdraw")
    assert "was withdrawn" in page.text
    assert (await world.browser().get(f"/invitation/{token}")).status_code == 410


async def test_the_log_is_of_the_own_account_by_page_and_by_user(world):
    browser = await world.signed_in(Role.OWNER)
    (owner,) = await world.services.users.members(world.account.id)
    other = await world.other_account()
    for number in range(30):
        entry = AuditEntry(
            action=AuditAction.SENDER_CREATED,
            user_id=owner.user.id if number % 2 else 99,
            email="who@people.test",
            account_id=world.account.id,
            target=f"sender-{number:02}{EVIL}",
        )
        await world.services.audit.record(entry)
    secret = AuditEntry(action=AuditAction.LOG_IN, account_id=other.id, target="of-another")
    await world.services.audit.record(secret)
    page = await browser.get("/audit")
    assert "sender-29" in page.text
    assert "sender-04" not in page.text
    assert EVIL not in page.text
    assert "of-another" not in page.text
    following = re.search(r'rel="next" href="/console(/audit\?[^"]+)"', page.text)[1]
    rest = await browser.get(following.replace("&amp;", "&"))
    assert "sender-04" in rest.text
    assert "sender-05" not in rest.text
    own = await browser.get(f"/audit?user={owner.user.id}")
    assert "sender-29" in own.text
    assert "sender-28" not in own.text
    assert (await browser.get("/audit?after=x&user=99999999999999999999")).status_code == 200


async def test_an_operator_reads_what_everybody_did(world):
    other = await world.other_account("Other shop")
    for account_id, target in ((world.account.id, "here"), (other.id, "there"), (None, "nowhere")):
        await world.services.audit.record(
            AuditEntry(action=AuditAction.LOG_IN_FAILED, account_id=account_id, target=target)
        )
    browser = await world.signed_in(Role.OPERATOR, enter=False)
    page = await browser.get("/operator/audit")
    assert all(word in page.text for word in ("here", "there", "nowhere", "Other shop"))
    one = await browser.get(f"/operator/audit?account={other.id}")
    assert "there</code>" in one.text
    assert "nowhere" not in one.text
