"""TLS reports: counted per domain and day, sent once when the day is over."""

import asyncio
import gzip
import json
from email import message_from_bytes, policy

import pytest
from tests.store.test_door import NOW, door
from tests.support.deliverers import Deliverers, name_server, within
from tests.support.secure_receivers import PolicyServer, SecureReceivers
from tests.unit.accept.test_checks import ACCOUNT, GOOD

from tayori.accept.submission import Accepted
from tayori.config.delivery import DeliverySettings
from tayori.delivery.security.fetch import Web, WebSettings
from tayori.delivery.security.report_store import ReportStore
from tayori.delivery.security.reporter import MOST_TRIES, RETRY_MS, Reporter
from tayori.delivery.security.results import Results, Wanted
from tayori.delivery.security.service import build_security
from tayori.delivery.security.store import SecurityStore
from tayori.dns.resolver import Resolver
from tayori.refusal.codes import Code
from tayori.refusal.refusal import refuse
from tayori.refusal.saying import quote
from tayori.runtime.clock import DAY, HOUR, SettableClock

DAY_OF_NOW = "2026-09-21"


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def dns():
    async with name_server() as server:
        yield server


@pytest.fixture
async def receivers(dns, tmp_path):
    async with SecureReceivers(dns, tmp_path) as running:
        yield running


@pytest.fixture
async def policies(dns, receivers):
    async with PolicyServer(dns, receivers.authority) as running:
        yield running


@pytest.fixture
def delivery(database, clock, dns, tmp_path):
    return Deliverers(database, clock, dns, tmp_path / "run")


class Reports:
    """One process that counts and reports; `taken` are the submissions to its door."""

    def __init__(self, delivery, receivers, policies):
        self.taken = []
        self.refusal = None
        self.resolver = Resolver([delivery.dns.address], delivery.clock)
        store = ReportStore(delivery.database)
        self.results = Results(store, self.resolver, delivery.clock)
        given = {
            "port": receivers.port,
            "allow_private_networks": True,
            "tls_ca_file": str(receivers.roots),
            "POLICY_PORT_FOR_TESTS_ONLY": policies.port,
        }
        self.settings = given
        self.security = build_security(
            SecurityStore(delivery.database),
            settings=DeliverySettings(**given),
            queue=delivery.queue,
            resolver=self.resolver,
            clock=delivery.clock,
            results=self.results,
        )
        self.web = Web(self.resolver, WebSettings(trust_roots=receivers.roots, allow_private=True))
        self.reporter = Reporter(
            store=store,
            wanted=Wanted(self.resolver),
            web=self.web,
            accept=self.accept,
            account_of=self.account_of,
            sender="news@mail.example.org",
            submitter="mail.tayori.test",
            clock=delivery.clock,
        )

    async def accept(self, submission):
        """Take or refuse a submission."""
        if self.refusal is not None:
            return self.refusal
        self.taken.append(submission)
        return Accepted(message_id="1")

    async def account_of(self, address):
        """Return whose sender it is."""
        return ACCOUNT if address == "news@mail.example.org" else None


@pytest.fixture
async def reports(delivery, receivers, policies):
    await receivers.add("x.test", "self-signed")
    made = Reports(delivery, receivers, policies)
    yield made
    await made.web.close()
    await made.resolver.close()


async def deliver(delivery, reports, count=1):
    """Send mails, each by a connection of its own."""
    await reports.security.start()
    async with delivery.running(
        security=reports.security, mails_per_connection=1, **reports.settings
    ) as loop:
        for number in range(count):
            await door(delivery.database, delivery.clock).accept(GOOD)
            await within(loop.wait_settled(number + 1))
    await reports.security.stop()


def read(submission):
    """Return the report in a mail."""
    mail = message_from_bytes(submission.raw.octets, policy=policy.default)
    assert mail.get_content_type() == "multipart/report"
    assert mail["Content-Type"].params["report-type"] == "tlsrpt"
    assert mail["TLS-Required"] == "No"
    _, part = mail.iter_parts()
    assert part.get_content_type() == "application/tlsrpt+gzip"
    begins, ends = 1789948800, 1790035199
    assert part.get_filename() == f"mail.tayori.test!x.test!{begins}!{ends}.json.gz"
    return json.loads(gzip.decompress(part.get_content()))


