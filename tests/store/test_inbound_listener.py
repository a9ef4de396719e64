"""What the inbound listener takes and refuses, word for word."""

import asyncio
import smtplib
import ssl

import pytest
from tests.support.inbound import DOMAIN, HOST, KEYS, inbound_world
from tests.support.returned_mails import dsn, letter

from tayori.inbound.forwarding_store import ForwardingStore
from tayori.mail import tracking_token
from tayori.mail.return_path import REFERENCE, RETURN, UNSUBSCRIBE, encode
from tayori.runtime.clock import DAY, SECOND, SettableClock

NOW = 1_795_478_400_000


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def world(database, tmp_path, clock):
    async with inbound_world(
        database,
        tmp_path,
        clock,
        mails_per_second=6,
        connections_per_address=3,
        most_recipients=4,
        largest=65_536,
    ) as built:
        yield built


async def asked(world, *to, mail_from="x@people.test"):
    """The replies to RCPT, as code and text."""

    def ask():
        with world.client() as client:
            client.mail(mail_from)
            return [(code, text.decode()) for code, text in map(client.rcpt, to)]

    return await asyncio.to_thread(ask)


async def test_the_service_addresses_are_taken_everywhere_and_postmaster_without_a_domain(world):
    names = ("fbl-reports", "dmarc-reports", "tls-reports", "POSTMASTER", "abuse")
    addresses = [f"{name}@{domain}" for name in names for domain in (HOST, DOMAIN.upper())]
    for address in (*addresses, "Postmaster"):
        assert await asked(world, address) == [(250, "2.1.5 Recipient OK")]
        world.clock.advance(SECOND)


async def test_signed_addresses_are_taken_in_any_case(world):
    tracked = tracking_token.encode(
        tracking_token.Purpose.UNSUBSCRIBE, tracking_token.Named(1_300_000_001, 7), KEYS.tracking
    )
    good = [
        world.address(7),
        world.address(7).upper(),
        world.address(7, UNSUBSCRIBE),
        f"unsubscribe+{tracked}@{DOMAIN}",
    ]
    for address in good:
        assert await asked(world, address) == [(250, "2.1.5 Recipient OK")]


@pytest.mark.parametrize(
    ("local", "code", "text"),
    [
        (encode(7, NOW, b"x" * 32), 550, "5.7.1 This address was not made by us"),
        (encode(7, NOW, b"x" * 32, UNSUBSCRIBE), 550, "5.7.1 This address was not made by us"),
        ("unsubscribe+me", 550, "5.7.1 This address was not made by us"),
        (encode(7, NOW - 31 * DAY, KEYS.return_path), 550, "5.7.1 This address was made for one"),
        (encode(7, NOW, KEYS.return_path, REFERENCE), 550, "5.1.1 There is no mailbox r-"),
        ("news", 550, "5.1.1 There is no mailbox news@mail.shop.test: this domain only sends."),
    ],
)
async def test_what_is_forged_expired_or_nobody_is_refused(world, local, code, text):
    [(said, words)] = await asked(world, f"{local}@{DOMAIN}", mail_from="")
    assert said == code
    assert words.startswith(text)


async def test_other_domains_are_refused(world):
    assert await asked(world, "ann@people.test", world.address(7).replace(DOMAIN, "x.test")) == [
        (550, "5.7.1 We take no mail for people.test."),
        (550, "5.7.1 We take no mail for x.test."),
    ]


async def test_a_domain_that_is_forwarded_takes_everybody(world):
    await ForwardingStore(world.database).put(world.identity_id, "me@office.test", NOW)
    assert await asked(world, f"anybody@{DOMAIN}") == [(250, "2.1.5 Recipient OK")]
    # A token that is wrong is still refused: a mailbox is not flooded with what answers no mail.
    [(code, _)] = await asked(world, f"{encode(7, NOW, b'x' * 32)}@{DOMAIN}")
    assert code == 550


async def test_the_null_sender_has_one_recipient_and_others_a_bounded_number(world):
    two = [world.address(7), world.address(8)]
    assert [code for code, _ in await asked(world, *two, mail_from="")] == [250, 452]
    five = [world.address(number) for number in range(5)]
    assert [code for code, _ in await asked(world, *five)] == [250, 250, 250, 250, 452]


async def test_too_many_mails_a_second_are_put_off_in_all_processes_together(world, clock):
    def send(count):
        with world.client() as client:
            return [client.mail("")[0] for _ in range(count) if client.rset()]

    assert await asyncio.to_thread(send, 8) == [250] * 6 + [451] * 2
    clock.advance(SECOND)
    assert await asyncio.to_thread(send, 1) == [250]


async def test_too_many_connections_from_one_client_are_put_off(world):
    def connect():
        clients = [world.client() for _ in range(3)]
        with pytest.raises(smtplib.SMTPConnectError) as caught:
            smtplib.SMTP("127.0.0.1", world.port, timeout=20)
        for client in clients:
            client.quit()
        return caught.value.smtp_code

    assert await asyncio.to_thread(connect) == 421


async def test_a_mail_that_is_too_large_is_refused(world):
    octets = letter(body="x" * 70 + "\n" + ("y" * 70 + "\n") * 1_000)
    with pytest.raises(smtplib.SMTPSenderRefused) as caught:
        await world.hand_in(octets, world.address(7))
    assert caught.value.smtp_code == 552
    assert await world.spool.entries(10) == []


async def test_starttls_has_the_certificate_of_submission(world):
    trust = ssl.create_default_context(cafile=str(world.folder / "tls" / "submission.pem"))

    def send():
        with world.client() as client:
            client._host = HOST
            client.starttls(context=trust)
            client.sendmail("", [world.address(7)], dsn("ann@receiver.test"))

    await asyncio.to_thread(send)
    [entry] = await world.spool.entries(10)
    assert entry.tls.startswith("TLSv1.3")
    assert (entry.mail_from, entry.recipients) == ("", (world.address(7),))


async def test_a_mail_is_stored_before_the_yes(world):
    await world.hand_in(dsn("ann@receiver.test"), world.address(7), world.address(7, RETURN))
    [entry] = await world.spool.entries(10)
    assert entry.recipients == (world.address(7),)
    stored = (await world.spool.entry(entry.id)).content
    assert stored == dsn("ann@receiver.test")
