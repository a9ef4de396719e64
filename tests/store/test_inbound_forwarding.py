"""Mail to a customer's domain goes on through the door, checked, and never in a circle."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select
from tests.support.inbound import DOMAIN, HOST, inbound_world
from tests.support.returned_mails import letter

from tayori.compose.model import decode_recipe
from tayori.compose.raw import transmitted
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.inbound.forwarding_store import ForwardingStore
from tayori.inbound.spool import DELAYS, MOST_ATTEMPTS, SpoolState
from tayori.mail.dkim import RsaSigner, body_hash, generate_rsa, signature_fields
from tayori.mail.message import split_message
from tayori.queue.store import QueueStore
from tayori.runtime.clock import SettableClock
from tayori.sandbox.dns_server import Failure
from tayori.screen.scanners.model import Clean, Infected, Spam, Unavailable
from tayori.screen.scanners.scanner import Scanner

NOW = 1_795_478_400_000
OFFICE = "me@office.test"
PAIR = generate_rsa(2048)


@pytest.fixture
async def world(database, tmp_path):
    async with inbound_world(database, tmp_path, SettableClock(NOW)) as built:
        await ForwardingStore(database).put(built.identity_id, OFFICE, NOW)
        yield built


def signed(octets, domain):
    parts = split_message(octets)
    signer = RsaSigner(pem=PAIR.pem, domain=domain, selector="s1")
    fields = signature_fields(parts.fields, body_hash(parts.body), [signer], signed_at=NOW)
    return b"".join([*fields, octets])


def publish(world, *, policy="reject", spf="v=spf1 ip4:127.0.0.1 -all"):
    world.dns.set("s1._domainkey.people.test", "TXT", f"v=DKIM1; k=rsa; p={PAIR.public_b64}")
    world.dns.set("people.test", "TXT", spf)
    world.dns.set("_dmarc.people.test", "TXT", f"v=DMARC1; p={policy}")


async def came(world, octets, *, to=f"news@{DOMAIN}", mail_from="ann@people.test"):
    return await world.came_back(octets, to, mail_from=mail_from)


async def forwarded(world):
    """The forwarded mail, as its receiver gets it."""
    [row] = await world.messages("forward")
    recipe = decode_recipe((await QueueStore(world.database).recipes([row["id"]]))[row["id"]])
    copy = transmitted(recipe, b"x", eight_bit=True)
    return row, split_message(b"".join([*copy.fields, b"\r\n", copy.body]))


async def test_a_reply_reaches_the_account_and_an_answer_its_author(world):
    octets = letter("Re: 便り", fields=("In-Reply-To: <m@mail.shop.test>",), body="Thank you\nAnn")
    entry = await came(world, octets)
    assert (entry.kind, entry.state, entry.content) == ("forward", SpoolState.DONE, None)
    assert entry.note.startswith(f"Forwarded to {OFFICE} as qcloudses-30-")
    row, mail = await forwarded(world)
    assert (row["from_address"], row["subject"]) == (f"news@{DOMAIN}", "Re: 便り")
    assert mail.first(b"from") == f'"Ann via {DOMAIN}" <news@{DOMAIN}>'.encode()
    assert mail.first(b"reply-to") == b"Ann <ann@people.test>"
    assert mail.first(b"x-loop") == f"news@{DOMAIN}".encode()
    assert mail.first(b"in-reply-to") == b"<m@mail.shop.test>"
    assert mail.first(b"message-id") == b"<letter1@people.test>"
    assert mail.body == b"Thank you\r\nAnn\r\n"


async def test_hourly_limits_of_a_mailbox_do_not_hold_replies_back(world):
    for number in range(3):
        await came(world, letter(f"Mail {number}"))
    assert len(await world.messages("forward")) == 3


async def test_mail_for_nobody_in_particular_goes_from_the_first_sender(world):
    await came(world, letter(), to=f"anybody@{DOMAIN}")
    row, _ = await forwarded(world)
    assert row["from_address"] == f"news@{DOMAIN}"


async def test_postmaster_of_a_forwarded_domain_is_forwarded(world):
    assert (await came(world, letter(), to=f"postmaster@{DOMAIN}")).kind == "forward"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ((f"X-Loop: NEWS@{DOMAIN}",), "forwarded for this address before"),
        (tuple(f"Received: from a{n} by b{n}" for n in range(31)), "runs in a circle"),
        (("X-Loop: other@x.test", "Received: from a by b"), ""),
    ],
)
async def test_a_mail_does_not_go_round_in_circles(world, fields, why):
    entry = await came(world, letter(fields=fields))
    assert (entry.state is SpoolState.KEPT) is bool(why)
    assert why in entry.note
    assert len(await world.messages("forward")) == (0 if why else 1)


async def test_an_address_that_leads_back_to_us_is_not_forwarded_to(world):
    await ForwardingStore(world.database).put(world.identity_id, f"me@{DOMAIN}", NOW)
    entry = await came(world, letter())
    assert entry.state is SpoolState.KEPT
    assert entry.note == f"me@{DOMAIN} leads back to us."


async def test_a_crash_behind_the_door_does_not_forward_twice(world):
    await world.hand_in(letter(), f"news@{DOMAIN}", mail_from="ann@people.test")
    [mail] = await world.spool.claim("dead", NOW)
    destination = await world.router.route(f"news@{DOMAIN}")
    first = await world.needs.forwarder.forward(mail, destination)
    world.clock.advance(121_000)
    [entry] = await world.understand()
    assert entry.note == first
    assert len(await world.messages("forward")) == 1


async def test_who_wrote_a_mail_is_checked_and_written_down(world):
    publish(world)
    entry = await came(world, signed(letter(), "people.test"))
    assert entry.kind == "forward"
    assert entry.authentication == (
        f"{HOST}; spf=pass smtp.mailfrom=people.test; "
        "dkim=pass header.d=people.test header.s=s1; dmarc=pass header.from=people.test"
    )


async def test_an_invented_author_is_not_forwarded_where_the_domain_asks_to_reject(world):
    publish(world, spf="v=spf1 -all")
    entry = await came(world, letter())
    assert entry.state is SpoolState.KEPT
    assert "people.test asks to refuse" in entry.note
    assert "spf=fail" in entry.authentication
    assert "dmarc=fail header.from=people.test policy.dmarc=reject" in entry.authentication
    assert await world.messages("forward") == []


@pytest.mark.parametrize(
    ("policy", "domain", "result"),
    [
        ("reject", "mail.people.test", "dmarc=pass"),
        ("reject; adkim=s", "mail.people.test", "dmarc=fail"),
        ("none", "elsewhere.test", "dmarc=fail"),
    ],
)
async def test_alignment_follows_the_record(world, policy, domain, result):
    publish(world, policy=policy, spf="v=spf1 -all")
    world.dns.set(f"s1._domainkey.{domain}", "TXT", f"v=DKIM1; k=rsa; p={PAIR.public_b64}")
    entry = await came(world, signed(letter(), domain))
    assert result in entry.authentication


async def test_a_changed_mail_fails_dkim_and_a_silent_name_server_decides_nothing(world):
    publish(world)
    world.dns.fail("_dmarc.people.test", Failure.SERVFAIL)
    octets = signed(letter(), "people.test").replace(b"Good morning", b"Bad morning!")
    entry = await came(world, octets)
    assert "dkim=fail" in entry.authentication
    assert "dmarc=temperror" in entry.authentication
    assert entry.kind == "forward"


class Engine:
    """Says what it is told to, as a scanner's engine does."""

    name = "told"

    def __init__(self) -> None:
        self.result = Clean()

    async def scan(self, octets):
        return self.result

    async def close(self):
        """Nothing is open."""


