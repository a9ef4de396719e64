"""The pages of operators: accounts, reviews, queue, reactions, replies, blacklist, sources, health."""

import json

import msgspec
import pytest
from tests.store.test_queue import NOW, amount, message, settled, take
from tests.support.console_world import console_world

from tayori.catalog.model import TemplateContent, TemplateStatus
from tayori.classify.reply import classify
from tayori.classify.rule_file import ruleset
from tayori.config.delivery import SourceSettings
from tayori.config.rules import OWN_RULES, RuleFile
from tayori.config.tree import Settings
from tayori.db.roll_store import SILENT_MS, Process
from tayori.db.tables.queue import recipient
from tayori.delivery.reactions.model import Effect, Scope
from tayori.edge.console.pages.operator_replies import RULES_FILE, rule_for
from tayori.mail.outcome import Kind, Outcome, Stage
from tayori.mail.outcome import Scope as Reach
from tayori.mail.reply import Reply
from tayori.queue.operator_store import Filter
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.queue.unclassified_store import Unclassified, count_unclassified
from tayori.runtime.clock import DAY, MINUTE
from tayori.suppress.listing_store import Listed
from tayori.tenants.model import Permission
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'
PAGES = (
    *("", "/accounts", "/accounts/new", "/reviews", "/blacklist", "/blacklist/new", "/queue"),
    *("/queue/retry", "/queue/drop", "/reactions", "/reactions?which=all", "/replies"),
    *("/sources", "/scanners", "/health", "/configuration"),
)
SOURCES = [
    SourceSettings(name="warm", ipv4="127.0.0.11"),
    SourceSettings(name="new", ipv4="127.0.0.12", warmup_start="2020-01-01"),
    SourceSettings(name="later", ipv4="127.0.0.13", warmup_start="2999-01-01"),
]


@pytest.fixture
async def world(installed_url, tmp_path):
    usual = Settings(data_dir=str(tmp_path))
    changes = {
        "review": msgspec.structs.replace(usual.review, mode="manual"),
        "delivery": msgspec.structs.replace(usual.delivery, sources=SOURCES),
        "scan": msgspec.structs.replace(usual.scan, clamd="127.0.0.1:1", timeout_s=2.0),
    }
    async with console_world(tmp_path, installed_url, **changes) as opened:
        yield opened


async def test_only_operators_open_their_pages(world):
    operator = await world.signed_in(Role.OPERATOR)
    owner = await world.signed_in(Role.OWNER)
    for path in (*PAGES, f"/accounts/{world.account.id}"):
        assert (await operator.get(f"/operator{path}")).status_code == 200, path
        assert (await owner.get(f"/operator{path}")).status_code == 403, path
    for path in ("/accounts/new", f"/accounts/{world.account.id}/suspend", "/queue/drop"):
        assert (await owner.post(f"/operator{path}", {"reason": "x"})).status_code == 403


@pytest.mark.parametrize(("language", "title"), [("ja", "アカウント"), ("zh", "账户")])
async def test_every_language(world, language, title):
    operator = await world.signed_in(Role.OPERATOR, language=language)
    assert f"<h1>{title}</h1>" in (await operator.get("/operator/accounts")).text
    for path in PAGES:
        assert (await operator.get(f"/operator{path}")).status_code == 200, path


async def test_operators_need_no_account_to_work_in(world):
    operator = await world.signed_in(Role.OPERATOR, enter=False)
    for path in PAGES:
        assert (await operator.get(f"/operator{path}")).status_code == 200, path


# Accounts


async def test_accounts_are_made_found_and_paged(world):
    operator = await world.signed_in(Role.OPERATOR)
    made = await operator.post("/operator/accounts/new", {"name": "Mori Shop"})
    assert made.status_code == 200
    account = await world.services.accounts.find("Mori Shop")
    (key,) = await world.services.accounts.credentials(account.id)
    assert key.secret.decode() in made.text
    for name in ("Mori Shop", " ", "a<b"):
        again = await operator.post("/operator/accounts/new", {"name": name})
        assert again.status_code == 422
    for number in range(26):
        await world.parts.accounts.create(f"Customer {number:02}")
    first = await operator.get("/operator/accounts")
    assert "Customer 25" in first.text
    assert "Customer 00" not in first.text
    following = first.text.split('rel="next" href="/console')[1].split('"')[0]
    assert "Customer 00" in (await operator.get(following)).text
    found = await operator.get("/operator/accounts?q=mori")
    assert "Mori Shop" in found.text
    assert "Customer" not in found.text.split("<h1>")[1]
    assert "Nothing matches" in (await operator.get("/operator/accounts?standing=suspended")).text


