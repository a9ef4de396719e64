import pytest
from tests.store.test_catalog import BOX, quick_key, verified

from tayori.catalog.sender_store import SenderStore
from tayori.catalog.senders import Senders
from tayori.catalog.smtp_password import password_fault
from tayori.config.tree import Domains, Policy
from tayori.refusal.codes import Code
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore

GOOD = "abCD12wxyz"
BAD = Code.INVALID_PARAMETER_VALUE__INVALID_SMTP_PASS_WORD
NOBODY = Code.INVALID_PARAMETER_VALUE__NO_SUCH_SENDER


@pytest.mark.parametrize(
    "password",
    ["abCD12xyz", "abCD12" + "x" * 15, "abCD11wxyz", "aaCD12aaaa", "abCC12wxyz", "abCD1２wxyz", ""],
)
def test_a_weak_password_is_refused_with_a_sentence(password):
    assert password_fault(password).english.endswith(".")


async def test_a_password_is_set_once_and_only_by_the_owner(database):
    clock, policy = SettableClock(), Policy()
    tenants = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=policy)
    one, other = [(await tenants.create(name)).account.id for name in ("one", "two")]
    identities = Identities(
        store=IdentityStore(database, BOX),
        clock=clock,
        domains=Domains(),
        policy=policy,
        make=quick_key,
    )
    senders = Senders(store=SenderStore(database), clock=clock, policy=policy)
    await verified(identities, one, "example.org")
    await senders.create(one, "news@example.org")
    assert (await senders.set_smtp_password(one, "news@example.org", "weak")).code == BAD
    assert (await senders.set_smtp_password(other, "news@example.org", GOOD)).code == NOBODY
    assert (await senders.set_smtp_password(one, "nobody@example.org", GOOD)).code == NOBODY
    assert not (await senders.for_login("news@example.org")).has_smtp_password
    assert await senders.set_smtp_password(one, "News@example.org", GOOD) is None
    again = await senders.set_smtp_password(one, "news@example.org", GOOD)
    assert again.code == Code.OPERATION_DENIED__REPEAT_PASS_WORD
    assert await senders.set_smtp_password(one, "news@example.org", GOOD + "2") is None
    found = await senders.for_login("NEWS@example.org")
    assert (found.account_id, found.has_smtp_password) == (one, True)
    assert GOOD not in (found.smtp_password_hash or "")
    assert await senders.for_login("not an address") is None
