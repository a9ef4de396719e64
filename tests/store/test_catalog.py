import asyncio
from functools import lru_cache

import pytest
from tests.support.review import first_reviewer

from tayori.catalog.directory import CatalogDirectory
from tayori.catalog.model import TemplateContent, TemplateStatus
from tayori.catalog.sender_store import SenderStore
from tayori.catalog.senders import Senders
from tayori.catalog.template_store import TemplateStore
from tayori.catalog.templates import Templates
from tayori.config.screening import Review
from tayori.config.tree import Domains, Policy
from tayori.refusal.codes import Code
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.keys import make_key
from tayori.tenants.model import DnsRecord, RecordGroup, RecordState

BOX = SecretBox(b"k" * 32)
HELLO = TemplateContent(html="<p>Hello {{name}}</p>", text="")
OTHER = TemplateContent(html="", text="便り {{name}}")
NOT_EXIST = Code.INVALID_PARAMETER_VALUE__TEMPLATE_NOT_EXIST
quick_key = lru_cache(make_key)


@pytest.fixture
def clock():
    return SettableClock()


@pytest.fixture
def identities(database, clock):
    store = IdentityStore(database, BOX)
    return Identities(store=store, clock=clock, domains=Domains(), policy=Policy(), make=quick_key)


@pytest.fixture
async def accounts(database, clock):
    made = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=Policy())
    return [(await made.create(name)).account.id for name in ("one", "two")]


@pytest.fixture
def senders(database, clock):
    return Senders(store=SenderStore(database), clock=clock, policy=Policy())


def templates_with(database, clock, mode="auto", **limits):
    return Templates(
        store=TemplateStore(database),
        clock=clock,
        review=first_reviewer(Review(mode=mode), clock),
        policy=Policy(**limits),
    )


@pytest.fixture
def templates(database, clock):
    return templates_with(database, clock)


async def verified(identities, account_id, domain):
    made = await identities.create(account_id, domain)
    record = DnsRecord(
        group=RecordGroup.MX, type="MX", name=domain, expected="m", state=RecordState.OK
    )
    return (await identities.record_check(made, [record]))[0]


async def test_a_sender_is_made_listed_found_and_deleted(identities, senders, accounts, clock):
    one = accounts[0]
    domain = await verified(identities, one, "example.org")
    made = await senders.create(one, "News@Example.org", ' Acme, "Inc." 便り ')
    assert made.address.addr == "news@example.org"
    assert made.display_name == 'Acme, "Inc." 便り'
    assert (made.identity_id, made.created_at, made.has_smtp_password) == (
        domain.id,
        clock.now(),
        False,
    )
    second = await senders.create(one, "b@example.org")
    assert await senders.list(one) == [second, made]
    assert await senders.find(one, "NEWS@example.ORG") == made
    assert await senders.find(one, "nobody@example.org") is None
    assert await senders.find(one, "nonsense") is None
    assert await senders.delete(one, "NEWS@example.org") is None
    assert await senders.find(one, "news@example.org") is None
    refused = await senders.delete(one, "news@example.org")
    assert refused.code is Code.INVALID_PARAMETER_VALUE__NO_SUCH_SENDER


async def test_two_accounts_never_see_each_others_senders(identities, senders, accounts):
    one, two = accounts
    await verified(identities, one, "example.org")
    made = await senders.create(one, "a@example.org")
    assert await senders.list(two) == []
    assert await senders.find(two, "a@example.org") is None
    refused = await senders.delete(two, "a@example.org")
    assert refused.code is Code.INVALID_PARAMETER_VALUE__NO_SUCH_SENDER
    refused = await senders.create(two, "b@example.org")
    assert refused.code is Code.OPERATION_DENIED__DOMAIN_NOT_VERIFIED
    assert await senders.list(one) == [made]


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "a@localhost", "a b@example.org", "A <a@example.org>", "é@example.org"],
)
async def test_what_is_no_sender_address_is_refused(senders, accounts, address):
    refused = await senders.create(accounts[0], address)
    assert refused.code is Code.INVALID_PARAMETER_VALUE__ILLEGAL_EMAIL_ADDRESS
    refused = await senders.delete(accounts[0], address)
    assert refused.code is Code.INVALID_PARAMETER_VALUE__NO_SUCH_SENDER


@pytest.mark.parametrize("name", ["a\r\nBcc: x@y.z", "a\x00", "x" * 257, "a\u202eb", "\ud800"])
async def test_a_bad_sender_name_is_refused(identities, senders, accounts, name):
    await verified(identities, accounts[0], "example.org")
    refused = await senders.create(accounts[0], "a@example.org", name)
    assert refused.code is Code.INVALID_PARAMETER_VALUE__ILLEGAL_SENDER_NAME
    assert await senders.list(accounts[0]) == []


