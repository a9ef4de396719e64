"""The pages of domains, on both databases and over a real DNS server."""

import re

import pytest
from tests.support.console_world import console_world

from tayori.config.tree import DnsSettings, Domains
from tayori.refusal.refusal import Refusal
from tayori.sandbox.dns_server import DnsServer
from tayori.tenants.model import Tag
from tayori.tenants.users.model import Role

DOMAIN = "mail.shop.test"
PATH = f"/domains/{DOMAIN}"
RECORD = re.compile(r'data-copy="([^"]+)"')


@pytest.fixture
async def dns():
    async with DnsServer() as server:
        yield server


@pytest.fixture
async def world(installed_url, tmp_path, dns):
    settings = {
        "dns": DnsSettings(servers=(f"127.0.0.1:{dns.port}",)),
        "domains": Domains(mx_host="mx.ours.test", spf_include="spf.ours.test"),
    }
    async with console_world(tmp_path, installed_url, **settings) as opened:
        yield opened
        await opened.parts.resolver.close()


async def published(world, dns, *, only=()):
    """Publish what the domain's page says."""
    identity = await world.services.identities.get(world.account.id, DOMAIN)
    keys = await world.services.identities.published_keys(identity)
    dns.set("spf.ours.test", "TXT", '"v=spf1 ip4:192.0.2.1 -all"')
    records = {
        "MX": (DOMAIN, "MX", "10 mx.ours.test."),
        "SPF": (DOMAIN, "TXT", '"v=spf1 include:spf.ours.test ~all"'),
        "DMARC": (f"_dmarc.{DOMAIN}", "TXT", '"v=DMARC1; p=none"'),
    }
    for name, record in records.items():
        if not only or name in only:
            dns.set(*record)
    for key in keys:
        if not only or "DKIM" in only:
            publish_key(dns, key)


def publish_key(dns, key):
    text = f"v=DKIM1; k=rsa; p={key.public_key}"
    parts = " ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200))
    dns.set(f"{key.selector}._domainkey.{DOMAIN}", "TXT", parts)


async def test_a_domain_is_made_published_and_verified(world, dns):
    owner = await world.signed_in(Role.OWNER)
    assert "No domains yet" in (await owner.get("/domains")).text
    made = await owner.follow("/domains/new", {"domain": "Mail.Shop.TEST", "option": "0"})
    for value in ("v=spf1 include:spf.ours.test ~all", "mx.ours.test.", "v=DMARC1; p=none"):
        assert value in made.text
    assert f"tayori._domainkey.{DOMAIN}" in made.text
    await published(world, dns, only=("MX", "SPF"))
    half = await owner.follow(f"{PATH}/check")
    assert "Some records are not right yet." in half.text
    assert "2 of 4 records are right" in half.text
    await published(world, dns)
    whole = await owner.post(f"{PATH}/check", headers={"HX-Request": "true"})
    assert whole.status_code == 200
    assert "<html" not in whole.text
    assert "The domain is verified." in whole.text
    assert "every 20s" not in whole.text
    listed = await owner.get("/domains?state=verified&q=SHOP")
    assert DOMAIN in listed.text
    assert "Nothing matches" in (await owner.get("/domains?state=pending")).text


async def test_what_was_found_is_explained_in_the_language_of_the_reader(world, dns):
    await world.services.identities.create(world.account.id, DOMAIN)
    dns.set(DOMAIN, "MX", "10 mail.other.test.")
    japanese = await world.signed_in(Role.MEMBER, language="ja")
    page = await japanese.follow(f"{PATH}/check")
    assert "mail.other.test" in page.text
    stored = await world.services.identities.get(world.account.id, DOMAIN)
    (found,) = [record for record in stored.records if record.group == "MX"]
    assert found.note
    assert found.note not in page.text
    assert "<h1>mail.shop.test</h1>" in page.text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"domain": "", "option": "1"}, "This field is required."),
        ({"domain": "no domain", "option": "1"}, "no domain"),
        ({"domain": "x.shop.test", "option": "7"}, "Not a valid choice"),
        ({"domain": "taken.test", "option": "1"}, "belongs to another account"),
    ],
)
async def test_what_is_no_domain_is_refused_at_its_field(world, form, sentence):
    other = await world.other_account()
    await world.services.identities.create(other.id, "taken.test")
    owner = await world.signed_in(Role.OWNER)
    page = await owner.post("/domains/new", form)
    assert page.status_code == 422
    assert sentence in page.text
    assert (await world.services.identities.list(world.account.id)).total == 0


async def test_who_sees_which_record(world, dns):
    await world.services.identities.create(world.account.id, DOMAIN)
    await published(world, dns, only=("MX",))
    viewer = await world.signed_in(Role.VIEWER)
    page = await viewer.get(f"{PATH}/propagation")
    assert page.status_code == 200
    assert f"127.0.0.1:{dns.port}" in page.text
    assert "Right" in page.text


async def test_keys_are_rotated_without_a_break(world, dns):
    await world.services.identities.create(world.account.id, DOMAIN)
    await published(world, dns)
    owner = await world.signed_in(Role.OWNER)
    early = await owner.post(f"{PATH}/rotate")
    assert early.status_code == 422
    assert "once the domain is verified" in early.text
    await owner.follow(f"{PATH}/check")
    begun = await owner.follow(f"{PATH}/rotate")
    assert "Waits for its record" in begun.text
    identity = await world.services.identities.get(world.account.id, DOMAIN)
    (new,) = [k for k in await world.services.identities.keys(identity) if k.pending]
    assert new.selector in begun.text
    given_up = await owner.follow(f"{PATH}/rotate/give-up")
    assert new.selector not in given_up.text
    await owner.follow(f"{PATH}/rotate")
    (new,) = [k for k in await world.services.identities.keys(identity) if k.pending]
    publish_key(dns, new)
    await owner.follow(f"{PATH}/check")
    after = await owner.get(f"{PATH}/settings")
    assert "Replaced" in after.text
    assert [k.selector for k in await world.services.identities.signing_keys(identity.id)] == [
        new.selector
    ]
    assert "Keep its record until" in after.text


