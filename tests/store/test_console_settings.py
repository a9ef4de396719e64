"""The pages of settings: callbacks, credentials, billing, the log of calls, TLS; on both databases."""

from dataclasses import replace

import msgspec
import pytest
from aiohttp import web
from tests.support.callback_receiver import CallbackReceiver
from tests.support.console_world import console_world

from tayori.callbacks import statements
from tayori.callbacks.model import Answer
from tayori.callbacks.store import CallbackStore
from tayori.config.tree import Settings
from tayori.runtime.clock import DAY
from tayori.tenants.api_log import AccessRecord
from tayori.tenants.billing.model import Usage
from tayori.tenants.billing.store import count_usage
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
async def world(installed_url, tmp_path):
    callbacks = msgspec.structs.replace(Settings().callbacks, allow_private_networks=True)
    async with console_world(tmp_path, installed_url, callbacks=callbacks) as opened:
        yield opened


@pytest.fixture
async def receiver():
    async with CallbackReceiver() as opened:
        yield opened


async def endpoint_of(world, url, sender=""):
    return await world.services.endpoints.set(world.account, url, sender)


async def test_a_callback_is_set_tested_changed_and_deleted(world, receiver):
    owner = await world.signed_in(Role.OWNER)
    assert "No callbacks yet" in (await owner.get("/callbacks")).text
    shown = await owner.follow("/callbacks/new", {"url": receiver.url, "sender": ""})
    assert "The callback address was set." in shown.text
    (one,) = await world.services.endpoint_store.of_account(world.account.id)
    assert one.secret.decode() in shown.text
    tried = await owner.post(f"/callbacks/{one.id}/test")
    assert "Your program took the test call: status 200" in tried.text
    assert len(receiver.taken) == 1

    async def no(_taken):
        return web.Response(status=503, text=EVIL)

    receiver.behave = no
    refused = await owner.post(f"/callbacks/{one.id}/test")
    assert "answered with status 503" in refused.text
    assert "<script>alert" not in refused.text
    changed = await owner.follow(f"/callbacks/{one.id}/url", {"url": f"{receiver.url}/other"})
    assert f"{receiver.url}/other" in changed.text
    gone = await owner.follow(f"/callbacks/{one.id}/delete")
    assert "The callback address was deleted." in gone.text
    actions = [entry.action.value for entry in await world.audited()]
    assert actions == [
        *("callback_changed", "callback_tested", "callback_tested"),
        *("callback_changed", "callback_removed"),
    ]


@pytest.mark.parametrize(("url", "sentence"), [("", "required"), ("ftp://x.test", "ftp://x.test")])
async def test_a_wrong_url_is_kept_in_the_form(world, url, sentence):
    owner = await world.signed_in(Role.OWNER)
    page = await owner.post("/callbacks/new", {"url": url, "sender": ""})
    assert page.status_code == 422
    assert sentence in page.text
    one = await endpoint_of(world, "http://192.0.2.1/events")
    page = await owner.post(f"/callbacks/{one.id}/url", {"url": url})
    assert page.status_code == 422
    (kept,) = await world.services.endpoint_store.of_account(world.account.id)
    assert kept.url == "http://192.0.2.1/events"


async def called(world, endpoint, email, status):
    """Have a call of an endpoint be made and answered."""
    now = world.services.clock.now()
    store = CallbackStore(world.parts.database, world.parts.box)
    async with world.parts.database.write() as transaction:
        values = {
            "endpoint_id": endpoint.id,
            "stream": 1,
            "event": "deliver",
            "email": email,
            "body": "{}",
            "created_at": now,
            "since": now,
            "state": 0,
            "attempts": 0,
            "due_at": now,
            "ended_at": None,
        }
        await transaction.execute(statements.INSERT_CALL, values)
    (due,) = await store.due(endpoint.id, now, 1)
    # It was tried for long enough, so a failure is its end.
    call = replace(due, since=now - 2 * DAY)
    await store.settle(endpoint.id, [(call, Answer(at=now, duration_ms=7, status=status))], None, 0)
    return due.id


async def test_calls_are_logged_filtered_and_sent_again(world):
    one = await endpoint_of(world, "http://192.0.2.1/events")
    await called(world, one, "good@x.test", 200)
    lost = await called(world, one, "lost@x.test", 500)
    owner = await world.signed_in(Role.OWNER)
    log = await owner.get(f"/callbacks/{one.id}")
    assert "good@x.test" in log.text
    assert "lost@x.test" in log.text
    failed = await owner.get(f"/callbacks/{one.id}?which=failed")
    assert "good@x.test" not in failed.text
    assert "lost@x.test" in failed.text
    again = await owner.follow(f"/callbacks/{one.id}/calls/{lost}/replay")
    assert "The call is sent again." in again.text
    assert await world.services.endpoint_store.waiting_of(one.id, 9) == 1
    twice = await owner.follow(f"/callbacks/{one.id}/calls/{lost}/replay")
    assert "waits already" in twice.text
    several = await owner.follow(f"/callbacks/{one.id}/replay", {"hours": "24", "which": "all"})
    assert "1 call is sent again." in several.text
    assert await world.services.endpoint_store.waiting_of(one.id, 9) == 2