async def test_a_sender_needs_a_verified_domain_and_comes_once(identities, senders, accounts):
    one = accounts[0]
    refused = await senders.create(one, "a@example.org")
    assert refused.code is Code.OPERATION_DENIED__DOMAIN_NOT_VERIFIED
    await identities.create(one, "example.org")
    refused = await senders.create(one, "a@example.org")
    assert refused.code is Code.OPERATION_DENIED__DOMAIN_NOT_VERIFIED
    await verified(identities, one, "other.org")
    await senders.create(one, "a@other.org")
    refused = await senders.create(one, "A@other.org")
    assert refused.code is Code.INVALID_PARAMETER_VALUE__REPEAT_EMAIL_ADDRESS
    refused = await senders.create(one, "a@sub.other.org")
    assert refused.code is Code.OPERATION_DENIED__DOMAIN_NOT_VERIFIED
    refused = await identities.delete(one, "other.org")
    assert refused.code is Code.OPERATION_DENIED__SENDER_WITH_DOMAIN_IS_NOT_EMPTY


async def test_the_number_of_senders_of_a_domain_is_limited_exactly(
    database, identities, accounts, clock
):
    one = accounts[0]
    for domain in ("example.org", "other.org"):
        await verified(identities, one, domain)
    policy = Policy(max_senders_per_domain=2)
    limited = Senders(store=SenderStore(database), clock=clock, policy=policy)
    answers = await asyncio.gather(*(limited.create(one, f"s{n}@example.org") for n in range(5)))
    codes = [getattr(answer, "code", None) for answer in answers]
    assert codes.count(None) == 2
    assert codes.count(Code.OPERATION_DENIED__EXCEED_SENDER_LIMIT) == 3
    assert (await limited.create(one, "s@other.org")).id
    policy = Policy(max_senders_per_domain=0)
    unlimited = Senders(store=SenderStore(database), clock=clock, policy=policy)
    assert (await unlimited.create(one, "more@example.org")).id


async def test_a_template_is_made_read_edited_and_deleted(templates, accounts, clock):
    one = accounts[0]
    made = await templates.create(one, " Welcome ", HELLO)
    assert (made.name, made.version, made.status) == ("Welcome", 1, TemplateStatus.APPROVED)
    stored = await templates.get(one, made.id)
    assert (stored.template, stored.content) == (made, HELLO)
    clock.advance(1_000)
    edited = await templates.update(one, made.id, "Hi", OTHER)
    assert (edited.name, edited.version, edited.updated_at) == ("Hi", 2, clock.now())
    assert edited.created_at == made.created_at
    assert (await templates.get(one, made.id)).content == OTHER
    assert (await templates.get(one, made.id)).template == edited
    assert await templates.delete(one, made.id) is None
    assert (await templates.get(one, made.id)).code is NOT_EXIST
    assert (await templates.delete(one, made.id)).code is NOT_EXIST
    assert (await templates.update(one, made.id, "Hi", OTHER)).code is NOT_EXIST
    assert (await templates.list(one, offset=0, limit=10)).total == 0
    assert await templates.version(made.id, 1) == HELLO
    assert await templates.version(made.id, 2) == OTHER
    assert await templates.version(made.id, 3) is None


async def test_two_accounts_never_see_each_others_templates(templates, accounts):
    one, two = accounts
    made = await templates.create(one, "Welcome", HELLO)
    assert (await templates.get(two, made.id)).code is NOT_EXIST
    assert (await templates.update(two, made.id, "Mine", OTHER)).code is NOT_EXIST
    assert (await templates.delete(two, made.id)).code is NOT_EXIST
    assert (await templates.list(two, offset=0, limit=10)).total == 0
    assert await templates.find(two, made.id) is None
    assert (await templates.get(one, made.id)).template == made


@pytest.mark.parametrize("template_id", [0, -1, 2**63, 2**64])
async def test_an_impossible_template_id_does_not_exist(templates, accounts, template_id):
    one = accounts[0]
    assert (await templates.get(one, template_id)).code is NOT_EXIST
    assert (await templates.update(one, template_id, "x", HELLO)).code is NOT_EXIST
    assert (await templates.delete(one, template_id)).code is NOT_EXIST
    assert (await templates.approve(template_id)).code is NOT_EXIST
    assert await templates.find(one, template_id) is None


