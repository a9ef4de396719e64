import asyncio
import random

import pytest

from tayori.config.tree import Policy
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox, SecretError
from tayori.tenants.account_store import AccountStore, Sought
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Permission, Scope


@pytest.fixture
def clock():
    return SettableClock()


def room(database, clock, key=b"k" * 32, seed=1, policy=None):
    store = AccountStore(database, SecretBox(key))
    ids = Ids(random.Random(seed))
    return Accounts(store=store, clock=clock, ids=ids, policy=policy or Policy())


@pytest.fixture
def accounts(database, clock):
    return room(database, clock)


async def test_a_new_account_has_an_app_id_ordinary_permissions_and_a_key(accounts, clock):
    made = await accounts.create("acme")
    assert made.account.app_id == 1_300_000_000 + made.account.id
    assert made.account.permissions == {Permission.SMTP_CONTENT, Permission.ATTACHMENTS}
    assert made.credential.scope is Scope.FULL
    assert made.credential.secret_id.startswith("AKID")
    assert len(made.credential.secret_id) == 36
    assert made.credential.secret.decode() not in repr(made)
    assert await accounts.by_secret_id(made.credential.secret_id) == made
    assert await accounts.list() == [made.account]
    assert await accounts.find("acme") == made.account
    assert await accounts.find(str(made.account.id)) == made.account
    assert made.account.created_at == clock.now()


async def test_policy_decides_what_a_new_account_may(database, clock):
    policy = Policy(api_simple=True, smtp_content=False)
    made = await room(database, clock, policy=policy).create("acme")
    assert made.account.permissions == {Permission.API_SIMPLE, Permission.ATTACHMENTS}


async def test_accounts_are_searched_and_read_in_parts(accounts):
    made = [
        (await accounts.create(name)).account for name in ("Acme", "Acme_2 x", "便り", "Borealis")
    ]
    await accounts.suspend(made[0].id, "Spam.")

    async def names(most=10, **sought):
        return [one.name for one in await accounts.page(Sought(**sought), most)]

    assert await names() == ["Borealis", "便り", "Acme_2 x", "Acme"]
    assert await names(most=2) == ["Borealis", "便り"]
    assert await names(before=made[2].id) == ["Acme_2 x", "Acme"]
    assert await names(text="acME") == ["Acme_2 x", "Acme"]
    assert await names(text="_m") == []
    assert await names(text="E_2") == ["Acme_2 x"]
    assert await names(text="便") == ["便り"]
    assert await names(text=str(made[3].app_id)) == ["Borealis"]
    assert await names(text=f" {made[2].id} ") == ["便り"]
    assert await names(suspended=True) == ["Acme"]
    assert await names(suspended=False, text="acme") == ["Acme_2 x"]
    found = await accounts.page(Sought(text="便"), 1)
    assert found == [made[2]]
    assert await accounts.names([made[2].id, made[2].id, 99]) == {made[2].id: "便り"}


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "a  b", "x" * 65, "-a", "a\n"])
async def test_a_bad_name_is_refused(accounts, name):
    assert (await accounts.create(name)).code is Code.INVALID_PARAMETER_VALUE
    assert await accounts.list() == []


@pytest.mark.parametrize("name", ["a", "Müller & Co.", "便り", "x" * 64])
async def test_a_name_may_be_of_any_script(accounts, name):
    assert (await accounts.create(name)).account.name == name


async def test_a_name_is_given_once(accounts):
    await accounts.create("acme")
    assert (await accounts.create("acme")).code is Code.RESOURCE_IN_USE
    assert len(await accounts.list()) == 1


async def test_accounts_made_at_once_get_their_own_numbers(accounts):
    made = await asyncio.gather(*(accounts.create(f"a{n}") for n in range(8)))
    assert len({access.account.app_id for access in made}) == 8