async def test_a_day_is_reported_by_mail_once_over_all_processes(
    delivery,
    reports,
    receivers,
    policies,
    clock,
):
    delivery.dns.set("_smtp._tls.x.test", "TXT", "v=TLSRPTv1; rua=mailto:tls@x.test")
    policies.enforce("x.test", mode="testing", max_age="86400")
    await deliver(delivery, reports, 3)
    other = Reports(delivery, receivers, policies)
    assert await reports.reporter.run() == 0
    clock.advance(DAY + 5 * HOUR)
    assert sorted(await asyncio.gather(reports.reporter.run(), other.reporter.run())) == [0, 1]
    assert await reports.reporter.run() + await other.reporter.run() == 0
    (submission,) = reports.taken + other.taken
    assert [box.address.addr for box in submission.to] == ["tls@x.test"]
    found = read(submission)
    (result,) = found.pop("policies")
    assert found == {
        "organization-name": "mail.tayori.test",
        "date-range": {
            "start-datetime": "2026-09-21T00:00:00Z",
            "end-datetime": "2026-09-21T23:59:59Z",
        },
        "contact-info": "mailto:news@mail.example.org",
        "report-id": "2026-09-21.x.test@mail.tayori.test",
    }
    assert result["policy"] == {
        "policy-type": "sts",
        "policy-domain": "x.test",
        "policy-string": ["version: STSv1", "mode: testing", "mx: mx.x.test", "max_age: 86400"],
        "mx-host": ["mx.x.test"],
    }
    assert result["summary"] == {
        "total-successful-session-count": 0,
        "total-failure-session-count": 3,
    }
    (failure,) = result["failure-details"]
    assert failure["result-type"] == "certificate-not-trusted"
    assert failure["receiving-mx-hostname"] == "mx.x.test"
    assert failure["failed-session-count"] == 3
    await other.web.close()
    await other.resolver.close()


async def test_success_and_dane_are_reported_by_https(
    delivery,
    reports,
    receivers,
    policies,
    clock,
):
    place = f"https://mta-sts.x.test:{policies.port}/reports"
    delivery.dns.set("mta-sts.x.test", "A", "127.0.0.1")
    delivery.dns.set("_smtp._tls.x.test", "TXT", f"v=TLSRPTv1; rua={place}")
    delivery.dns.vouch("x.test")
    receivers.pin("mx.x.test", receivers.tlsa(3, 1, 1))
    await deliver(delivery, reports, 2)
    clock.advance(DAY + 5 * HOUR)
    assert await reports.reporter.run() == 1
    ((kind, body),) = policies.posted
    assert kind == "application/tlsrpt+gzip"
    (result,) = json.loads(gzip.decompress(body))["policies"]
    assert result["policy"]["policy-type"] == "tlsa"
    assert result["policy"]["policy-string"] == [receivers.tlsa(3, 1, 1)]
    assert result["summary"]["total-successful-session-count"] == 2
    assert result["failure-details"] == []


async def test_a_domain_that_asks_for_nothing_leaves_no_trace(
    delivery,
    reports,
    receivers,
    clock,
    policies,
):
    await deliver(delivery, reports)
    assert await ReportStore(delivery.database).of_day(DAY_OF_NOW, "x.test") == []
    clock.advance(2 * DAY)
    assert await reports.reporter.run() == 0


async def test_a_report_that_is_refused_is_tried_for_a_day(
    delivery,
    reports,
    receivers,
    clock,
):
    delivery.dns.set("_smtp._tls.x.test", "TXT", "v=TLSRPTv1; rua=mailto:tls@x.test")
    await deliver(delivery, reports)
    reports.refusal = refuse(Code.FAILED_OPERATION__EXCEED_SEND_LIMIT, quote("Not today."))
    clock.advance(DAY + 5 * HOUR)
    store = ReportStore(delivery.database)
    for tries in range(1, 4):
        assert await reports.reporter.run() == 0
        assert await reports.reporter.run() == 0
        (state,) = await store.latest(5)
        assert (state.state, state.tries, state.detail) == ("sending", tries, "Not today.")
        clock.advance(RETRY_MS)
    for _ in range(MOST_TRIES):
        await reports.reporter.run()
        clock.advance(RETRY_MS)
    (state,) = await store.latest(5)
    assert (state.state, state.tries) == ("failed", MOST_TRIES)
    assert clock.now() > NOW
