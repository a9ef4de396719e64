"""A mail to a one-time address: taken once, checked as it came, scored, and forgotten."""

import asyncio
import smtplib
from dataclasses import replace

import dkim
import pytest
from tests.support.inbound import HOST, inbound_world

from tayori.config.score import ScoreSettings
from tayori.inbound.score_addresses import ScoreAddresses
from tayori.inbound.spool import SpoolState
from tayori.mail.dkim import generate_rsa
from tayori.mail.dkim_record import record_text
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import DAY, HOUR, SettableClock
from tayori.runtime.ids import Ids
from tayori.screen.scanners.breaker import Breaker
from tayori.screen.scanners.model import Clean, Infected, Spam, Unavailable
from tayori.screen.scanners.scanner import Scanner
from tayori.screen.score.address import Stage
from tayori.screen.score.address_store import ScoreAddressStore
from tayori.screen.score.grade import explain

NOW = 1_795_478_400_000
SENDER = "news@club.test"
OUT = "out.relay.test"
MAIL = (
    b"From: Club <news@club.test>\r\nTo: a@receiver.test\r\nSubject: Minutes\r\n"
    b"Date: Fri, 27 Nov 2026 10:00:00 +0800\r\nMessage-ID: <1@club.test>\r\n\r\n"
    b"The minutes of our meeting lie in the hall, and whoever wants a copy may ask for one there.\r\n"
)
KEYS = generate_rsa(1024)
SETTINGS = ScoreSettings(addresses_per_day=3)


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def world(database, tmp_path, clock):
    async with inbound_world(database, tmp_path, clock) as built:
        yield built


@pytest.fixture
def addresses(world):
    return ScoreAddresses(
        store=ScoreAddressStore(world.database),
        clock=world.clock,
        ids=Ids(),
        settings=SETTINGS,
        domain=HOST,
    )


def signed(mail=MAIL):
    return dkim.sign(mail, b"s1", b"club.test", KEYS.pem, include_headers=[b"From"]) + mail


def publish(dns):
    """Everything that a careful owner of `club.test` and of the server enters."""
    dns.set("club.test", "TXT", "v=spf1 ip4:127.0.0.1 -all")
    dns.set("_dmarc.club.test", "TXT", "v=DMARC1; p=reject")
    dns.set("s1._domainkey.club.test", "TXT", record_text(KEYS.public_b64))
    dns.add_zone("127.in-addr.arpa")
    dns.set("1.0.0.127.in-addr.arpa", "PTR", f"{OUT}.")
    dns.set(OUT, "A", "127.0.0.1")


async def hand_in(world, address, raw, *, tls=True, helo=OUT):
    def send():
        with smtplib.SMTP("127.0.0.1", world.port, local_hostname=helo, timeout=20) as client:
            if tls:
                client.starttls()
            client.sendmail(SENDER, [address], raw)

    await asyncio.to_thread(send)


async def scored(world, addresses, raw, **how):
    made = await addresses.create(world.account_id)
    await hand_in(world, made.address, raw, **how)
    entry = (await world.understand())[-1]
    found = await addresses.get(world.account_id, made.id)
    return found, entry


async def test_a_mail_as_it_should_be_has_ten_points_and_is_forgotten(world, addresses):
    publish(world.dns)
    found, entry = await scored(world, addresses, signed())
    assert (found.mail.score.points, found.mail.score.losses) == (10.0, ())
    assert found.stage(world.clock.now()) is Stage.SCORED
    assert (found.mail.header_from, found.mail.subject) == ("Club <news@club.test>", "Minutes")
    facts = found.mail.facts
    assert facts["client"] == "127.0.0.1"
    assert facts["reverse_name"].rstrip(".") == OUT
    assert facts["tls"].startswith("TLSv1.3")
    assert (facts["spf"], facts["dmarc"]) == ("pass (club.test)", "pass (club.test)")
    assert facts["dkim"] == "pass (club.test)"
    assert (entry.kind, entry.state, entry.content) == ("score", SpoolState.DONE, None)
    assert "10 of 10" in entry.note


async def test_everything_that_a_receiver_sees_costs_its_points(world, addresses):
    world.dns.set("club.test", "TXT", "v=spf1 -all")
    found, _ = await scored(world, addresses, MAIL, tls=False, helo="[127.0.0.1]")
    assert {one.check.value for one in found.mail.score.losses} == {
        "no_dkim",
        "spf_failed",
        "dmarc_missing",
        "no_tls",
        "no_reverse_name",
        "greeting_no_name",
    }
    assert found.mail.score.points == 2.5
    assert all(explain(one).mend for one in found.mail.score.losses)


async def test_names_that_lead_elsewhere(world, addresses):
    publish(world.dns)
    world.dns.set(OUT, "A", "127.0.0.9")
    found, _ = await scored(world, addresses, signed())
    assert [one.check.value for one in found.mail.score.losses] == [
        "reverse_name_other",
        "greeting_other",
    ]


