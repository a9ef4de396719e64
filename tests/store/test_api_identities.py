import base64

import pytest
from sqlalchemy import delete, update
from structlog.testing import capture_logs
from tests.support.api_world import DOMAINS, World, api_world

from tayori.config.tree import Policy
from tayori.db.statement import Statement
from tayori.db.tables.tenants import account, dkim_key, identity
from tayori.runtime.clock import DAY, MINUTE, SECOND
from tayori.sandbox.dns_server import Failure
from tayori.tenants.limit_store import LimitStore
from tayori.tenants.limits import AccountLimits
from tayori.tenants.rechecks import Rechecks

DOMAIN = "mail.example.test"


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


async def shown(world: World, domain: str = DOMAIN):
    return await world.one.call("GetEmailIdentity", EmailIdentity=domain)


def rechecks(world: World) -> Rechecks:
    return looking(world, world.resolver)


def looking(world: World, lookups, broken=None) -> Rechecks:
    return Rechecks(
        identities=world.services.identities,
        rotations=world.services.rotations,
        lookups=lookups,
        domains=DOMAINS,
        broken=broken,
    )


async def test_a_new_domain_says_what_to_publish_and_is_verified_by_real_look_ups(world):
    made = await world.one.call("CreateEmailIdentity", EmailIdentity="Mail.Example.TEST")
    assert (made["IdentityType"], made["VerifiedForSendingStatus"]) == ("DOMAIN", False)
    assert made["DKIMOption"] == 0
    assert [(r["Type"], r["SendDomain"]) for r in made["Attributes"]] == [
        ("TXT", "sel._domainkey.mail.example.test"),
        ("MX", "mail.example.test"),
        ("TXT", "mail.example.test"),
        ("TXT", "_dmarc.mail.example.test"),
    ]
    values = [record["ExpectedValue"] for record in made["Attributes"]]
    assert values[0].startswith("v=DKIM1; k=rsa; p=")
    assert values[1:] == [
        "mx.ours.test.",
        "v=spf1 include:spf.ours.test ~all",
        "v=DMARC1; p=none",
    ]
    assert {(r["CurrentValue"], r["Status"]) for r in made["Attributes"]} == {("", False)}

    world.publish(made["Attributes"][:3])
    half = await world.one.call("UpdateEmailIdentity", EmailIdentity=DOMAIN)
    assert half["VerifiedForSendingStatus"] is False
    assert [r["Status"] for r in half["Attributes"]] == [True, True, True, False]
    world.publish(made["Attributes"])
    whole = await world.one.call("UpdateEmailIdentity", EmailIdentity=DOMAIN, NewAPI=True)
    assert whole["VerifiedForSendingStatus"] is True
    assert [r["CurrentValue"] for r in whole["Attributes"]] == values
    assert (await shown(world))["Attributes"] == whole["Attributes"]


@pytest.mark.parametrize(
    ("option", "selectors"), [(0, ["sel"]), (1, ["sel2048"]), (2, ["sel", "sel2048"])]
)
async def test_the_option_chooses_the_dkim_records(world, option, selectors):
    made = await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN, DKIMOption=option)
    names = [
        r["SendDomain"].partition(".")[0] for r in made["Attributes"] if "p=" in r["ExpectedValue"]
    ]
    assert names == [*selectors, "_dmarc"]
    assert made["DKIMOption"] == option
    for record in made["Attributes"][: len(selectors)]:
        assert base64.b64decode(record["ExpectedValue"].partition("p=")[2])


async def test_another_option_needs_its_records_and_keeps_the_standing_until_they_are_looked_up(
    world,
):
    await world.verified(world.one, DOMAIN)
    changed = await world.one.call("UpdateEmailIdentity", EmailIdentity=DOMAIN, DKIMOption=2)
    assert changed["DKIMOption"] == 2
    assert changed["VerifiedForSendingStatus"] is False
    assert [r["Status"] for r in changed["Attributes"]] == [True, False, True, True, True]
    world.publish(changed["Attributes"])
    again = await world.one.call("UpdateEmailIdentity", EmailIdentity=DOMAIN)
    assert (again["DKIMOption"], again["VerifiedForSendingStatus"]) == (2, True)