async def test_an_account_is_suspended_and_let_go(world):
    operator = await world.signed_in(Role.OPERATOR)
    path = f"/operator/accounts/{world.account.id}"
    refused = await operator.follow(f"{path}/suspend", {"reason": " "})
    assert "A suspension needs a reason" in refused.text
    done = await operator.follow(f"{path}/suspend", {"reason": EVIL})
    assert "The account was suspended." in done.text
    assert "<script>alert" not in done.text
    found = await world.services.accounts.get(world.account.id)
    assert str(found.suspended_reason) == EVIL
    assert "Shop" in (await operator.get("/operator/accounts?standing=suspended")).text
    assert "may send again" in (await operator.follow(f"{path}/resume")).text
    assert [each.action.value for each in await world.audited()] == [
        "account_suspended",
        "account_resumed",
    ]


async def test_permissions_limits_money_and_tls_are_set(world):
    operator = await world.signed_in(Role.OPERATOR)
    path = f"/operator/accounts/{world.account.id}"
    sent = {"permission": "api_simple", "grant": "yes"}
    assert "was granted" in (await operator.follow(f"{path}/permission", sent)).text
    account = await world.services.accounts.get(world.account.id)
    assert account.may(Permission.API_SIMPLE)
    await operator.follow(f"{path}/permission", {"permission": "api_simple", "grant": "no"})
    account = await world.services.accounts.get(world.account.id)
    assert not account.may(Permission.API_SIMPLE)
    wrong = await operator.post(f"{path}/permission", {"permission": "all", "grant": "yes"})
    assert wrong.status_code == 404
    await operator.follow(f"{path}/limit", {"name": "max_domains", "value": "7"})
    assert await world.services.limits.own(account.id) == {"max_domains": 7}
    refused = await operator.follow(f"{path}/limit", {"name": "max_domains", "value": "many"})
    assert "A limit is a number" in refused.text
    await operator.follow(f"{path}/limit", {"name": "max_domains", "value": ""})
    assert await world.services.limits.own(account.id) == {}
    paid = await operator.follow(f"{path}/credit", {"amount": "12.50", "note": "Thanks"})
    assert "The balance is 12.5" in paid.text
    wrong = await operator.follow(f"{path}/credit", {"amount": "lots"})
    assert "A credit is not 0" in wrong.text
    await operator.follow(f"{path}/tls", {"required": "yes"})
    assert account.id in (await world.services.operating.security.required()).accounts
    assert (await operator.post(f"{path}/pool", {"pool": "none"})).status_code == 404
    assert (await operator.post("/operator/accounts/9999/resume")).status_code == 404
    assert len(await world.audited()) == 6


async def test_levels_of_domains_are_set_within_their_account(world):
    await world.verified("mail.shop.test")
    other = await world.other_account()
    operator = await world.signed_in(Role.OPERATOR)
    path = f"/operator/accounts/{world.account.id}/domains/mail.shop.test"
    done = await operator.follow(f"{path}/level", {"level": "0", "reason": "Spam trap"})
    assert "mail.shop.test has level 0 now." in done.text
    freed = await operator.follow(f"{path}/unblock", {"reason": "Cleaned"})
    assert "mail.shop.test may send again." in freed.text
    assert "was left as it is" in (await operator.follow(f"{path}/unblock")).text
    for level in ("21", "x", ""):
        assert (await operator.post(f"{path}/level", {"level": level})).status_code == 404
    theirs = f"/operator/accounts/{other.id}/domains/mail.shop.test/level"
    assert (await operator.post(theirs, {"level": "3"})).status_code == 404


async def test_an_operator_enters_an_account_from_the_list(world):
    operator = await world.signed_in(Role.OPERATOR, enter=False)
    await operator.get("/operator/accounts")
    entered = await operator.post("/accounts/enter", {"account": str(world.account.id)})
    assert entered.status_code == 303
    assert [each.action.value for each in await world.audited()] == ["account_entered"]


# Reviews


async def template(world, html, name="Summer sale"):
    content = TemplateContent(html=html, text="")
    made = await world.parts.templates.create(world.account.id, name, content)
    assert made.status is TemplateStatus.IN_REVIEW, made
    return made


