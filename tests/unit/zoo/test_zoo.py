"""The zoo counts what it should: a client that breaks a limit is seen, one that keeps it is not."""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import pytest
from tests.support.zoo.china import QQ
from tests.support.zoo.den import Den, Log
from tests.support.zoo.limits import Limits, Meter, Rule, Window, count_rules
from tests.support.zoo.menagerie import EVERYBODY
from tests.support.zoo.species import Refusal, Site, Species, Stage
from tests.support.zoo.zoo import Zoo, ZooProcess, addresses_of, publish

from tayori.classify.model import BounceClass
from tayori.dns.mx import MailHostFinder, MailHosts
from tayori.dns.resolver import Resolver
from tayori.mail.reply import Reply
from tayori.runtime.clock import SystemClock
from tayori.sandbox.dns_server import DnsServer

MAIL = b"Message-ID: <1@shop.test>\r\nSubject: x\r\n\r\nHello\r\n"
SITE = Site(hosts=("mx.one.test",), domains=("one.test",))


def _species(limits: Limits, **changes: object) -> Species:
    return Species(name="one", sites=(SITE,), limits=limits, **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def _client(zoo: Zoo | ZooProcess, *, tls: bool = False) -> AsyncIterator[aiosmtplib.SMTP]:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = aiosmtplib.SMTP(
        hostname="127.0.10.1", port=zoo.port, start_tls=tls, tls_context=context, timeout=20
    )
    await client.connect()
    try:
        yield client
    finally:
        client.close()


async def _send(client: aiosmtplib.SMTP, to: str = "ann@one.test") -> int:
    try:
        await client.sendmail("news@shop.test", [to], MAIL)
    except aiosmtplib.SMTPRecipientsRefused as refused:
        return refused.recipients[0].code
    except aiosmtplib.SMTPResponseException as refused:
        return refused.code
    return 250


async def test_a_mail_is_recorded_with_who_brought_it() -> None:
    async with Zoo([_species(Limits(tls=True))]) as zoo, _client(zoo, tls=True) as client:
        assert await _send(client) == 250
        report = zoo.report()
    [seen] = report.taken
    assert (seen.receiver, seen.source, seen.recipient) == ("one", "127.0.0.1", "ann@one.test")
    assert (seen.sender, seen.message_id) == ("news@shop.test", "<1@shop.test>")
    assert seen.tls.startswith("TLS")
    assert seen.ehlo
    assert report.violations == []
    assert report.copies == {"ann@one.test": 1}


async def test_connections_over_the_limit_are_turned_away_and_counted() -> None:
    async with Zoo([_species(Limits(connections=2))]) as zoo:
        async with _client(zoo), _client(zoo):
            with pytest.raises(aiosmtplib.SMTPConnectError):
                async with _client(zoo):
                    pass
        report = zoo.report()
    assert count_rules(report.violations) == {"one: connections at once": 1}
    assert report.most_open == {"one": 2}


async def test_a_connection_may_follow_another_at_once() -> None:
    async with Zoo([_species(Limits(connections=1))]) as zoo:
        for _ in range(20):
            async with _client(zoo) as client:
                assert await _send(client) == 250
        report = zoo.report()
    assert report.violations == []
    assert report.most_open == {"one": 1}


@pytest.mark.parametrize(
    ("limits", "rule", "code"),
    [
        (Limits(mails_per_connection=2), Rule.MAILS_PER_CONNECTION, 421),
        (Limits(mail_rates=(Window(2, 1000.0),)), Rule.MAIL_RATE, 451),
        (Limits(mail_rates=(Window(99, 1.0), Window(2, 1000.0))), Rule.MAIL_RATE, 451),
    ],
)
async def test_mails_over_the_limit_are_put_off_and_counted(
    limits: Limits, rule: Rule, code: int
) -> None:
    async with Zoo([_species(limits)]) as zoo, _client(zoo) as client:
        assert [await _send(client) for _ in range(3)] == [250, 250, code]
        [violation] = zoo.report().violations
    assert (violation.rule, violation.seen, violation.allowed) == (rule, 3, 2)


async def test_connections_in_a_window_are_counted() -> None:
    async with Zoo([_species(Limits(connection_rate=Window(2, 1000.0)))]) as zoo:
        for _ in range(2):
            async with _client(zoo):
                pass
        with pytest.raises(aiosmtplib.SMTPConnectError):
            async with _client(zoo):
                pass
        assert count_rules(zoo.report().violations) == {"one: connections in a window": 1}


async def test_mail_in_clear_is_counted_where_tls_is_demanded() -> None:
    async with Zoo([_species(Limits(tls=True))]) as zoo, _client(zoo) as client:
        assert await _send(client) == 530
        assert count_rules(zoo.report().violations) == {
            "one: mail in clear where TLS is demanded": 1
        }


async def test_recipients_over_the_limit_are_counted() -> None:
    async with Zoo([_species(Limits(recipients=1))]) as zoo, _client(zoo) as client:
        refused, _ = await client.sendmail("news@shop.test", ["ann@one.test", "bob@one.test"], MAIL)
        assert refused["bob@one.test"].code == 452
        assert count_rules(zoo.report().violations) == {"one: recipients of one mail": 1}


async def test_a_blocker_blocks_who_broke_a_rule_and_whom_it_is_told_to() -> None:
    limits = Limits(mails_per_connection=1)
    async with Zoo([_species(limits, blocks_s=86_400.0)]) as zoo:
        async with _client(zoo) as client:
            assert [await _send(client) for _ in range(2)] == [250, 421]
        with pytest.raises(aiosmtplib.SMTPConnectError) as caught:
            async with _client(zoo):
                pass
        assert "blocked for a day" in str(caught.value)
        assert zoo.report().turned_away == 1


async def test_local_parts_are_refused_as_their_species_does() -> None:
    reply = Reply(550, "5.1.1", ("No such user",))
    refusals = {
        "gone": Refusal(stage=Stage.RCPT, reply=reply, bounce_class="unknown_user", ends=True),
        "spam": Refusal(stage=Stage.CONTENT, reply=reply, bounce_class="content", ends=True),
    }
    async with Zoo([_species(Limits(), refusals=refusals)]) as zoo, _client(zoo) as client:
        for name, code in (("gone.1", 550), ("spam.2", 550), ("goner", 250)):
            assert await _send(client, f"{name}@one.test") == code
        report = zoo.report()
    assert [mail.refused for mail in report.mails] == ["gone", "spam", ""]
    assert len(report.taken) == 1


async def test_slow_characters_take_mail_in_the_end() -> None:
    slow = _species(Limits(), greeting_s=0.05, content_s=0.05)
    async with Zoo([slow]) as zoo, _client(zoo) as client:
        assert await _send(client) == 250
        assert len(zoo.report().taken) == 1


def test_a_greylister_wants_the_same_mail_again_later() -> None:
    now = [100.0]
    den = Den(_species(Limits(), greylist_s=5.0), Log(), lambda: now[0])
    mail = ("127.0.0.1", "news@shop.test", "ann@one.test")
    assert den.greylists(*mail)
    now[0] += 4.9
    assert den.greylists(*mail)
    assert den.greylists("127.0.0.2", *mail[1:])
    now[0] += 0.2
    assert not den.greylists(*mail)
    assert den.greylists("127.0.0.2", *mail[1:])


def test_windows_slide_and_know_sources_apart() -> None:
    meter = Meter(Limits(mail_rates=(Window(2, 10.0),)))
    assert meter.mail("a", 0.0) is None
    assert meter.mail("a", 9.0) is None
    assert meter.mail("b", 9.5) is None
    assert meter.mail("a", 10.5) is None
    assert meter.mail("a", 11.0) == (3, 2)


async def test_limits_hold_over_all_sites_of_a_provider_or_for_each() -> None:
    sites = tuple(Site(hosts=(f"mx{n}.one.test",), domains=(f"one{n}.test",)) for n in range(2))
    for shared, found in ((True, {"one: connections at once": 1}), (False, {})):
        species = Species(name="one", sites=sites, limits=Limits(connections=1), shared=shared)
        async with Zoo([species]) as zoo:
            greetings = []
            for _, address in addresses_of([species]):
                reader, writer = await asyncio.open_connection(address, zoo.port)
                greetings.append((await reader.readline())[:3])
                if len(greetings) == 2:
                    assert count_rules(zoo.report().violations) == found
                    continue
                first = writer
            first.close()
            writer.close()
        assert greetings == [b"220", b"421" if shared else b"220"]


async def test_the_menagerie_runs_in_a_process_and_its_names_lead_there() -> None:
    async with DnsServer() as dns, ZooProcess(EVERYBODY) as zoo:
        publish(dns, EVERYBODY)
        resolver = Resolver([dns.address], SystemClock())
        hosts = await MailHostFinder(resolver, SystemClock(), random.Random(1)).find_hosts("qq.com")
        await resolver.close()
        assert isinstance(hosts, MailHosts)
        assert hosts.site == "mx1.qq.com,mx2.qq.com,mx3.qq.com"
        address = dict(addresses_of(EVERYBODY))[QQ.sites[0].hosts[0]]
        reader, writer = await asyncio.open_connection(address, zoo.port)
        assert (await reader.readline()).startswith(b"220 mx1.qq.com")
        writer.close()
        report = await zoo.report()
    assert report.connections == 1
    assert report.violations == []


def test_every_refusal_has_a_class_of_the_house() -> None:
    classes = {refusal.bounce_class for one in EVERYBODY for refusal in one.refusals.values()}
    assert classes <= {bounce_class.value for bounce_class in BounceClass}
