import asyncio
from functools import lru_cache

import pytest
from sqlalchemy import insert

from tayori.config.tree import Domains, Policy
from tayori.db.statement import Statement
from tayori.db.tables.catalog import sender
from tayori.db.tables.queue import message, recipient
from tayori.refusal.codes import Code
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox, SecretError
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.checks import Change
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.keys import make_key
from tayori.tenants.model import DkimOption, DnsRecord, RecordGroup, RecordState, Tag

BOX = SecretBox(b"k" * 32)
OK, WRONG, UNKNOWN = RecordState.OK, RecordState.WRONG, RecordState.UNKNOWN
DOMAINS = Domains(dkim_selector="sel")
# Real keys, made once per length: making them anew for every test would only burn time.
quick_key = lru_cache(make_key)


@pytest.fixture
def clock():
    return SettableClock()


def room(database, clock, box=BOX, **limits):
    return Identities(
        store=IdentityStore(database, box),
        clock=clock,
        domains=DOMAINS,
        policy=Policy(**limits),
        make=quick_key,
    )


@pytest.fixture
def identities(database, clock):
    return room(database, clock)


@pytest.fixture
async def accounts(database, clock):
    made = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=Policy())
    return [(await made.create(name)).account.id for name in ("one", "two")]


def records(identity, state, selectors=("sel",)):
    return [
        *(
            DnsRecord(
                group=RecordGroup.DKIM,
                type="TXT",
                name=f"{selector}._domainkey.{identity.domain}",
                expected="k",
                current="k",
                state=state,
            )
            for selector in selectors
        ),
        DnsRecord(group=RecordGroup.MX, type="MX", name=identity.domain, expected="m", state=state),
    ]


async def test_a_new_identity_is_pending_and_has_its_keys(identities, accounts, clock):
    tags = (Tag("team", "shop"),)
    made = await identities.create(accounts[0], "Mail.Example.ORG", 2, tags)
    assert made.domain == "mail.example.org"
    assert (made.verified, made.level, made.tags, made.records) == (False, 1, tags, ())
    assert made.check_due_at == clock.now() + 300_000
    keys = await identities.published_keys(made)
    assert [(key.selector, key.bits) for key in keys] == [("sel", 1024), ("sel2048", 2048)]
    assert keys[0].private_pem == quick_key(1024, "sel").private_pem
    assert "PRIVATE" not in repr(keys)
    assert await identities.signing_keys(made.id) == keys
    assert await identities.get(accounts[0], "mail.example.org.".rstrip(".")) == made


@pytest.mark.parametrize(
    ("option", "selectors"), [(0, ["sel"]), (1, ["sel2048"]), (2, ["sel", "sel2048"])]
)
async def test_the_option_chooses_the_keys(identities, accounts, option, selectors):
    made = await identities.create(accounts[0], "example.org", option)
    assert [key.selector for key in await identities.published_keys(made)] == selectors


async def test_international_domains_are_kept_as_a_labels(identities, accounts):
    made = await identities.create(accounts[0], "Bücher.example")
    assert made.domain == "xn--bcher-kva.example"
    assert await identities.get(accounts[0], "bücher.example") == made


@pytest.mark.parametrize(
    "domain", ["", "localhost", "a b.example", "-a.example", "1.2.3.4", "[1.2.3.4]", "a\n.example"]
)
async def test_what_is_no_domain_is_refused(identities, accounts, domain):
    refused = await identities.create(accounts[0], domain)
    assert refused.code is Code.INVALID_PARAMETER_VALUE__INVALID_EMAIL_IDENTITY
    refused = await identities.get(accounts[0], domain)
    assert refused.code is Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN
    refused = await identities.delete(accounts[0], domain)
    assert refused.code is Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN


@pytest.mark.parametrize(
    ("option", "tags", "parameter"),
    [
        (3, (), "DKIMOption"),
        (-1, (), "DKIMOption"),
        (0, (Tag("", "x"),), "TagList"),
        (0, (Tag("k", "a"), Tag("k", "b")), "TagList"),
        (0, (Tag("k", "x" * 256),), "TagList"),
        (0, (Tag("k\x00", ""),), "TagList"),
    ],
)
async def test_a_bad_option_or_tag_is_refused(identities, accounts, option, tags, parameter):
    refused = await identities.create(accounts[0], "example.org", option, tags)
    assert refused.code is Code.INVALID_PARAMETER_VALUE
    assert refused.fields == {"parameter": parameter}