async def scans(world):
    """The events of scanned mail: account, and what was found."""
    everything = Statement(select(event).where(event.c.kind == "scanned").order_by(event.c.id))
    async with world.database.read() as transaction:
        rows = await transaction.fetch(everything)
    return [(row["account_id"], json.loads(row["data"])["found"]) for row in rows]


async def test_what_is_forwarded_is_scanned_first(world):
    engine = Engine()
    world.needs = replace(world.needs, scanner=Scanner(malware=[engine], spam=[engine]))
    engine.result = Infected("Test.Virus")
    entry = await came(world, letter("Bad"))
    assert (entry.kind, entry.state) == ("malware", SpoolState.KEPT)
    assert "Test.Virus" in entry.note
    assert await world.messages("forward") == []
    assert await scans(world) == [(world.account_id, "Test.Virus")]
    engine.result = Spam(score=7.5, limit=5.0, tests=("GTUBE",))
    await came(world, letter("Spam", fields=("X-Spam-Status: No, I swear",)))
    _, mail = await forwarded(world)
    assert mail.values(b"x-spam-status") == [b"Yes, score=7.5 required=5.0 tests=GTUBE"]
    assert [found for _, found in await scans(world)][1].startswith("spam: Yes, score=7.5")


async def test_a_scanner_that_is_down_delays_what_is_forwarded(world):
    engine = Engine()
    engine.result = Unavailable("down")
    world.needs = replace(world.needs, scanner=Scanner(malware=[engine]))
    await world.hand_in(letter("Late"), f"news@{DOMAIN}", mail_from="ann@people.test")
    for _ in range(MOST_ATTEMPTS + 2):
        [entry] = await world.understand()
        assert entry.state is SpoolState.WAITING
        world.clock.advance(max(DELAYS))
    engine.result = Clean()
    [entry] = await world.understand()
    assert (entry.state, entry.kind) == (SpoolState.DONE, "forward")
    _, mail = await forwarded(world)
    assert mail.first(b"x-virus-scanned") == b"clean"
    assert mail.first(b"x-spam-status") is None