async def test_key_length_tags_and_tls_are_set(world):
    await world.services.identities.create(world.account.id, DOMAIN)
    owner = await world.signed_in(Role.OWNER)
    both = await owner.follow(f"{PATH}/dkim", {"option": "2"})
    assert f"tayori2048._domainkey.{DOMAIN}" in both.text
    tagged = await owner.follow(f"{PATH}/tags", {"tags": "team=shop\n\nlive"})
    assert "team=shop" in tagged.text
    found = await world.services.identities.get(world.account.id, DOMAIN)
    assert found.tags == (Tag("team", "shop"), Tag("live", ""))
    wrong = await owner.post(f"{PATH}/tags", {"tags": "a=1\na=2"})
    assert wrong.status_code == 422
    assert "a=1\na=2" in wrong.text
    assert "team=shop" in (await owner.get("/domains?tag=team%3Dshop")).text
    required = await owner.follow(f"{PATH}/tls", {"required": "yes"})
    assert "Require no longer" in required.text
    assert (await world.services.security.required()).identities == {found.id}
    await owner.follow(f"{PATH}/tls", {"required": "no"})
    assert (await world.services.security.required()).identities == frozenset()
    actions = [entry.action.value for entry in await world.audited()]
    assert actions == [
        "domain_key_changed",
        "domain_changed",
        "tls_policy_changed",
        "tls_policy_changed",
    ]


async def test_a_domain_with_senders_stays(world):
    await world.verified(DOMAIN)
    await world.services.senders.create(world.account.id, f"news@{DOMAIN}")
    owner = await world.signed_in(Role.OWNER)
    kept = await owner.post(f"{PATH}/delete")
    assert kept.status_code == 422
    assert "alert-danger" in kept.text
    await world.services.senders.delete(world.account.id, f"news@{DOMAIN}")
    gone = await owner.follow(f"{PATH}/delete")
    assert f"The domain {DOMAIN} was deleted." in gone.text
    assert isinstance(await world.services.identities.get(world.account.id, DOMAIN), Refusal)


async def test_the_level_says_what_a_rise_asks_for_and_what_was_decided(world):
    await world.verified(DOMAIN)
    viewer = await world.signed_in(Role.VIEWER)
    fresh = await viewer.get(f"{PATH}/level")
    assert "1 of 20" in fresh.text
    assert "Mails sent today: 0 of 350" in fresh.text
    assert "Nothing was decided yet." in fresh.text
    now = world.services.clock.now()
    await world.services.levels.set_level(DOMAIN, 0, 'Sold "cures" <b>twice</b>', now)
    stopped = await viewer.get(f"{PATH}/level")
    assert "At level 0 nothing is sent." in stopped.text
    assert "Set by an operator" in stopped.text
    assert "<b>twice</b>" not in stopped.text
    assert "&lt;b&gt;twice" in stopped.text


async def test_what_the_dns_says_is_never_markup(world, dns):
    await world.services.identities.create(world.account.id, DOMAIN)
    dns.set(DOMAIN, "TXT", '"v=spf1 <script>alert(1)</script> ~all"')
    owner = await world.signed_in(Role.OWNER)
    page = await owner.follow(f"{PATH}/check")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    spread = await owner.get(f"{PATH}/propagation")
    assert "<script>alert" not in spread.text


ACTIONS = ("check", "dkim", "rotate", "rotate/give-up", "tags", "tls", "delete")


async def test_viewers_change_nothing_and_members_not_the_tls_policy(world):
    await world.services.identities.create(world.account.id, DOMAIN)
    viewer = await world.signed_in(Role.VIEWER)
    for action in ACTIONS:
        assert (await viewer.post(f"{PATH}/{action}", {"option": "1"})).status_code == 403
    assert "Check now" not in (await viewer.get(PATH)).text
    member = await world.signed_in(Role.MEMBER)
    assert (await member.post(f"{PATH}/tls", {"required": "yes"})).status_code == 403
    assert (await member.post(f"{PATH}/tags", {"tags": "a=1"})).status_code == 303


async def test_another_account_has_nothing_of_it(world):
    await world.services.identities.create(world.account.id, DOMAIN)
    other = await world.other_account()
    browser = await world.signed_in(Role.OWNER, account=other)
    for page in ("", "/propagation", "/level", "/settings"):
        assert (await browser.get(PATH + page)).status_code == 404
    for action in ACTIONS:
        assert (await browser.post(f"{PATH}/{action}", {"option": "1"})).status_code == 404
    assert (await world.services.identities.list(world.account.id)).total == 1


@pytest.mark.parametrize(("language", "title"), [("ja", "ドメイン"), ("zh", "域名")])
async def test_every_language(world, language, title):
    await world.verified(DOMAIN)
    browser = await world.signed_in(Role.OWNER, language=language)
    assert f"<h1>{title}</h1>" in (await browser.get("/domains")).text
    for page in ("", "/level", "/settings"):
        assert (await browser.get(PATH + page)).status_code == 200