async def test_a_domain_belongs_to_one_account(identities, accounts):
    one, two = accounts
    await identities.create(one, "example.org")
    again = await identities.create(one, "EXAMPLE.org")
    assert again.code is Code.INVALID_PARAMETER_VALUE__REPEAT_CREATION
    other = await identities.create(two, "example.org")
    assert other.code is Code.INVALID_PARAMETER_VALUE__CREATED_BY_OTHER
    assert (await identities.create(two, "sub.example.org")).account_id == two


async def test_two_accounts_never_see_each_others_domains(identities, accounts):
    one, two = accounts
    made = await identities.create(one, "example.org")
    absent = Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN
    assert (await identities.get(two, "example.org")).code is absent
    assert (await identities.change_dkim_option(two, "example.org", 2)).code is absent
    assert (await identities.delete(two, "example.org")).code is absent
    assert (await identities.list(two)).total == 0
    assert await identities.get(one, "example.org") == made


async def test_the_number_of_domains_is_limited_exactly(database, accounts, clock):
    limited = room(database, clock, max_domains=3)
    answers = await asyncio.gather(
        *(limited.create(accounts[0], f"d{n}.example") for n in range(6))
    )
    codes = [getattr(answer, "code", None) for answer in answers]
    assert codes.count(None) == 3
    assert codes.count(Code.OPERATION_DENIED__EXCEED_DOMAIN_LIMIT) == 3
    assert (await limited.create(accounts[1], "d9.example")).domain == "d9.example"
    refused = await limited.create(accounts[0], "d7.example")
    assert refused.code is Code.OPERATION_DENIED__EXCEED_DOMAIN_LIMIT
    unlimited = room(database, clock, max_domains=0)
    assert (await unlimited.create(accounts[0], "d8.example")).domain == "d8.example"


async def test_of_two_that_create_one_domain_at_once_one_wins(identities, accounts):
    answers = await asyncio.gather(
        *(identities.create(account, "example.org") for account in accounts)
    )
    codes = [getattr(answer, "code", None) for answer in answers]
    assert sorted(map(str, codes)) == ["InvalidParameterValue.CreatedByOther", "None"]


async def test_lists_filter_by_tags_and_come_in_pages(identities, accounts):
    a, b = Tag("a", "1"), Tag("b", "2")
    for name, tags in (("x", (a,)), ("y", (a, b)), ("z", ())):
        await identities.create(accounts[0], f"{name}.example", 0, tags)
    page = await identities.list(accounts[0], offset=1, limit=1)
    assert ([i.domain for i in page.identities], page.total) == (["y.example"], 3)
    page = await identities.list(accounts[0], [a])
    assert [i.domain for i in page.identities] == ["y.example", "x.example"]
    assert (await identities.list(accounts[0], [b, a])).total == 1
    assert (await identities.list(accounts[0], offset=9)).identities == ()


async def test_tags_are_changed_as_a_whole(identities, accounts):
    await identities.create(accounts[0], "example.org", 0, (Tag("team", "shop"),))
    new = (Tag("team", "news"), Tag("env", "live"))
    changed = await identities.change_tags(accounts[0], "Example.org", new)
    assert changed.tags == new
    assert (await identities.get(accounts[0], "example.org")).tags == new
    twice = await identities.change_tags(accounts[0], "example.org", (Tag("a", "1"), Tag("a", "2")))
    assert twice.code is Code.INVALID_PARAMETER_VALUE
    other = await identities.change_tags(accounts[1], "example.org", ())
    assert other.code is Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN
    assert (await identities.get(accounts[0], "example.org")).tags == new


async def test_a_change_of_option_adds_keys_and_keeps_the_old(identities, accounts):
    made = await identities.create(accounts[0], "example.org", 0)
    verified, _ = await identities.record_check(made, records(made, OK))
    assert await identities.change_dkim_option(accounts[0], "example.org", 0) == verified
    changed = await identities.change_dkim_option(accounts[0], "example.org", 1)
    assert (changed.dkim_option, changed.verified) == (DkimOption.RSA_2048, True)
    assert [k.selector for k in await identities.published_keys(changed)] == ["sel2048"]
    assert [k.selector for k in await identities.signing_keys(made.id)] == ["sel"]
    await identities.record_check(changed, records(changed, OK, ["sel2048"]))
    assert [k.selector for k in await identities.signing_keys(made.id)] == ["sel2048"]
    back = await identities.change_dkim_option(accounts[0], "example.org", 2)
    assert [k.selector for k in await identities.published_keys(back)] == ["sel", "sel2048"]
    refused = await identities.change_dkim_option(accounts[0], "example.org", 7)
    assert refused.code is Code.INVALID_PARAMETER_VALUE