HTML = (
    "<h1>Summer sale</h1><p>Dear reader, everything in our shop is cheaper this week than it was "
    "in spring. Come and have a look at the new shoes, shirts and hats that arrived yesterday, and "
    'tell your friends about it if you like them.</p><p style="color:#070">See you soon.</p>'
)


async def test_a_template_is_previewed_and_approved_as_it_was_seen(world):
    made = await template(world, HTML)
    operator = await world.signed_in(Role.OPERATOR)
    listed = await operator.get("/operator/reviews")
    assert "Summer sale" in listed.text
    assert "Shop" in listed.text
    page = await operator.get(f"/operator/reviews/{made.id}")
    assert "<iframe" in page.text
    assert "sandbox" in page.text
    frame = await operator.get(f"/operator/reviews/{made.id}/frame")
    assert "See you soon." in frame.text
    assert frame.headers["content-security-policy"].startswith("sandbox;")
    await world.parts.templates.update(
        world.account.id, made.id, "Summer sale", TemplateContent(html=HTML + " ", text="")
    )
    late = await operator.follow(f"/operator/reviews/{made.id}/approve", {"version": "1"})
    assert "alert-danger" in late.text
    done = await operator.follow(f"/operator/reviews/{made.id}/approve", {"version": "2"})
    assert "was approved" in done.text
    approved = await world.services.templates.any(made.id)
    assert approved.template.status is TemplateStatus.APPROVED
    assert "Summer sale" in (await operator.get("/operator/reviews?status=approved")).text
    assert [each.action.value for each in await world.audited()] == ["template_approved"]


async def test_a_template_is_refused_with_a_reason(world):
    made = await template(world, HTML)
    operator = await world.signed_in(Role.OPERATOR)
    sent = {"version": "1", "reason": ""}
    nothing = await operator.follow(f"/operator/reviews/{made.id}/refuse", sent)
    assert "alert-danger" in nothing.text
    done = await operator.follow(f"/operator/reviews/{made.id}/refuse", sent | {"reason": EVIL})
    assert "was refused" in done.text
    shown = await operator.get(f"/operator/reviews/{made.id}")
    assert "<script>alert" not in shown.text
    assert (await world.services.templates.any(made.id)).template.review_reason == EVIL
    assert (await operator.get("/operator/reviews/999")).status_code == 404


async def test_nothing_in_a_preview_runs(world):
    evil = (
        "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>x</a>"
        "<iframe src='https://evil.test'></iframe><form action='https://evil.test'></form>"
    )
    content = TemplateContent(html=f"{HTML}{evil}", text="")
    made = await world.parts.templates.create(world.account.id, "Hostile", content)
    operator = await world.signed_in(Role.OPERATOR)
    frame = await operator.get(f"/operator/reviews/{made.id}/frame")
    assert "Summer sale" in frame.text
    for word in ("<script", "onerror", "javascript:", "<iframe", "<form"):
        assert word not in frame.text, word
    page = await operator.get(f"/operator/reviews/{made.id}")
    assert "<script>alert" not in page.text


# The queue


async def waiting(world):
    """Two recipients wait; one was deferred by a receiver with a hostile reply."""
    now = world.services.clock.now()
    await take(
        world.parts.database,
        message("m", "a@x.test", "b@y.test", accepted_at=now, account_id=world.account.id),
    )
    queue = QueueStore(world.parts.database)
    leased = await queue.lease("one", now, now + MINUTE, 10)
    busy = Outcome(
        kind=Kind.TEMPORARY,
        scope=Reach.SITE,
        stage=Stage.CONNECT,
        reply=Reply(450, "4.7.0", (EVIL,)),
    )
    await queue.settle("one", [settled(each, State.DEFERRED, now + DAY, busy) for each in leased])


async def states(world):
    found = await world.services.operating.queue.find(Filter(message_ids=("m",)))
    return {entry.address[0]: entry.state for entry in found}


async def test_the_queue_shows_groups_and_recipients(world):
    operator = await world.signed_in(Role.OPERATOR)
    assert "The queue is empty" in (await operator.get("/operator/queue")).text
    await waiting(world)
    page = await operator.get("/operator/queue")
    assert "a@x.test" in page.text
    assert "By provider and age" in page.text
    assert "<script>alert" not in page.text
    found = await operator.get("/operator/queue?domain=x.test&state=deferred")
    assert "a@x.test" in found.text
    assert "b@y.test" not in found.text
    by_id = await operator.get("/operator/queue?id=m")
    assert "b@y.test" in by_id.text
    for nothing in ("account=nobody", "state=held", "older=1h", "provider=qq", "id=x", "id=99"):
        assert "Nothing matches" in (await operator.get(f"/operator/queue?{nothing}")).text, nothing