async def test_a_callback_that_is_off_says_why_and_is_switched_on(world):
    one = await endpoint_of(world, "http://192.0.2.1/events")
    store = CallbackStore(world.parts.database, world.parts.box)
    await store.switch_off(one, EVIL, world.services.clock.now())
    owner = await world.signed_in(Role.OWNER)
    page = await owner.get(f"/callbacks/{one.id}")
    assert "Switched off" in page.text
    assert "<script>alert" not in page.text
    on = await owner.follow(f"/callbacks/{one.id}/on")
    assert "Calls are sent again." in on.text
    assert (await world.services.endpoint_store.get(one.id)).off_at is None


async def test_a_credential_is_made_shown_once_and_revoked(world):
    owner = await world.signed_in(Role.OWNER)
    sent = {"scope": "send", "networks": "203.0.113.0/24\n198.51.100.7"}
    made = await owner.post("/credentials/new", sent)
    assert made.status_code == 200
    found = (await world.services.accounts.credentials(world.account.id))[-1]
    assert found.secret.decode() in made.text
    assert (found.scope.value, found.networks) == ("send", ("203.0.113.0/24", "198.51.100.7/32"))
    listed = await owner.get("/credentials")
    assert found.secret_id in listed.text
    assert found.secret.decode() not in listed.text
    gone = await owner.follow(f"/credentials/{found.secret_id}/revoke")
    assert "was revoked." in gone.text
    assert (await owner.post(f"/credentials/{found.secret_id}/revoke")).status_code == 404
    actions = [entry.action.value for entry in await world.audited()]
    assert actions == ["credential_created", "credential_revoked"]


@pytest.mark.parametrize("sent", [{"scope": "all"}, {"scope": "full", "networks": "no/where"}])
async def test_a_wrong_scope_or_network_makes_no_credential(world, sent):
    owner = await world.signed_in(Role.OWNER)
    page = await owner.post("/credentials/new", sent)
    assert page.status_code == 422
    assert sent.get("networks", "") in page.text
    assert len(await world.services.accounts.credentials(world.account.id)) == 1


async def test_only_an_operator_makes_a_credential_for_the_review_of_all_templates(world):
    owner, operator = await world.signed_in(Role.OWNER), await world.signed_in(Role.OPERATOR)
    offered = 'value="review"'
    assert offered not in (await owner.get("/credentials/new")).text
    assert (await owner.post("/credentials/new", {"scope": "review"})).status_code == 422
    assert len(await world.services.accounts.credentials(world.account.id)) == 1
    assert offered in (await operator.get("/credentials/new")).text
    assert (await operator.post("/credentials/new", {"scope": "review"})).status_code == 200
    found = (await world.services.accounts.credentials(world.account.id))[-1]
    assert found.scope.value == "review"
    assert "Reviewing templates" in (await owner.get("/credentials")).text


async def test_usage_prices_and_statements_are_shown_and_exported(world):
    desk = world.services.operating.billing
    used = {(world.account.id, desk.today): Usage(mails=1_500, free=1_000, amount=2_500_000)}
    async with world.parts.database.write() as transaction:
        await count_usage(transaction, used)
    await desk.add_credit(world.account.id, 10_000_000, "=HYPERLINK()")
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get("/billing")
    assert "1,500" in page.text
    assert "2.50" in page.text
    assert "10.00" in page.text
    export = await viewer.get(f"/billing/statement.csv?month={desk.today[:7]}")
    lines = export.text.lstrip("\ufeff").splitlines()
    assert lines[0] == "day,mails,free,paid,amount,currency"
    assert lines[1].startswith(f"{desk.today},1500,1000,500,2.5")
    assert lines[2].startswith("total,1500")
    empty = await viewer.get("/billing?month=2001-01")
    assert "No mail in this month" in empty.text
    for wrong in ("2026-13", "never", EVIL):
        assert (await viewer.get("/billing", params={"month": wrong})).status_code == 404