async def test_the_list_with_tags_and_pages(world):
    for number in range(3):
        await world.one.call(
            "CreateEmailIdentity",
            EmailIdentity=f"d{number}.example.test",
            TagList=[{"TagKey": "部门", "TagValue": f"{number % 2}"}],
        )
    found = await world.one.call("ListEmailIdentities")
    assert (found["Total"], found["MaxReputationLevel"], found["MaxDailyQuota"]) == (
        3,
        20,
        1_000_000,
    )
    assert found["EmailIdentities"][0] == {
        "IdentityName": "d2.example.test",
        "IdentityType": "DOMAIN",
        "SendingEnabled": False,
        "CurrentReputationLevel": 1,
        "DailyQuota": 500,
        "SendIp": [],
        "TagList": [{"TagKey": "部门", "TagValue": "0"}],
        "DKIMOption": 0,
    }
    page = await world.one.call("ListEmailIdentities", Limit=1, Offset=1)
    assert [i["IdentityName"] for i in page["EmailIdentities"]] == ["d1.example.test"]
    assert page["Total"] == 3
    tagged = await world.one.call(
        "ListEmailIdentities", TagList=[{"TagKey": "部门", "TagValue": "1"}]
    )
    assert [i["IdentityName"] for i in tagged["EmailIdentities"]] == ["d1.example.test"]
    assert (await shown(world, "d1.example.test"))["TagList"] == [
        {"TagKey": "部门", "TagValue": "1"}
    ]
    assert (
        await world.one.refused("ListEmailIdentities", Limit=101) == "FailedOperation.InvalidLimit"
    )


async def test_without_levels_there_is_no_quota_to_show(database):
    async with api_world(database, level_per_day=()) as world:
        await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
        found = await world.one.call("ListEmailIdentities")
        assert (found["MaxReputationLevel"], found["MaxDailyQuota"]) == (20, 0)
        assert found["EmailIdentities"][0]["DailyQuota"] == 0


async def test_the_list_shows_how_a_domain_stands_now(world):
    await world.verified(world.one, "mail.example.test")

    async def listed():
        (one,) = (await world.one.call("ListEmailIdentities"))["EmailIdentities"]
        return one["CurrentReputationLevel"], one["DailyQuota"], one["SendingEnabled"]

    async def change(table, **values):
        async with world.database.write() as transaction:
            await transaction.execute(Statement(update(table).values(values)))

    assert await listed() == (1, 500, True)
    now = world.clock.now()
    await change(identity, level=6, next_level=5, next_level_at=now + DAY)
    assert await listed() == (6, 20_000, True)
    await change(identity, next_level_at=now)
    assert await listed() == (5, 10_000, True)
    await change(identity, blocked_until=now + DAY)
    assert await listed() == (5, 10_000, False)
    await change(identity, blocked_until=None, level=0, next_level=None, next_level_at=None)
    assert await listed() == (0, 0, False)
    await change(identity, level=2)
    limits = AccountLimits(LimitStore(world.database), world.clock, Policy())
    await limits.set(world.one.account.id, "domain_per_day", 7)
    assert await listed() == (2, 7, True)
    await change(account, pool="own")
    world.clock.advance(5 * SECOND)
    (one,) = (await world.one.call("ListEmailIdentities"))["EmailIdentities"]
    assert one["SendIp"] == ["192.0.2.1", "2001:db8::1"]


@pytest.mark.parametrize(
    "domain", ["", "localhost", "a b.test", "a.test\r\nb.test", "a\0.test", "[1.2.3.4]", "x@a.test"]
)
async def test_what_is_no_domain(world, domain):
    creating = await world.one.refused("CreateEmailIdentity", EmailIdentity=domain)
    nul = "InvalidParameterValue" if "\0" in domain else ""
    assert creating == (nul or "InvalidParameterValue.InvalidEmailIdentity")
    for action in ("GetEmailIdentity", "UpdateEmailIdentity", "DeleteEmailIdentity"):
        code = await world.one.refused(action, EmailIdentity=domain)
        assert code == (nul or "InvalidParameterValue.NotExistDomain")


async def test_wrong_options_and_tags(world):
    for parameters in (
        {"DKIMOption": 3},
        {"TagList": [{"TagKey": "", "TagValue": "v"}]},
        {"TagList": [{"TagKey": "k\r\n", "TagValue": "v"}]},
        {"TagList": [{"TagKey": "k", "TagValue": "v\nw"}]},
    ):
        code = await world.one.refused("CreateEmailIdentity", EmailIdentity=DOMAIN, **parameters)
        assert code == "InvalidParameterValue"
    assert await world.one.refused("CreateEmailIdentity") == "MissingParameter"


async def test_a_domain_belongs_to_one_account(world):
    await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
    again = await world.one.refused("CreateEmailIdentity", EmailIdentity=DOMAIN)
    assert again == "InvalidParameterValue.RepeatCreation"
    other = await world.two.refused("CreateEmailIdentity", EmailIdentity=DOMAIN)
    assert other == "InvalidParameterValue.CreatedByOther"
    for action in ("GetEmailIdentity", "UpdateEmailIdentity", "DeleteEmailIdentity"):
        code = await world.two.refused(action, EmailIdentity=DOMAIN)
        assert code == "InvalidParameterValue.NotExistDomain"
    assert (await world.two.call("ListEmailIdentities"))["Total"] == 0