async def test_an_action_tells_how_many_are_meant_and_does_it_to_those(world):
    await waiting(world)
    operator = await world.signed_in(Role.OPERATOR)
    asked = await operator.get("/operator/queue/hold?domain=x.test")
    assert "1 recipient is meant." in asked.text
    held = await operator.follow("/operator/queue/hold?domain=x.test")
    assert "1 recipient was changed." in held.text
    assert await states(world) == {"a": State.HELD, "b": State.DEFERRED}
    whole = await operator.get("/operator/queue/retry")
    assert "the whole queue" in whole.text
    assert "1 recipient is meant." in whole.text
    await operator.follow("/operator/queue/release?account=Shop")
    assert (await states(world))["a"] is State.DEFERRED
    done = await operator.follow("/operator/queue/drop?id=m", {"reason": "Asked for"})
    assert "2 recipients were changed." in done.text
    assert set((await states(world)).values()) == {State.DROPPED}
    again = await operator.follow("/operator/queue/drop?id=m")
    assert "2 were left as they are" in again.text
    assert (await operator.get("/operator/queue/burn")).status_code == 404
    assert await amount(world.parts.database, recipient) == 2
    actions = [each.action.value for each in await world.audited()]
    assert actions == ["queue_held", "queue_released", "queue_dropped", "queue_dropped"]


# Reactions, replies, blacklist


async def test_a_reaction_is_shown_and_cancelled(world):
    store, now = world.services.operating.reactions, world.services.clock.now()
    scope = Scope(destination="qq", account_id=world.account.id)
    effect = Effect(pause=True, rate_factor=0.25, connections=1)
    added = await store.add(scope, effect, reason=EVIL, by="me", duration_ms=MINUTE, now=now)
    operator = await world.signed_in(Role.OPERATOR)
    page = await operator.get("/operator/reactions")
    assert "Nothing is sent" in page.text
    assert "25% of the usual rate" in page.text
    assert "<script>alert" not in page.text
    done = await operator.follow(f"/operator/reactions/{added.id}/cancel")
    assert "The reaction was cancelled." in done.text
    assert "No reaction is in force" in done.text
    over = await operator.get("/operator/reactions?which=all")
    assert "cancelled by operator-" in over.text
    again = await operator.follow(f"/operator/reactions/{added.id}/cancel")
    assert "has ended already" in again.text


async def test_unclassified_replies_are_shown_with_a_rule_to_begin_with(world):
    heard = [
        Unclassified(
            provider=provider,
            code=550,
            text=provider,
            example=f'550 5.0.0 {provider} says "{EVIL}"',
            count=count,
            first_at=NOW,
            last_at=NOW,
        )
        for provider, count in (("qq", 9), ("", 3))
    ]
    async with world.parts.database.write() as transaction:
        await count_unclassified(transaction, heard)
    operator = await world.signed_in(Role.OPERATOR)
    page = await operator.get("/operator/replies")
    assert "bounce.toml" in page.text
    assert "provider = &#34;qq&#34;" in page.text
    assert "<script>alert" not in page.text
    assert "qq says" not in (await operator.get("/operator/replies?q=5.0.0++says")).text
    gone = await operator.follow("/operator/replies/forget")
    assert "2 texts were forgotten." in gone.text
    assert "Every reply was understood" in gone.text


def test_the_rule_to_begin_with_is_one_that_works(tmp_path):
    heard = Unclassified(
        provider="qq",
        code=550,
        text="",
        example=f'550 5.0.0 No "{EVIL}" today\n',
        count=1,
        first_at=NOW,
        last_at=NOW,
    )
    folder = tmp_path / OWN_RULES
    folder.mkdir()
    (folder / RULES_FILE).write_text(rule_for(heard))
    rules = ruleset(RuleFile(RULES_FILE, tmp_path))
    reply = Reply(550, "5.0.0", (f'No "{EVIL}" today',))
    refused = Outcome(kind=Kind.PERMANENT, scope=Reach.RECIPIENT, stage=Stage.RCPT, reply=reply)
    assert classify(refused, "qq", rules=rules).rule == "qq-550"