async def logged(world, count, **changes):
    record = AccessRecord(
        at=world.services.clock.now(),
        account_id=world.account.id,
        secret_id="AKID",
        action="SendEmail",
        code="",
        source="192.0.2.1",
        request_id="r",
        duration_ms=1.0,
    )
    name = changes.get("action", "mail")
    rows = [replace(record, request_id=f"{name}-{n:03}", **changes) for n in range(count)]
    await world.services.operating.calls.add(rows)


async def test_calls_of_the_api_are_filtered_and_paged(world):
    assert "No calls yet" in (await (await world.signed_in(Role.OWNER)).get("/access-log")).text
    await logged(world, 60)
    await logged(world, 1, action="ListReceivers", code="RequestLimitExceeded")
    viewer = await world.signed_in(Role.VIEWER)
    first = await viewer.get("/access-log")
    assert "ListReceivers-000" in first.text
    assert "mail-000" not in first.text
    following = first.text.split('rel="next" href="/console')[1].split('"')[0]
    second = await viewer.get(following.replace("&amp;", "&"))
    assert "mail-000" in second.text
    assert "ListReceivers-000" not in second.text
    refused = await viewer.get("/access-log?code=RequestLimitExceeded")
    assert "ListReceivers-000" in refused.text
    assert "mail-" not in refused.text
    assert "Nothing matches" in (await viewer.get("/access-log?day=2001-01-01")).text
    for wrong in ("?day=never", "?after=x", f"?action={EVIL}"):
        page = await viewer.get(f"/access-log{wrong}")
        assert page.status_code == 200
        assert "<script>alert" not in page.text


async def test_verified_tls_is_required_and_no_more(world):
    owner = await world.signed_in(Role.OWNER)
    on = await owner.follow("/settings/tls", {"required": "yes"})
    assert "verified TLS only." in on.text
    assert world.account.id in (await world.services.operating.security.required()).accounts
    off = await owner.follow("/settings/tls", {"required": "no"})
    assert "as securely as each receiver can." in off.text
    (first, second) = await world.audited()
    assert (first.before, first.after) == ("as receivers can", "required")
    assert (second.before, second.after) == ("required", "as receivers can")


async def test_each_role_may_what_it_may(world):
    one = await endpoint_of(world, "http://192.0.2.1/events")
    manage = (f"/callbacks/{one.id}/on", {})
    own = ("/settings/tls", {"required": "yes"})
    expected = {
        Role.VIEWER: (403, 403, 403),
        Role.MEMBER: (303, 403, 403),
        Role.OWNER: (303, 303, 200),
        Role.OPERATOR: (303, 303, 200),
    }
    for role, statuses in expected.items():
        browser = await world.signed_in(role)
        for path in ("/callbacks", f"/callbacks/{one.id}", "/billing", "/access-log", "/settings"):
            assert (await browser.get(path)).status_code == 200, (role, path)
        found = [(await browser.post(*each)).status_code for each in (manage, own)]
        assert (*found, (await browser.get("/credentials")).status_code) == statuses, role
    viewer = await world.signed_in(Role.VIEWER)
    assert one.secret.decode() not in (await viewer.get(f"/callbacks/{one.id}")).text


async def test_another_account_has_nothing_of_it(world):
    one = await endpoint_of(world, "http://192.0.2.1/events")
    (key,) = await world.services.accounts.credentials(world.account.id)
    other = await world.other_account()
    browser = await world.signed_in(Role.OWNER, account=other)
    assert (await browser.get(f"/callbacks/{one.id}")).status_code == 404
    for verb in ("url", "test", "on", "replay", "calls/1/replay", "delete"):
        sent = {"url": "http://192.0.2.9/"}
        assert (await browser.post(f"/callbacks/{one.id}/{verb}", sent)).status_code == 404, verb
    assert (await browser.post(f"/credentials/{key.secret_id}/revoke")).status_code == 404
    assert (await world.services.endpoint_store.get(one.id)).url == "http://192.0.2.1/events"


async def test_an_action_without_its_token_changes_nothing(world):
    one = await endpoint_of(world, "http://192.0.2.1/events")
    owner = await world.signed_in(Role.OWNER)
    for path in (f"/callbacks/{one.id}/delete", "/credentials/new", "/settings/tls"):
        owner.csrf = "x" * 43
        assert (await owner.post(path, {"scope": "full"})).status_code == 403
    assert await world.services.endpoint_store.get(one.id) is not None


@pytest.mark.parametrize(("language", "title"), [("ja", "コールバック"), ("zh", "回调")])
async def test_every_language(world, language, title):
    browser = await world.signed_in(Role.OWNER, language=language)
    assert f"<h1>{title}</h1>" in (await browser.get("/callbacks")).text
    for path in ("/callbacks/new", "/credentials", "/credentials/new", "/billing", "/access-log"):
        assert (await browser.get(path)).status_code == 200