async def test_bad_names_and_contents_are_refused_and_change_nothing(templates, accounts):
    one = accounts[0]
    made = await templates.create(one, "Welcome", HELLO)
    illegal = Code.INVALID_PARAMETER_VALUE__TEMPLATE_NAME_ILLEGAL
    assert (await templates.create(one, " ", HELLO)).code is illegal
    assert (await templates.create(one, "a\nb", HELLO)).code is illegal
    assert (await templates.update(one, made.id, "a\nb", HELLO)).code is illegal
    refused = await templates.update(one, made.id, " ", HELLO)
    assert refused.code is Code.INVALID_PARAMETER_VALUE__TEMPLATE_NAME_IS_NULL
    contents = {
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_NULL: "",
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_WRONG: "{{open",
        Code.FAILED_OPERATION__TEMPLATE_CONTENT_TOOLARGE: "x" * 1_048_577,
    }
    for code, text in contents.items():
        bad = TemplateContent(html="", text=text)
        assert (await templates.create(one, "Bad", bad)).code is code
        assert (await templates.update(one, made.id, "Bad", bad)).code is code
    page = await templates.list(one, offset=0, limit=10)
    assert (page.templates, page.total) == ((made,), 1)


async def test_lists_come_in_pages_newest_first(templates, accounts):
    made = [await templates.create(accounts[0], f"t{n}", HELLO) for n in range(5)]
    page = await templates.list(accounts[0], offset=1, limit=2)
    assert (page.templates, page.total) == ((made[3], made[2]), 5)
    assert (await templates.list(accounts[0], offset=2**64, limit=2**64)).templates == ()


async def test_the_number_of_templates_is_limited_exactly(database, accounts, clock):
    limited = templates_with(database, clock, max_templates=2)
    one, two = accounts
    answers = await asyncio.gather(*(limited.create(one, f"t{n}", HELLO) for n in range(5)))
    codes = [getattr(answer, "code", None) for answer in answers]
    assert codes.count(None) == 2
    assert codes.count(Code.FAILED_OPERATION__EXCEED_TEMPLATE_LIMIT) == 3
    assert (await limited.create(two, "t", HELLO)).version == 1
    page = await limited.list(one, offset=0, limit=10)
    await limited.delete(one, page.templates[0].id)
    assert (await limited.create(one, "again", HELLO)).version == 1
    unlimited = templates_with(database, clock, max_templates=0)
    assert (await unlimited.create(one, "more", HELLO)).version == 1


async def test_with_manual_review_an_operator_decides_and_every_edit_waits_again(
    database, accounts, clock
):
    manual = templates_with(database, clock, "manual")
    one = accounts[0]
    made = await manual.create(one, "Welcome", HELLO)
    assert made.status is TemplateStatus.IN_REVIEW
    assert await manual.of_status(TemplateStatus.IN_REVIEW) == [made]
    refused = await manual.reject(made.id, " No real text. ")
    assert (refused.status, refused.review_reason) == (TemplateStatus.REFUSED, "No real text.")
    edited = await manual.update(one, made.id, "Welcome", OTHER)
    assert (edited.status, edited.review_reason) == (TemplateStatus.IN_REVIEW, "")
    approved = await manual.approve(made.id, version=2)
    assert (approved.status, approved.version) == (TemplateStatus.APPROVED, 2)
    assert await manual.of_status(TemplateStatus.IN_REVIEW) == []


async def test_a_verdict_needs_a_reason_and_the_version_that_was_seen(database, accounts, clock):
    manual = templates_with(database, clock, "manual")
    made = await manual.create(accounts[0], "Welcome", HELLO)
    for reason in ("", "  ", "x" * 1_001):
        answer = await manual.reject(made.id, reason)
        assert answer.code is Code.INVALID_PARAMETER_VALUE
    await manual.update(accounts[0], made.id, "Welcome", OTHER)
    stale = await manual.approve(made.id, version=1)
    assert stale.code is Code.OPERATION_DENIED__TEMPLATE_STATUS_ERROR
    found = (await manual.get(accounts[0], made.id)).template
    assert found.status is TemplateStatus.IN_REVIEW
    assert (await manual.reject(made.id + 1, "x")).code is NOT_EXIST


async def test_the_directory_answers_for_one_account_and_sees_changes_at_once(
    identities, senders, templates, accounts
):
    one, two = accounts
    directory = CatalogDirectory(senders=senders, identities=identities, templates=templates)
    domain = await verified(identities, one, "example.org")
    sender = await senders.create(one, "a@example.org")
    template = await templates.create(one, "Welcome", HELLO)
    for _ in range(2):
        assert await directory.sender(one, "A@example.org") == sender
        assert await directory.identity(one, "example.org") == domain
        assert (await directory.template(one, template.id)).template == template
    assert await directory.sender(two, "a@example.org") is None
    assert await directory.identity(two, "example.org") is None
    assert await directory.template(two, template.id) is None
    edited = await templates.update(one, template.id, "Welcome", OTHER)
    assert (await directory.template(one, template.id)).template == edited
    rejected = await templates.reject(template.id, "No.")
    assert (await directory.template(one, template.id)).template == rejected
    await templates.delete(one, template.id)
    assert await directory.template(one, template.id) is None
    await senders.delete(one, "a@example.org")
    assert await directory.sender(one, "a@example.org") is None
    await identities.delete(one, "example.org")
    assert await directory.identity(one, "example.org") is None
