"""Mail to real TLS peers: what DANE, MTA-STS and our own demands let through, and why not."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import insert
from tests.store.test_door import NOW, door
from tests.support.deliverers import Deliverers, name_server, within
from tests.support.peers.receiving import Recorder
from tests.support.secure_receivers import PolicyServer, SecureReceivers
from tests.unit.accept.test_checks import GOOD, box

from tayori.db.statement import Statement
from tayori.db.tables.tenants import account
from tayori.delivery.security.store import SecurityStore
from tayori.queue.states import State
from tayori.runtime.clock import DAY, HOUR, MINUTE, SettableClock
from tayori.sandbox.dns_server import Failure


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def dns():
    async with name_server() as server:
        yield server


@pytest.fixture
async def receivers(dns, tmp_path):
    async with SecureReceivers(dns, tmp_path) as running:
        yield running


@pytest.fixture
async def policies(dns, receivers):
    async with PolicyServer(dns, receivers.authority) as running:
        yield running


@pytest.fixture
def delivery(database, clock, dns, tmp_path):
    return Deliverers(database, clock, dns, tmp_path / "run")


async def add_account(database):
    """Write the account that mail of these tests is sent by."""
    values = {"id": 1, "app_id": 1, "name": "a", "created_at": 0, "suspended_reason": ""}
    async with database.write() as transaction:
        await transaction.execute(Statement(insert(account).values(values)))


async def send(delivery, receivers, policies=None, to="a@x.test", asks=None, **settings):
    """Send one mail by a loop of its own and return what became of it."""
    count = len(await delivery.states())
    asks = asks or {"tls": settings.pop("tls", "")}
    submission = replace(GOOD, to=(box(to.replace("@", f"{count}@", 1)),), **asks)
    await door(delivery.database, delivery.clock, mailbox_per_hour=0).accept(submission)
    port = {"POLICY_PORT_FOR_TESTS_ONLY": policies.port} if policies else {}
    given = {"tls_ca_file": str(receivers.roots)} | port | settings
    async with delivery.secure(receivers.port, **given) as loop:
        await within(loop.wait_settled(1))
    return (await delivery.states())[to.replace("@", f"{count}@", 1)]


CASES = {
    "a pinned key": ("self-signed", ("3 1 1",), ""),
    "a pinned certificate": ("self-signed", ("3 0 2",), ""),
    "a whole certificate": ("self-signed", ("3 0 0",), ""),
    "an expired one that is pinned": ("expired", ("3 1 1",), ""),
    "another key": ("self-signed", ("3 1 1 wrong",), "450 4.7.5 tlsa-invalid: "),
    "one of two keys": ("self-signed", ("3 1 1 wrong", "3 1 1"), ""),
    "an authority": ("good", ("2 0 1 anchor",), ""),
    "an authority's key": ("good", ("2 1 2 anchor",), ""),
    "a whole authority": ("good", ("2 0 0 anchor",), ""),
    "an authority, another name": (
        "other",
        ("2 0 1 anchor",),
        "450 4.7.5 certificate-host-mismatch: ",
    ),
    "an authority, expired": ("expired", ("2 0 1 anchor",), "450 4.7.5 certificate-expired: "),
    "no STARTTLS": ("none", ("3 1 1",), "450 4.7.4 starttls-not-supported: "),
    "only unusable records": ("self-signed", ("1 1 1", "3 1 7"), ""),
    "unusable, no STARTTLS": ("none", ("0 0 1",), "450 4.7.4 starttls-not-supported: "),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_dane(delivery, receivers, dns, case):
    cert, records, refusal = case
    taken = await receivers.add("x.test", cert=cert)
    texts = []
    for record in records:
        usage, selector, matching, *more = record.split()
        numbers = (int(usage), int(selector), min(2, int(matching)))
        text = receivers.tlsa(*numbers, anchor="anchor" in more)
        head, _, data = text.rpartition(" ")
        data = data[:-2] + ("00" if data[-2:] != "00" else "01") if "wrong" in more else data
        texts.append(f"{usage} {selector} {matching} {data}" if head else text)
    receivers.pin("mx.x.test", *texts)
    dns.vouch("x.test")
    found = await send(delivery, receivers)
    if refusal:
        assert (found.state, taken.messages) == (State.DEFERRED, [])
        assert found.reply.english.startswith(refusal)
        assert "DANE for mx.x.test demands" in found.reply.english
    else:
        assert found.state is State.DELIVERED, found.reply.english
        assert taken.connections[0].tls


async def test_keys_in_an_unsigned_zone_do_not_count(delivery, receivers):
    taken = await receivers.add("x.test", cert="self-signed")
    receivers.pin("mx.x.test", "3 1 1 " + "00" * 32)
    assert (await send(delivery, receivers)).state is State.DELIVERED
    assert len(taken.messages) == 1


async def test_keys_that_cannot_be_found_out_make_the_mail_wait(delivery, receivers, dns):
    taken = await receivers.add("x.test")
    dns.vouch("x.test")
    dns.fail(f"_{receivers.port}._tcp.mx.x.test", Failure.SERVFAIL)
    found = await send(delivery, receivers)
    assert (found.state, taken.messages) == (State.DEFERRED, [])
    assert found.reply.english.startswith("450 4.7.5 dnssec-invalid: the TLSA records of mx.x.test")


async def test_dane_goes_before_mta_sts(delivery, receivers, policies, dns):
    await receivers.add("x.test", cert="self-signed")
    receivers.pin("mx.x.test", receivers.tlsa(3, 1, 1))
    dns.vouch("x.test")
    policies.enforce("x.test")
    assert (await send(delivery, receivers, policies)).state is State.DELIVERED
    receivers.pin("mx.x.test", "3 1 1 " + "00" * 32)
    found = await send(delivery, receivers, policies)
    assert (found.state, found.reply.english[:24]) == (State.DEFERRED, "450 4.7.5 tlsa-invalid: ")


STS = {
    "good": ("good", "enforce", "mx.x.test", ""),
    "a pattern": ("good", "enforce", "*.x.test", ""),
    "self-signed": ("self-signed", "enforce", "mx.x.test", "450 4.7.5 certificate-not-trusted: "),
    "expired": ("expired", "enforce", "mx.x.test", "450 4.7.5 certificate-expired: "),
    "another name": ("other", "enforce", "mx.x.test", "450 4.7.5 certificate-host-mismatch: "),
    "no STARTTLS": ("none", "enforce", "mx.x.test", "450 4.7.4 starttls-not-supported: "),
    "another host": ("good", "enforce", "mx.y.test", "450 4.7.5 sts-policy-invalid: mx.x.test is"),
    "testing": ("self-signed", "testing", "mx.y.test", ""),
    "none": ("none", "none", "mx.y.test", ""),
}


@pytest.mark.parametrize("case", STS.values(), ids=STS)
async def test_mta_sts(delivery, receivers, policies, case):
    cert, mode, mx, refusal = case
    taken = await receivers.add("x.test", cert=cert)
    policies.enforce("x.test", mode=mode, mx=mx)
    found = await send(delivery, receivers, policies)
    if refusal:
        assert (found.state, taken.messages) == (State.DEFERRED, [])
        assert found.reply.english.startswith(refusal)
        assert "the MTA-STS policy of x.test" in found.reply.english
    else:
        assert found.state is State.DELIVERED, found.reply.english


async def test_a_policy_outlives_its_server_until_its_time_is_over(
    delivery, receivers, policies, clock
):
    await receivers.add("x.test", cert="self-signed")
    policies.enforce("x.test", max_age="604800")
    assert (await send(delivery, receivers, policies)).state is State.DEFERRED
    policies.enforce("x.test", number="2", mode="none")
    policies.status = 503
    clock.advance(2 * DAY)
    # The new version cannot be fetched: the old one holds.
    assert (await send(delivery, receivers, policies)).state is State.DEFERRED
    assert policies.asked["mta-sts.x.test"] == 2
    clock.advance(6 * DAY)
    assert (await send(delivery, receivers, policies)).state is State.DELIVERED


async def test_a_new_id_brings_the_new_policy(delivery, receivers, policies, clock):
    await receivers.add("x.test", cert="self-signed")
    policies.enforce("x.test")
    assert (await send(delivery, receivers, policies)).state is State.DEFERRED
    policies.enforce("x.test", number="2", mode="none")
    clock.advance(HOUR)
    assert (await send(delivery, receivers, policies)).state is State.DELIVERED
    assert policies.asked["mta-sts.x.test"] == 2


async def test_processes_share_policies_and_refresh_them_once(delivery, policies, receivers, clock):
    await receivers.add("x.test")
    policies.enforce("x.test")
    one, two = (
        delivery.security(
            receivers.port,
            tls_ca_file=str(receivers.roots),
            POLICY_PORT_FOR_TESTS_ONLY=policies.port,
        )
        for _ in range(2)
    )
    await one.start()
    found = await one.policies.find("x.test")
    assert found.mx == ("mx.x.test",)
    await two.start()
    assert await two.policies.find("x.test") == found
    assert policies.asked["mta-sts.x.test"] == 1
    for _ in range(3):
        # Nobody is asked again for what is held.
        assert await one.policies.find("x.test") == found
    clock.advance(DAY + MINUTE)
    assert await one.policies.find("x.test") == found
    assert await two.policies.find("x.test") == found
    for process in (one, two):
        while process.policies._beside:
            await asyncio.wait(set(process.policies._beside.values()))
            # What has ended is taken out in the next step of the loop.
            await asyncio.sleep(0)
    assert policies.asked["mta-sts.x.test"] == 2
    known = await SecurityStore(delivery.database).policy("x.test")
    assert known.fetched_at == clock.now()
    await one.stop()
    await two.stop()


@pytest.mark.parametrize(
    "case",
    [
        (404, "text/plain", "", "sts-policy-fetch-error: "),
        (302, "text/plain", "", "sts-policy-fetch-error: "),
        (200, "text/html", "", "sts-policy-fetch-error: "),
        (200, "text/plain", "version: STSv1\nmode: enforce", "sts-policy-invalid: "),
        (200, "text/plain", "x" * 70_000, "sts-policy-invalid: "),
    ],
)
async def test_a_policy_that_cannot_be_had_is_none(delivery, receivers, policies, case):
    status, kind, text, trouble = case
    await receivers.add("x.test", cert="none")
    policies.publish("x.test", text)
    policies.status, policies.content_type = status, kind
    assert (await send(delivery, receivers, policies)).state is State.DELIVERED
    known = await SecurityStore(delivery.database).policy("x.test")
    assert known.trouble.startswith(trouble)
    # The same id is left alone for five minutes.
    assert (await send(delivery, receivers, policies)).state is State.DELIVERED
    assert policies.asked["mta-sts.x.test"] == 1


async def test_a_policy_server_must_be_trusted(delivery, receivers, policies):
    await receivers.add("z.test", cert="none")
    policies.enforce("z.test")
    assert (await send(delivery, receivers, policies, to="a@z.test")).state is State.DELIVERED
    known = await SecurityStore(delivery.database).policy("z.test")
    assert known.trouble.startswith("sts-webpki-invalid: ")
    assert policies.asked["mta-sts.z.test"] == 0


async def test_a_policy_server_in_a_private_network_is_not_called(delivery, receivers, policies):
    security = delivery.security(
        receivers.port or 25,
        allow_private_networks=False,
        POLICY_PORT_FOR_TESTS_ONLY=policies.port,
    )
    policies.enforce("x.test")
    await security.start()
    assert await security.policies.find("x.test") is None
    await security.stop()
    assert not policies.asked
    known = await SecurityStore(delivery.database).policy("x.test")
    assert "private addresses only" in known.trouble


REQUIRED = {
    "good": ("good", ""),
    "self-signed": ("self-signed", "450 4.7.5 certificate-not-trusted: "),
    "no STARTTLS": ("none", "450 4.7.4 starttls-not-supported: "),
}


@pytest.mark.parametrize("who", ["account", "identity", "setting"])
@pytest.mark.parametrize(("cert", "refusal"), REQUIRED.values(), ids=REQUIRED)
async def test_mail_that_requires_tls_never_goes_in_clear(delivery, receivers, who, cert, refusal):
    taken = await receivers.add("x.test", cert=cert)
    settings = {"tls": "required"} if who == "setting" else {}
    async with delivery.secure(
        receivers.port, tls_ca_file=str(receivers.roots), **settings
    ) as loop:
        security = loop._securing
        if who == "account":
            security.required = replace(security.required, accounts=frozenset({1}))
        if who == "identity":
            security.required = replace(security.required, identities=frozenset({1}))
        await door(delivery.database, delivery.clock).accept(GOOD)
        await within(loop.wait_settled(1))
    found = (await delivery.states())["a@x.test"]
    if refusal:
        assert (found.state, taken.messages) == (State.DEFERRED, [])
        assert found.reply.english.startswith(refusal)
    else:
        assert found.state is State.DELIVERED
        assert taken.connections[0].tls


RULED = {
    "encrypted, an unknown authority": ("encrypted", "self-signed", ""),
    "encrypted, another name": ("encrypted", "other", ""),
    "encrypted, no STARTTLS": ("encrypted", "none", "450 4.7.4 starttls-not-supported: "),
    "required, as it should be": ("required", "good", ""),
    "required, an unknown authority": (
        "required",
        "self-signed",
        "450 4.7.5 certificate-not-trusted: ",
    ),
    "required, no STARTTLS": ("required", "none", "450 4.7.4 starttls-not-supported: "),
    "opportunistic, no STARTTLS": ("opportunistic", "none", ""),
}


@pytest.mark.parametrize("case", RULED.values(), ids=RULED)
async def test_what_a_shaping_rule_demands_is_kept(delivery, receivers, case):
    demand, cert, refusal = case
    await add_account(delivery.database)
    taken = await receivers.add("x.test", cert=cert)
    rules = delivery.run_dir / "rules" / "shaping.toml"
    rules.parent.mkdir(parents=True)
    rules.write_text(f'[provider."strict"]\nhosts = ["mx.x.test"]\ntls = "{demand}"\n')
    found = await send(delivery, receivers)
    if refusal:
        assert (found.state, taken.messages) == (State.DEFERRED, [])
        assert found.reply.english.startswith(refusal)
        assert "the shaping rule of strict" in found.reply.english
    else:
        assert (found.state, len(taken.messages)) == (State.DELIVERED, 1)


async def test_a_host_with_old_tls_is_spoken_to_in_it_and_remembered(delivery, receivers, clock):
    context, _ = receivers.context("mx.x.test", "self-signed")
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        context.minimum_version = context.maximum_version = 0x0301
    taken = Recorder()
    await receivers.listen("x.test", "mx.x.test", taken, context)
    assert (await send(delivery, receivers)).state is State.DELIVERED
    assert [one.tls.split()[0] for one in taken.connections if one.tls] == ["TLSv1"]
    tried = len(taken.connections)
    assert tried == 2
    # Another process begins where this one ended.
    assert (await send(delivery, receivers)).state is State.DELIVERED
    assert len(taken.connections) == tried + 1
    clock.advance(7 * HOUR)
    assert (await send(delivery, receivers)).state is State.DELIVERED
    assert len(taken.connections) == tried + 3
    found = await send(delivery, receivers, minimum_tls="1.2")
    assert (found.state, taken.connections[-1].tls) == (State.DELIVERED, "")


REQUIRETLS = {
    "to a receiver that keeps it": ("good", True, "enforce", ""),
    "to one that does not": ("good", False, "enforce", "550 5.7.30 the sender demands REQUIRETLS"),
    "without a trusted certificate": ("self-signed", True, "enforce", "450 4.7.5 certificate-not"),
    "without trusted mail hosts": ("good", True, "none", "550 5.7.30 REQUIRETLS: the mail hosts"),
}


@pytest.mark.parametrize("case", REQUIRETLS.values(), ids=REQUIRETLS)
async def test_requiretls(delivery, receivers, policies, case):
    cert, offered, mode, refusal = case
    taken = await receivers.add("x.test", cert, requiretls=offered)
    policies.enforce("x.test", mode=mode)
    found = await send(delivery, receivers, policies, tls="require")
    if refusal:
        final = State.BOUNCED if refusal.startswith("5") else State.DEFERRED
        assert (found.state, taken.messages) == (final, [])
        assert found.reply.english.startswith(refusal)
    else:
        assert found.state is State.DELIVERED, found.reply.english
        assert taken.messages[0][0].mail.require_tls


async def test_who_does_not_need_tls_is_not_held_to_policies_but_to_our_own(
    delivery, receivers, policies
):
    await receivers.add("x.test", "self-signed")
    policies.enforce("x.test")
    assert (await send(delivery, receivers, policies, tls="optional")).state is State.DELIVERED
    store = SecurityStore(delivery.database)
    await add_account(delivery.database)
    await store.require_account(1, required=True)
    found = await send(delivery, receivers, policies, tls="optional")
    assert (found.state, "the sending account demands" in found.reply.english) == (
        State.DEFERRED,
        True,
    )
    await store.require_account(1, required=False)
    assert (await send(delivery, receivers, policies, tls="optional")).state is State.DELIVERED


async def test_a_large_mail_keeps_what_its_sender_asks(delivery, receivers):
    await receivers.add("x.test", "self-signed")
    values = {"name": "x" * 100_000}
    found = await send(delivery, receivers, asks={"tls": "require", "values": values})
    assert (found.state, found.reply.english[:10]) == (State.BOUNCED, "550 5.7.30")
