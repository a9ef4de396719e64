"""No sentence of the service is English on pages in other languages, wherever it came from."""

import random
import re
from dataclasses import replace

import msgspec
import pytest
from tests.support.console_world import console_world
from tests.support.mail_history import OWNER, History

from tayori.app.reputation import build_bench
from tayori.callbacks.store import CallbackStore
from tayori.config.tree import Settings
from tayori.delivery import hosts, putting_off
from tayori.delivery.judge import judge
from tayori.delivery.reactions.model import Effect, Scope
from tayori.delivery.reactions.store import OVER
from tayori.delivery.security import opening
from tayori.delivery.security.model import Demand, HostDemand
from tayori.mail.outcome import Kind, Outcome, Stage
from tayori.mail.outcome import Scope as Reach
from tayori.mail.reply import Reply
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import say
from tayori.reputation.figures import Figures
from tayori.reputation.judging_store import store_change
from tayori.reputation.rules import Day
from tayori.reputation.rules import Kind as RuleKind
from tayori.runtime.clock import HOUR, MINUTE
from tayori.smtp.dialogue import ConnectFailure
from tayori.smtp.tls_fault import TlsFault, TlsResult
from tayori.tenants.users.model import Role

DOMAIN = "mail.mori.test"
MACHINE = re.compile(r"<(code|pre|script|style|title)\b.*?</\1>", re.DOTALL)
TAG = re.compile(r"<[^>]+>")
ENGLISH = re.compile(r"\b[A-Za-z][a-z']+(?: [a-z']{2,}){2,}")
"""Three words of English in a row; names of products have fewer."""
pytestmark = pytest.mark.parametrize("language", ["ja", "zh"])


@pytest.fixture
async def world(installed_url, tmp_path):
    usual = Settings(data_dir=str(tmp_path))
    scan = msgspec.structs.replace(usual.scan, clamd="127.0.0.1:1", timeout_s=2.0)
    async with console_world(tmp_path, installed_url, scan=scan) as opened:
        yield opened


def english(page, *, machine=False):
    """Return the English on a page; what machines said is left out unless asked for."""
    text = page.text if machine else MACHINE.sub(" ", page.text)
    return [found[0] for found in ENGLISH.finditer(re.sub(r"\s+", " ", TAG.sub(" | ", text)))]


FORMS = (
    ("/credentials/new", {"scope": "full", "networks": "no/where"}),
    ("/credentials/new", {"scope": "full", "networks": "10.0.0.1\n" * 200}),
    ("/callbacks/new", {"url": "ftp://x.test", "sender": ""}),
    ("/callbacks/new", {"url": "http://me:pw@x.test/", "sender": ""}),
    ("/callbacks/new", {"url": "http://127.0.0.1/", "sender": ""}),
    ("/callbacks/new", {"url": "https://x.test/", "sender": "no address"}),
    ("/domains/new", {"domain": "no domain", "option": "1"}),
    ("/domains/new", {"domain": "taken.test", "option": "1"}),
    ("/domains/new", {"domain": DOMAIN, "option": "1"}),
    ("/senders/new", {"address": "no address", "name": ""}),
    ("/senders/new", {"address": "a@b@c.test", "name": ""}),
    ("/senders/new", {"address": "news@unknown.test", "name": ""}),
    ("/senders/new", {"address": "メール@mail.mori.test", "name": ""}),
    ("/lists/new", {"name": "x" * 500, "description": ""}),
    ("/templates/new", {"mode": "html", "name": "x" * 500, "html": "<p>{{1}}</p>", "text": ""}),
)


async def test_refusals_of_forms(world, language):
    other = await world.other_account()
    await world.services.identities.create(other.id, "taken.test")
    await world.verified(DOMAIN)
    owner = await world.signed_in(Role.OWNER, language=language)
    for path, form in FORMS:
        page = await owner.post(path, form)
        assert page.status_code == 422, (path, form)
        assert english(page) == [], (path, form)