async def test_suspension_is_seen_at_once_here_and_within_five_seconds_elsewhere(
    database, accounts, clock
):
    other = room(database, clock, seed=2)
    made = await accounts.create("acme")
    secret_id = made.credential.secret_id
    for process in (accounts, other):
        assert not (await process.by_secret_id(secret_id)).account.suspended
    suspended = await accounts.suspend(made.account.id, " spam ")
    assert suspended.suspended
    assert suspended.suspended_reason.english == "spam"
    assert (await accounts.by_secret_id(secret_id)).account == suspended
    clock.advance(4_999)
    assert not (await other.by_secret_id(secret_id)).account.suspended
    clock.advance(1)
    assert (await other.by_secret_id(secret_id)).account.suspended
    resumed = await other.resume(made.account.id)
    assert not resumed.suspended
    assert not resumed.suspended_reason


async def test_a_suspension_needs_a_reason(accounts):
    made = await accounts.create("acme")
    refused = await accounts.suspend(made.account.id, "  ")
    assert refused.code is Code.INVALID_PARAMETER_VALUE
    assert not (await accounts.get(made.account.id)).suspended


async def test_permissions_are_granted_and_revoked_for_one_account_only(accounts):
    one, two = await accounts.create("one"), await accounts.create("two")
    for _ in range(2):
        granted = await accounts.grant(one.account.id, Permission.API_SIMPLE)
        assert granted.may(Permission.API_SIMPLE)
    assert not (await accounts.get(two.account.id)).may(Permission.API_SIMPLE)
    revoked = await accounts.revoke(one.account.id, Permission.SMTP_CONTENT)
    assert revoked.permissions == {Permission.API_SIMPLE, Permission.ATTACHMENTS}
    assert (await accounts.get(two.account.id)).may(Permission.SMTP_CONTENT)


async def test_what_does_not_exist_is_refused(accounts):
    answers = [
        await accounts.get(7),
        await accounts.find("nobody"),
        await accounts.suspend(7, "x"),
        await accounts.resume(7),
        await accounts.grant(7, Permission.API_SIMPLE),
        await accounts.revoke(7, Permission.API_SIMPLE),
        await accounts.create_credential(7),
        await accounts.revoke_credential(7, "AKIDx"),
    ]
    assert {answer.code for answer in answers} == {Code.RESOURCE_NOT_FOUND}
    assert await accounts.by_secret_id("AKIDx") is None


async def test_credentials_have_a_scope_and_networks(accounts):
    made = await accounts.create("acme")
    limited = await accounts.create_credential(
        made.account.id, scope=Scope.SEND, networks=["10.0.0.7/8", "2001:db8::1"]
    )
    assert limited.networks == ("10.0.0.0/8", "2001:db8::1/128")
    found = (await accounts.by_secret_id(limited.secret_id)).credential
    assert found == limited
    assert found.allows_address("10.9.9.9")
    assert found.allows_address("::ffff:10.9.9.9")
    assert not found.allows_address("11.0.0.1")
    assert not found.allows_address("nonsense")
    assert made.credential.allows_address("203.0.113.9")
    assert await accounts.credentials(made.account.id) == [made.credential, limited]


@pytest.mark.parametrize("networks", [["nonsense"], ["10.0.0.0/40"], ["10.0.0.1"] * 101])
async def test_bad_networks_are_refused(accounts, networks):
    made = await accounts.create("acme")
    refused = await accounts.create_credential(made.account.id, networks=networks)
    assert isinstance(refused, Refusal)
    assert refused.fields == {"parameter": "Networks"}


async def test_a_revoked_credential_is_unknown_and_only_its_owner_revokes_it(accounts):
    one, two = await accounts.create("one"), await accounts.create("two")
    secret_id = one.credential.secret_id
    await accounts.by_secret_id(secret_id)
    refused = await accounts.revoke_credential(two.account.id, secret_id)
    assert refused.code is Code.RESOURCE_NOT_FOUND
    assert await accounts.by_secret_id(secret_id) == one
    assert await accounts.revoke_credential(one.account.id, secret_id) is None
    assert await accounts.by_secret_id(secret_id) is None
    assert (await accounts.credentials(one.account.id))[0].revoked_at is not None
    assert (await accounts.credentials(two.account.id)) == [two.credential]


async def test_a_secret_does_not_open_with_another_key_file(database, accounts, clock):
    made = await accounts.create("acme")
    with pytest.raises(SecretError):
        await room(database, clock, key=b"x" * 32).by_secret_id(made.credential.secret_id)