async def test_block_lists_are_asked_where_they_are_set(world, addresses):
    publish(world.dns)
    for zone, code in (("bad.test", "127.0.0.2"), ("deaf.test", "127.255.255.254")):
        world.dns.set(f"1.0.0.127.{zone}", "A", code)
    world.dns.set("1.0.0.127.bad.test", "TXT", "seen in a trap")
    world.dns.set("other.clean.test", "A", "127.0.0.1")
    asked = replace(world.needs.scorer, zones=("bad.test", "deaf.test", "clean.test"))
    world.needs = replace(world.needs, scorer=asked)
    found, _ = await scored(world, addresses, signed())
    (listed,) = found.mail.score.losses
    assert "bad.test lists the sending address 127.0.0.1. seen in a trap" in explain(listed).finding
    assert found.mail.facts["block_lists"] == "bad.test"


class Saying:
    """An engine with one answer."""

    name = "saying"

    def __init__(self, answer):
        self.answer = answer

    async def scan(self, octets):
        assert octets
        return self.answer

    async def close(self):
        pass


@pytest.mark.parametrize(
    ("answer", "points", "said"),
    [
        (Clean(), 10.0, "clean"),
        (Spam(score=6.0, limit=5.0, tests=("URIBL",)), 7.0, "spam: 6.0 of 5.0"),
        (Infected("Eicar"), 0.0, "malware: Eicar"),
        (Unavailable("down"), 10.0, "no answer"),
    ],
)
async def test_engines_have_their_say(world, addresses, answer, points, said):
    publish(world.dns)
    scanner = Scanner(spam=[Breaker(Saying(answer), world.clock)])
    world.needs = replace(world.needs, scorer=replace(world.needs.scorer, scanner=scanner))
    found, _ = await scored(world, addresses, signed())
    assert (found.mail.score.points, found.mail.facts["engines"]) == (points, said)


async def refusal_of(world, address):
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        await hand_in(world, address, MAIL)
    ((code, text),) = caught.value.recipients.values()
    return code, text.decode()


async def test_an_address_takes_one_mail(world, addresses):
    found, _ = await scored(world, addresses, MAIL)
    code, text = await refusal_of(world, found.address)
    assert (code, "scored already" in text) == (550, True)


async def test_of_two_mails_that_come_together_the_first_counts(world, addresses):
    made = await addresses.create(world.account_id)
    for subject in (b"Minutes", b"Another"):
        await hand_in(world, made.address.upper(), MAIL.replace(b"Minutes", subject))
    entries = await world.understand()
    assert [(one.kind, one.content) for one in entries] == [("score", None)] * 2
    found = await addresses.get(world.account_id, made.id)
    assert found.mail.subject == "Minutes"


async def test_an_address_expires_and_an_invented_one_is_none(world, addresses):
    made = await addresses.create(None)
    world.clock.advance(SETTINGS.hours * HOUR)
    assert "expired" in (await refusal_of(world, made.address))[1]
    assert (await addresses.any(made.token)).stage(world.clock.now()) is Stage.EXPIRED
    for invented in (f"score-{'a' * 24}", "score-", "score-a"):
        assert (await refusal_of(world, f"{invented}@{HOST}"))[0] == 550


async def test_scores_are_of_one_account_and_so_many_a_day(world, addresses):
    made = [await addresses.create(world.account_id) for _ in range(3)]
    refused = await addresses.create(world.account_id)
    assert isinstance(refused, Refusal)
    assert refused.code is Code.LIMIT_EXCEEDED
    operators = await addresses.create(None)
    for number, owner in ((made[0].id, world.account_id + 1), (operators.id, world.account_id)):
        foreign = await addresses.get(owner, number)
        assert isinstance(foreign, Refusal)
        assert foreign.code is Code.RESOURCE_NOT_FOUND
    listed = [one.id for one in await addresses.newest(world.account_id)]
    assert listed == [one.id for one in made][::-1]
    assert [one.id for one in await addresses.newest(None)] == [operators.id]
    world.clock.advance(DAY)
    assert not isinstance(await addresses.create(world.account_id), Refusal)


async def test_scores_are_forgotten_after_their_time(world, addresses):
    found, _ = await scored(world, addresses, MAIL)
    world.clock.advance(SETTINGS.hours * HOUR + SETTINGS.keep_days * DAY)
    await addresses.sweep()
    assert await addresses.any(found.address) == found
    world.clock.advance(1)
    await addresses.sweep()
    assert isinstance(await addresses.any(found.address), Refusal)


async def test_without_a_listener_no_address_is_made(world):
    none = ScoreAddresses(
        store=ScoreAddressStore(world.database),
        clock=world.clock,
        ids=Ids(),
        settings=SETTINGS,
        domain="",
    )
    assert (await none.create(world.account_id)).code is Code.UNSUPPORTED_OPERATION


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"From: \xff\xfe\x00@\r\nSubject: =?utf-8?b?7aCA?=\r\n\r\n\x00\xed\xa0\x80",
        b"From: a@club.test\r\n" * 3 + b"\r\n",
        b'From: a@club.test\r\nContent-Type: text/html\r\n\r\n<a href="http://'
        + b"x" * 5_000
        + b'.test">\x00www.bank.test</a>',
        b"DKIM-Signature: v=1; d=club.test; s=" + b"x" * 300 + b"\r\n\r\n",
    ],
)
async def test_any_octets_get_a_score(world, addresses, raw):
    found, entry = await scored(world, addresses, raw)
    assert 0 <= found.mail.score.points < 10
    assert (entry.kind, entry.content) == ("score", None)