async def test_the_level_and_what_was_decided(world, language):
    await world.verified(DOMAIN)
    bench, now = build_bench(world.parts), world.services.clock.now()
    found = await world.services.levels.find(DOMAIN)
    figures = Figures(mails=900, sent=900, delivered=700, invalid=200, rejected=200)
    day = Day(
        figures=figures,
        level=found.standing.level,
        per_day=1_000,
        rises=0,
        falls=False,
        lowered=False,
        warned=False,
        stopped=False,
        is_today=True,
        closed=False,
    )
    decisions = bench.rules.judge(day)
    assert decisions
    idle = say("Nothing was sent for more than {days} days.", days=30)
    decisions.append(replace(decisions[0], kind=RuleKind.IDLE, reason=idle))
    stopped = replace(found.standing, blocked_until=now + HOUR, blocked_reason=decisions[0].reason)
    async with world.parts.database.write() as transaction:
        for decision in decisions:
            await store_change(transaction, found, stopped, (decision, figures, now), now)
    viewer = await world.signed_in(Role.VIEWER, language=language)
    page = await viewer.get(f"/domains/{DOMAIN}/level")
    assert english(page) == []
    assert {"ja": "無効アドレス率 22.2%", "zh": "无效地址率 22.2%"}[language] in page.text
    operator = await world.signed_in(Role.OPERATOR, language=language)
    assert english(await operator.get(f"/operator/accounts/{world.account.id}")) == []


async def test_why_an_account_is_suspended(world, language):
    found = say(
        "{count} mails within a day were taken for spam; last: {name}", count=9, name="夏のセール"
    )
    done = await world.services.accounts.suspend(world.account.id, found)
    assert not isinstance(done, Refusal)
    assert str(done.suspended_reason) == found.english
    owner = await world.signed_in(Role.OWNER, language=language)
    assert english(await owner.get("/")) == []
    operator = await world.signed_in(Role.OPERATOR, language=language)
    page = await operator.get(f"/operator/accounts/{world.account.id}")
    assert english(page) == []
    assert "夏のセール" in page.text


WAITS = (
    putting_off.TOO_SLOW,
    putting_off.NO_SHARE,
    putting_off.FAULT,
    hosts.DOWN,
    say("The warm-up of {source} allows no more mail in this hour.", source="ip-1"),
    say("the mail has to be scanned first; {detail}", detail=say("rspamd skipped the mail.")),
    say(
        "paused by reaction {name} until {until}: {reason}",
        name="slow",
        until="2026-11-28 08:00:00 UTC",
        reason="450 4.7.0 später",
    ),
)


async def test_why_a_mail_waits_and_what_became_of_it(world, language):
    history, now = History(world.parts, world.account), world.services.clock.now()
    await world.verified(DOMAIN)
    gone = say("{address} is on the account's own blacklist.", address="own@x.test")
    await history.taken("m-own", "own@x.test", at=now, dropped={"own@x.test": gone})
    for number, cause in enumerate(WAITS):
        await history.taken(f"m-{number}", f"u{number}@x.test", at=now)
        await history.waited(f"u{number}@x.test", now, cause, until=now + HOUR)
    await history.taken("m-dns", "dns@x.test", at=now)
    said = say("The domain's name servers gave no answer.")
    silent = Outcome(
        kind=Kind.TEMPORARY,
        scope=Reach.SITE,
        stage=Stage.DNS,
        reply=Reply(450, "4.4.3", (said.english,)),
        said=said,
        started_at=now,
        ended_at=now,
    )
    (leased,) = await world.parts.queue.lease(OWNER, now, now + 1, 10)
    settlement = judge(leased, silent, now, random.Random(1))
    assert str(settlement.reply) == "450 4.4.3 The domain's name servers gave no answer."
    assert await world.parts.queue.settle(OWNER, [settlement]) == [True]
    viewer = await world.signed_in(Role.VIEWER, language=language)
    for name in (*range(len(WAITS)), "own", "dns"):
        page = await viewer.get(f"/search/m-{name}")
        assert page.status_code == 200
        assert english(page, machine=True) == [], name
    operator = await world.signed_in(Role.OPERATOR, language=language)
    queue = await operator.get("/operator/queue")
    assert "u0@x.test" in queue.text
    assert english(queue, machine=True) == []