async def test_the_number_of_domains_is_limited(database):
    async with api_world(database, max_domains=1) as world:
        await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
        code = await world.one.refused("CreateEmailIdentity", EmailIdentity="b.example.test")
        assert code == "OperationDenied.ExceedDomainLimit"


async def test_deletion_waits_for_senders_and_mail(world):
    template = await world.ready(world.one)
    code = await world.one.refused("DeleteEmailIdentity", EmailIdentity=DOMAIN)
    assert code == "OperationDenied.SenderWithDomainIsNotEmpty"
    await world.one.call(
        "SendEmail",
        FromEmailAddress=f"news@{DOMAIN}",
        Subject="Hi",
        Destination=["a@x.test"],
        Template={"TemplateID": template, "TemplateData": '{"name":"A"}'},
    )
    await world.one.call("DeleteEmailAddress", EmailAddress=f"news@{DOMAIN}")
    code = await world.one.refused("DeleteEmailIdentity", EmailIdentity=DOMAIN)
    assert code == "OperationDenied.NotAllowDelete"
    await world.one.call("CreateEmailIdentity", EmailIdentity="b.example.test")
    assert await world.one.call("DeleteEmailIdentity", EmailIdentity="b.example.test") == {}
    code = await world.one.refused("GetEmailIdentity", EmailIdentity="b.example.test")
    assert code == "InvalidParameterValue.NotExistDomain"


async def test_a_domain_without_its_key_asks_for_one(world):
    await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
    async with world.database.write() as transaction:
        await transaction.execute(Statement(delete(dkim_key)))
    code = await world.one.refused("UpdateEmailIdentity", EmailIdentity=DOMAIN)
    assert code == "FailedOperation.DKIMNotApplied"


def break_dns(world: World) -> None:
    for name in (DOMAIN, f"_dmarc.{DOMAIN}", f"sel._domainkey.{DOMAIN}"):
        world.dns.fail(name, Failure.SERVFAIL)


async def test_a_dns_that_does_not_answer_changes_nothing(world):
    await world.verified(world.one, DOMAIN)
    before = await shown(world)
    break_dns(world)
    code = await world.one.refused("UpdateEmailIdentity", EmailIdentity=DOMAIN)
    assert code == "FailedOperation.ServiceNotAvailable"
    world.clock.advance(DAY)
    assert await rechecks(world).run_due(10) == 1
    assert await rechecks(world).run_due(10) == 0
    world.clock.advance(-DAY)
    assert await shown(world) == before


async def test_re_checks_find_what_was_published_and_what_was_taken_away(world):
    made = await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
    await world.one.call("CreateEmailIdentity", EmailIdentity="b.example.test")
    assert await rechecks(world).run_due(10) == 0
    world.publish(made["Attributes"])
    world.clock.advance(5 * MINUTE)
    assert await rechecks(world).run_due(1) == 1
    assert await rechecks(world).run_due(10) == 1
    assert (await shown(world))["VerifiedForSendingStatus"] is True
    assert (await shown(world, "b.example.test"))["VerifiedForSendingStatus"] is False

    # A verified domain is looked at daily, and a definite no takes its standing.
    world.dns.remove(f"_dmarc.{DOMAIN}")
    identity = await world.services.identities.get(world.one.account.id, DOMAIN)
    world.clock.advance(identity.check_due_at - world.clock.now())
    told = []

    async def broken(identity):
        told.append((identity.domain, identity.verified))

    with capture_logs() as logged:
        assert await looking(world, world.resolver, broken).run_due(10) == 2
    assert told == [(DOMAIN, False)]
    found = await world.services.identities.get(world.one.account.id, DOMAIN)
    assert found.verified is False
    assert [(line["event"], line["standing"], line["wrong"]) for line in logged] == [
        ("identity_standing_changed", "broken", ["DMARC"])
    ]


async def test_one_domain_that_cannot_be_checked_does_not_stop_the_others(world):
    made = await world.one.call("CreateEmailIdentity", EmailIdentity=DOMAIN)
    world.publish(made["Attributes"])
    broken = await world.one.call("CreateEmailIdentity", EmailIdentity="b.example.test")
    assert broken
    world.clock.advance(5 * MINUTE)

    class Lookups:
        async def lookup(self, name, record_type, *, bypass_cache=False):
            if name.endswith("b.example.test"):
                raise RuntimeError("a fault")
            return await world.resolver.lookup(name, record_type, bypass_cache=bypass_cache)

    assert await looking(world, Lookups()).run_due(10) == 2
    found = await world.services.identities.get(world.one.account.id, DOMAIN)
    assert found.verified is True