async def test_checks_are_recorded_and_a_stale_one_changes_nothing(identities, accounts, clock):
    made = await identities.create(accounts[0], "example.org")
    after, change = await identities.record_check(made, records(made, OK))
    assert change is Change.VERIFIED
    assert await identities.get(accounts[0], "example.org") == after
    assert after.records == tuple(records(made, OK))
    clock.advance(1_000)
    now, change = await identities.record_check(made, records(made, WRONG))
    assert (now, change) == (after, Change.NONE)
    same, change = await identities.record_check(after, records(made, UNKNOWN))
    assert (same.verified, change) == (True, Change.NONE)
    clock.advance(1_000)
    broken, change = await identities.record_check(same, records(made, WRONG))
    assert (broken.verified, change) == (False, Change.BROKEN)


async def test_a_check_that_began_before_a_change_of_option_is_dropped(identities, accounts):
    made = await identities.create(accounts[0], "example.org")
    changed = await identities.change_dkim_option(accounts[0], "example.org", 2)
    assert await identities.record_check(made, records(made, OK)) == (changed, Change.NONE)


async def test_due_checks_are_claimed_by_one_and_return_if_it_dies(identities, accounts, clock):
    made = [await identities.create(accounts[0], f"d{n}.example") for n in range(5)]
    assert await identities.claim_due(10) == []
    clock.advance(300_000)
    claims = await asyncio.gather(*(identities.claim_due(2) for _ in range(4)))
    taken = [identity.domain for claim in claims for identity in claim]
    assert len(taken) == len(set(taken))
    taken += [identity.domain for identity in await identities.claim_due(10)]
    assert sorted(taken) == [identity.domain for identity in made]
    await identities.record_check(made[0], records(made[0], OK))
    clock.advance(300_000)
    assert len(await identities.claim_due(10)) == 4


async def put_sender(database, identity):
    values = {
        "account_id": identity.account_id,
        "identity_id": identity.id,
        "address": f"a@{identity.domain}",
        "display_name": "",
        "created_at": 1,
    }
    async with database.write() as transaction:
        await transaction.execute(Statement(insert(sender).values(values)))


async def put_mail(database, identity, due_at):
    number = 7 if due_at else 8
    mail = {
        column.name: number if column.type.python_type is int else "x"
        for column in message.columns
        if column.name != "trigger"
    } | {"trigger": False, "identity_id": identity.id, "public_id": str(number)}
    receiver = {
        column.name: number if column.type.python_type is int else "x"
        for column in recipient.columns
    } | {"message_id": number, "due_at": due_at}
    async with database.write() as transaction:
        await transaction.execute(Statement(insert(message).values(mail)))
        await transaction.execute(
            Statement(
                insert(recipient).values({k: v for k, v in receiver.items() if v is not None})
            )
        )


async def test_a_domain_with_senders_is_not_deleted(database, identities, accounts):
    made = await identities.create(accounts[0], "example.org")
    await put_sender(database, made)
    refused = await identities.delete(accounts[0], "example.org")
    assert refused.code is Code.OPERATION_DENIED__SENDER_WITH_DOMAIN_IS_NOT_EMPTY


async def test_a_domain_whose_mail_is_on_its_way_is_not_deleted(database, identities, accounts):
    made = await identities.create(accounts[0], "example.org")
    await put_mail(database, made, due_at=5)
    refused = await identities.delete(accounts[0], "example.org")
    assert refused.code is Code.OPERATION_DENIED__NOT_ALLOW_DELETE
    assert await identities.signing_keys(made.id)


async def test_a_domain_is_deleted_with_its_keys_and_may_come_again(database, identities, accounts):
    made = await identities.create(accounts[0], "example.org")
    await identities.record_check(made, records(made, OK))
    await put_mail(database, made, due_at=None)
    assert await identities.signing_keys(made.id)
    assert await identities.delete(accounts[0], "example.org") is None
    assert await identities.signing_keys(made.id) == ()
    assert (await identities.list(accounts[0])).total == 0
    refused = await identities.delete(accounts[0], "example.org")
    assert refused.code is Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN
    again = await identities.create(accounts[1], "example.org")
    assert (again.account_id, again.verified) == (accounts[1], False)


async def test_private_keys_are_sealed(database, identities, accounts, clock):
    made = await identities.create(accounts[0], "example.org")
    with pytest.raises(SecretError):
        await room(database, clock, SecretBox(b"x" * 32)).signing_keys(made.id)