def silent_at(stage, now):
    """Return what a receiver that says nothing leaves."""
    return Outcome(
        kind=Kind.TEMPORARY,
        scope=Reach.CONNECTION,
        stage=stage,
        peer_host="mx.x.test",
        peer_address="192.0.2.1",
        started_at=now,
        ended_at=now,
    )


def unmet(fault, now):
    """Return what a host leaves that does not meet a demand of its domain."""
    failure = ConnectFailure(outcome=silent_at(Stage.TLS, now), fault=fault)
    who = say("the MTA-STS policy of {domain}", domain="x.test")
    return opening._unmet(failure, fault, HostDemand(demand=Demand.VERIFIED, why=who))


FAULTS = (
    TlsFault(TlsResult.STARTTLS_NOT_SUPPORTED, say("STARTTLS is not offered")),
    TlsFault(TlsResult.VALIDATION_FAILURE, say("TLS did not work with this host before")),
    TlsFault(TlsResult.CERTIFICATE_EXPIRED, say("the certificate is not valid at this time")),
)


async def test_what_tls_and_silence_did_to_an_attempt(world, language):
    history, now = History(world.parts, world.account), world.services.clock.now()
    await world.verified(DOMAIN)
    outcomes = [unmet(fault, now) for fault in FAULTS]
    outcomes += [silent_at(stage, now) for stage in Stage]
    for number in range(len(outcomes)):
        await history.taken(f"m-{number}", f"u{number}@x.test", at=now)
    leased = await world.parts.queue.lease(OWNER, now, now + 1, 100)
    settled = [
        judge(one, outcome, now, random.Random(1))
        for one, outcome in zip(leased, outcomes, strict=True)
    ]
    first = "starttls-not-supported: STARTTLS is not offered; the MTA-STS policy of x.test demands"
    assert str(settled[0].reply).endswith(f"{first} a trusted certificate")
    assert str(settled[len(FAULTS)].reply) == "The receiver gave no answer (stage: dns)."
    assert all(await world.parts.queue.settle(OWNER, settled))
    viewer = await world.signed_in(Role.VIEWER, language=language)
    for number in range(len(outcomes)):
        page = await viewer.get(f"/search/m-{number}")
        assert page.status_code == 200
        assert english(page, machine=True) == [], outcomes[number]
        shown = TAG.sub(" | ", page.text)
        assert not re.search(r"\b(greeting|hello|rcpt|content|engine|offered)\b", shown)


async def test_reactions_and_scanners(world, language):
    store, now = world.services.operating.reactions, world.services.clock.now()
    scope, effect = Scope(destination="qq", account_id=world.account.id), Effect(pause=True)
    added = await store.add(scope, effect, reason="450 4.7.0", by="me", duration_ms=MINUTE, now=now)
    await store.end(added.id, now, OVER)
    operator = await world.signed_in(Role.OPERATOR, language=language)
    reactions = await operator.get("/operator/reactions?which=all")
    assert "qq" in reactions.text
    assert english(reactions) == []
    checked = await operator.post("/operator/scanners/check")
    assert "clamd" in checked.text
    # What the operating system says of the connection is no sentence of ours.
    connection = ("connect call failed", "connection refused")
    assert [one for one in english(checked) if one.lower() not in connection] == []


async def test_why_a_callback_is_off(world, language):
    made = await world.services.endpoints.set(world.account, "https://hooks.test/events")
    why = say(
        "Every call failed for {hours} hours; the last: {why}",
        hours=24,
        why=say("No answer within {seconds} seconds.", seconds=5),
    )
    store = CallbackStore(world.parts.database, world.parts.box)
    await store.switch_off(made, why, world.services.clock.now())
    owner = await world.signed_in(Role.OWNER, language=language)
    page = await owner.get(f"/callbacks/{made.id}")
    assert "24" in page.text
    assert english(page) == []