async def test_addresses_are_blocked_found_and_removed(world):
    operator = await world.signed_in(Role.OPERATOR)
    sent = {"addresses": "A@x.test, b@x.test\nc@y.test", "days": "3", "reason": EVIL}
    done = await operator.follow("/operator/blacklist/new", sent)
    assert "3 addresses were blocked." in done.text
    assert "<script>alert" not in done.text
    found = await operator.get("/operator/blacklist?q=@x.te")
    assert "a@x.test" in found.text
    assert "c@y.test" not in found.text
    assert "An operator" in found.text
    gone = await operator.follow("/operator/blacklist/remove", {"address": "a@x.test"})
    assert "a@x.test was removed" in gone.text
    again = await operator.follow("/operator/blacklist/remove", {"address": "a@x.test"})
    assert "not on the blacklist any more" in again.text
    wrong = await operator.post("/operator/blacklist/new", sent | {"addresses": "ok@x.test nobody"})
    assert wrong.status_code == 422
    assert "nobody" in wrong.text
    wrong = await operator.post("/operator/blacklist/new", sent | {"days": "0"})
    assert wrong.status_code == 422


async def test_the_blacklist_is_paged_by_address(world):
    now = world.services.clock.now()
    rows = [
        Listed(address=f"u{n:02}@x.test", account_id=0, at=now, expires_at=now + DAY, reason="")
        for n in range(30)
    ]
    await world.services.operating.blacklist.add(rows)
    operator = await world.signed_in(Role.OPERATOR)
    first = await operator.get("/operator/blacklist")
    assert "u24@x.test" in first.text
    assert "u25@x.test" not in first.text
    second = await operator.get("/operator/blacklist?after=u24@x.test")
    assert "u25@x.test" in second.text


# Sources, scanners, health, configuration


async def test_sources_are_shown_with_their_warm_up_and_checked(world):
    operator = await world.signed_in(Role.OPERATOR)
    page = await operator.get("/operator/sources")
    for word in ("Warm", "Warms up", "Begins on", "127.0.0.12", "step 1 of"):
        assert word in page.text, word
    checked = await operator.post("/operator/sources/check", {"source": "warm"})
    assert checked.status_code == 200
    assert "This machine has the address." in checked.text
    assert "Reverse name (PTR)" in checked.text
    japanese = await world.signed_in(Role.OPERATOR, language="ja")
    checked = await japanese.post("/operator/sources/check", {"source": "warm"})
    assert "このマシンにこのアドレスがあります。" in checked.text
    assert (await operator.post("/operator/sources/check", {"source": "x"})).status_code == 404


async def test_scanners_say_how_they_stand(world):
    now = world.services.clock.now()
    engine = {"name": "clamav", "finds": "malware", "fault": EVIL, "rests_until": now + MINUTE}
    process = Process(
        name="host/1/delivery",
        host="host",
        pid=1,
        kind="delivery",
        version="1",
        started_at=now,
        seen_at=now,
        engines=json.dumps([engine]),
    )
    await world.services.operating.roll.here(process)
    operator = await world.signed_in(Role.OPERATOR)
    page = await operator.get("/operator/scanners")
    assert "Spared after failures" in page.text
    assert "<script>alert" not in page.text
    assert "A scanner does not answer" in (await operator.get("/operator")).text
    checked = await operator.post("/operator/scanners/check")
    assert "clamd cannot be used" in checked.text


async def test_health_tells_who_is_silent(world):
    now = world.services.clock.now()
    process = Process(
        name="host/1/doors",
        host="host",
        pid=1,
        kind="doors",
        version="1",
        started_at=now,
        seen_at=now - SILENT_MS - MINUTE,
    )
    await world.services.operating.roll.here(process)
    operator = await world.signed_in(Role.OPERATOR)
    page = await operator.get("/operator/health")
    assert "Silent" in page.text
    assert "1 process has stopped answering." in (await operator.get("/operator")).text


async def test_the_configuration_is_shown_without_passwords(world):
    operator = await world.signed_in(Role.OPERATOR)
    page = await operator.get("/operator/configuration")
    assert "http.listen" in page.text
    found = await operator.get("/operator/configuration?q=clamd")
    assert "127.0.0.1:1" in found.text
    assert "http.listen" not in found.text
