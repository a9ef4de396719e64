"""Rotation of DKIM keys against a real DNS server: mail is signed by a published key throughout."""

import asyncio

import pytest
from tests.support.api_world import DOMAINS, World, api_world

from tayori.config.tree import Domains, Policy
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import DAY, SECOND, SystemClock
from tayori.runtime.secrets import SecretBox, load_key
from tayori.sandbox.dns_server import DnsServer
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.model import DkimOption, DnsRecord, RecordGroup, RecordState
from tayori.tenants.rechecks import Rechecks
from tayori.tenants.rotation import FIRST_LOOK_S, LOOK_AGAIN_S
from tayori.tenants.rotation_store import NONE_UNDER_WAY, UNDER_WAY

DOMAIN = "mail.example.test"


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


async def verified(world: World, option: int = 0):
    made = await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN, DKIMOption=option)
    world.publish(made["Attributes"])
    await world.one.call("UpdateEmailIdentity", EmailIdentity=DOMAIN)
    return await found(world)


async def found(world: World):
    return await world.services.identities.get(world.one.account.id, DOMAIN)


async def signing(world: World) -> list[str]:
    world.services.identities.forget()
    identity = await found(world)
    return [key.selector for key in await world.services.identities.signing_keys(identity.id)]


def publish(world: World, records) -> None:
    world.publish(
        [{"Type": r.type, "SendDomain": r.name, "ExpectedValue": r.expected} for r in records]
    )


def job(world: World) -> Rechecks:
    return Rechecks(
        identities=world.services.identities,
        rotations=world.services.rotations,
        lookups=world.resolver,
        domains=DOMAINS,
    )


async def test_new_keys_sign_only_once_their_records_are_found(world):
    identity = await verified(world, DkimOption.BOTH)
    rotations = world.services.rotations
    begun = await rotations.begin(world.one.account.id, DOMAIN)
    assert not isinstance(begun, Refusal)
    records = await rotations.records(identity, world.resolver)
    names = [record.name for record in records]
    assert len(set(names)) == 2
    assert all(name.startswith(("sel-20", "sel2048-20")) for name in names)

    publish(world, records[:1])
    world.clock.advance(FIRST_LOOK_S * SECOND)
    assert await job(world).run_due(5) == 1
    assert await signing(world) == ["sel", "sel2048"]
    waiting = await found(world)
    assert waiting.verified
    assert waiting.check_due_at - world.clock.now() == LOOK_AGAIN_S * SECOND

    publish(world, records)
    world.clock.advance(LOOK_AGAIN_S * SECOND)
    assert await job(world).run_due(5) == 1
    assert await signing(world) == [name.split(".")[0] for name in names]
    after = await found(world)
    assert after.verified
    assert {r.name for r in after.records if r.group == "DKIM"} == set(names)
    kept = await world.services.identities.keys(after)
    assert {k.selector: k.retired_at is not None for k in kept if not k.pending} == {
        "sel": True,
        "sel2048": True,
        **{name.split(".")[0]: False for name in names},
    }
    assert await rotations.records(after, world.resolver) == ()


async def test_a_second_rotation_waits_for_the_first_and_gets_selectors_of_its_own(world):
    identity = await verified(world)
    rotations, account = world.services.rotations, world.one.account.id
    await rotations.begin(account, DOMAIN)
    assert await rotations.begin(account, DOMAIN) is UNDER_WAY
    first = await rotations.records(identity, world.resolver)
    publish(world, first)
    taken = await rotations.look(identity, world.resolver)
    assert taken is not None
    assert taken.retired == ("sel",)
    assert await rotations.look(identity, world.resolver) is None
    await rotations.begin(account, DOMAIN)
    second = await rotations.records(identity, world.resolver)
    assert second[0].name.split(".")[0] == first[0].name.split(".")[0] + "-2"
    assert await signing(world) == [first[0].name.split(".")[0]]


async def test_new_keys_can_be_given_up_and_nothing_has_changed(world):
    await verified(world)
    rotations, account = world.services.rotations, world.one.account.id
    assert await rotations.give_up(account, DOMAIN) is NONE_UNDER_WAY
    await rotations.begin(account, DOMAIN)
    given_up = await rotations.give_up(account, DOMAIN)
    assert not isinstance(given_up, Refusal)
    assert await rotations.records(given_up, world.resolver) == ()
    world.clock.advance(DAY)
    assert await job(world).run_due(5) == 1
    assert (await found(world)).verified
    assert await signing(world) == ["sel"]


async def test_a_change_of_option_during_a_rotation_keeps_a_published_key_signing(world):
    identity = await verified(world)
    rotations, account = world.services.rotations, world.one.account.id
    await rotations.begin(account, DOMAIN)
    publish(world, await rotations.records(identity, world.resolver))
    await world.services.identities.change_dkim_option(account, DOMAIN, DkimOption.BOTH)
    assert await signing(world) == ["sel"]
    await rotations.look(identity, world.resolver)
    assert len(await world.services.identities.published_keys(await found(world))) == 2
    long = (await world.services.identities.published_keys(await found(world)))[1]
    assert long.selector == "sel2048"


async def test_only_the_owner_of_a_verified_domain_rotates_its_keys(world):
    await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
    rotations = world.services.rotations
    for account in (world.one.account.id, world.two.account.id):
        refused = await rotations.begin(account, DOMAIN)
        assert isinstance(refused, Refusal)
    assert isinstance(await rotations.give_up(world.two.account.id, DOMAIN), Refusal)


async def test_an_operator_rotates_by_command(tayori, database, tmp_path):
    refused = await asyncio.to_thread(tayori.complaint, "dns", "rotate", DOMAIN)
    assert f"No account has a sender domain {DOMAIN}." in refused
    made = await asyncio.to_thread(tayori.json, "account", "create", "Shop")
    account = (made[0] if isinstance(made, list) else made)["account_id"]
    identities = Identities(
        store=IdentityStore(database, SecretBox(load_key(tmp_path / "secret.key"))),
        clock=SystemClock(),
        domains=Domains(),
        policy=Policy(),
    )
    new = await identities.create(account, DOMAIN)
    pending = await asyncio.to_thread(tayori.complaint, "dns", "rotate", DOMAIN)
    assert "once the domain is verified" in pending
    right = DnsRecord(
        group=RecordGroup.MX, type="MX", name=DOMAIN, expected="m", state=RecordState.OK
    )
    await identities.record_check(new, [right])
    async with DnsServer() as dns:
        tayori.settings["TAYORI_DNS_SERVERS"] = f"127.0.0.1:{dns.port}"
        (record,) = await asyncio.to_thread(tayori.json, "dns", "rotate", DOMAIN)
        assert (record["group"], record["status"]) == ("DKIM", "wrong")
        assert record["name"].endswith(f"._domainkey.{DOMAIN}")
        assert record["value"].startswith("v=DKIM1;")
        left = await asyncio.to_thread(tayori.json, "dns", "rotate", DOMAIN, "--give-up")
    assert left == []
