"""What is added to a mail follows the nearest word: request, sender, account, installation."""

from dataclasses import replace

import pytest
from tests.store.test_door import NOW
from tests.unit.accept.test_checks import GOOD

from tayori.accept.linking import Linking, LinkPolicy
from tayori.catalog.tracking_model import Switches, TrackingSetting, host_fault, read_choice
from tayori.catalog.tracking_store import TrackingStore
from tayori.catalog.unsubscribe_store import UnsubscribeConfig, UnsubscribeStore
from tayori.compose.model import RecipeLinks
from tayori.config.tree import Policy
from tayori.edge.api.actions.languages import CHOICES, swapped
from tayori.runtime.clock import SECOND, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts

URL = "https://t.tayori.test"
SENDER = GOOD.sender.address.addr
PUBLIC = "https://ses.tayori.test"
POLICY = LinkPolicy(tracking_url=URL, public_url=PUBLIC, mx_host="mx.tayori.test")


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def store(database, clock):
    box = SecretBox(bytes(32))
    accounts = Accounts(store=AccountStore(database, box), clock=clock, ids=Ids(), policy=Policy())
    made = await accounts.create("one")
    assert made.account.id == GOOD.account.id
    return TrackingStore(database, clock)


async def plan(store, *, html=True, policy=POLICY, **changes):
    return await Linking(store, policy).plan(replace(GOOD, **changes), has_html=html)


async def test_html_is_tracked_unless_somebody_says_otherwise(store):
    assert await plan(store) == RecipeLinks(URL, opens=True, clicks=True)
    assert await plan(store, html=False) is None
    assert await plan(store, policy=LinkPolicy(public_url="http://127.0.0.1:1")) is None
    off = Switches(opens=False)
    await store.put(1, TrackingSetting(switches=off, url="https://t.shop.test"))
    assert await plan(store) == RecipeLinks("https://t.shop.test", clicks=True)
    own = TrackingSetting(sender=SENDER, switches=Switches(opens=True, clicks=False))
    await store.put(1, own)
    assert await plan(store) == RecipeLinks("https://t.shop.test", opens=True)
    assert await plan(store, tracking=read_choice("none")) is None
    asked = await plan(store, tracking=read_choice("clicks"))
    assert asked == RecipeLinks("https://t.shop.test", clicks=True)
    assert await store.find(1, SENDER) == own
    assert [account for account, _ in await store.all()] == [1, 1]
    assert await store.delete(1, SENDER)
    assert not await store.delete(1, SENDER)
    assert await plan(store) == RecipeLinks("https://t.shop.test", clicks=True)


async def test_the_footer_is_that_of_the_request_or_of_the_sender(database, store, clock):
    policy = replace(POLICY, opens=False, clicks=False)
    assert await plan(store, policy=policy) is None
    seven = RecipeLinks(URL, language=7, mx_host="mx.tayori.test")
    assert await plan(store, policy=policy, unsubscribe="7") == seven
    configs = UnsubscribeStore(database)
    config = UnsubscribeConfig(address=SENDER, choice="7", enabled=True)
    await configs.add(1, config)
    clock.advance(5 * SECOND)
    assert await plan(store, policy=policy) == seven
    assert await plan(store, policy=policy, unsubscribe="0") is None
    assert (await plan(store, policy=policy, unsubscribe="3")).language == 3
    nowhere = LinkPolicy(public_url=PUBLIC)
    assert await plan(store, policy=nowhere, html=False) == RecipeLinks(PUBLIC, language=7)
    await configs.change(1, replace(config, enabled=False))
    clock.advance(5 * SECOND)
    assert await plan(store, policy=policy) is None


def test_international_regions_count_one_and_two_otherwise():
    for region in ("ap-guangzhou", "ap-hongkong", ""):
        assert all(swapped(choice, region) == choice for choice in CHOICES)
    for region in ("ap-singapore", "eu-frankfurt"):
        moved = {choice: swapped(choice, region) for choice in CHOICES}
        assert {choice for choice, other in moved.items() if choice != other} == {"1", "2"}
        assert (moved["1"], moved["2"]) == ("2", "1")


@pytest.mark.parametrize("text", ["", "yes", "all none", "open", "opens opens"])
def test_an_unknown_choice_is_none(text):
    assert read_choice(text) is None


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://t.shop.test", True),
        ("http://t.shop.test:8080/", True),
        ("t.shop.test", False),
        ("ftp://t.shop.test", False),
        ("https://t.shop.test/path", False),
        ("https://user@t.shop.test", False),
        ("https://T.SHOP.test:x", False),
        ("https://", False),
        ("https://t.shop.test?x", False),
    ],
)
def test_a_tracking_host_is_a_host(url, right):
    assert (host_fault(url) == "") is right
