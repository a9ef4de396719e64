"""DMARC aggregate reports, from the mail to the sums per domain."""

import gzip
import io
import zipfile
from email.message import EmailMessage

import pytest
from tests.support.inbound import DOMAIN, HOST, inbound_world

from tayori.inbound.dmarc_store import DmarcStore
from tayori.inbound.spool import SpoolState
from tayori.mail.dmarc_report import MOST_OCTETS
from tayori.runtime.clock import DAY, SettableClock

NOW = 1_795_478_400_000
TO = f"dmarc-reports@{HOST}"


@pytest.fixture
async def world(database, tmp_path):
    async with inbound_world(database, tmp_path, SettableClock(NOW)) as built:
        yield built


def row(source, count, *, dkim="pass", spf="pass", disposition="none"):
    return (
        f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated>"
        f"<disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>"
        f"</policy_evaluated></row><identifiers><header_from>{DOMAIN}</header_from></identifiers>"
        "</record>"
    )


def report(*rows, organisation="receiver.test", number="1", domain=DOMAIN, space=""):
    return (
        f'<?xml version="1.0"?><feedback{space}><report_metadata><org_name>{organisation}'
        f"</org_name><report_id>{number}</report_id><date_range><begin>{NOW // 1000 - 86_400}"
        f"</begin><end>{NOW // 1000}</end></date_range></report_metadata><policy_published>"
        f"<domain>{domain}</domain><p>none</p></policy_published>{''.join(rows)}</feedback>"
    ).encode()


def zipped(octets):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.xml", octets)
    return made.getvalue()


def mail(octets, kind="gzip"):
    made = EmailMessage()
    made["From"] = "dmarc@receiver.test"
    made["Subject"] = f"Report Domain: {DOMAIN} Submitter: receiver.test Report-ID: <1>"
    made["Message-ID"] = "<r1@receiver.test>"
    made.set_content("This is a report.")
    made.add_attachment(octets, maintype="application", subtype=kind, filename="report")
    return made.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


async def came(world, octets, kind="gzip"):
    return await world.came_back(mail(octets, kind), TO, mail_from="dmarc@receiver.test")


async def test_reports_of_every_packing_are_summed_per_domain(world):
    first = report(row("192.0.2.1", 7), row("198.51.100.9", 2, dkim="fail", spf="fail"))
    space = ' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"'
    others = [
        (gzip.compress(first), "gzip"),
        (zipped(report(row("192.0.2.1", 5), number="2")), "zip"),
        (report(row("192.0.2.1", 1), organisation="another.test", space=space), "xml"),
    ]
    for octets, kind in others:
        entry = await came(world, octets, kind)
        assert (entry.kind, entry.state) == ("dmarc_report", SpoolState.DONE)
    store = DmarcStore(world.database)
    sums = await store.sums(DOMAIN, NOW - DAY, 10)
    assert [(each.source, each.mails, each.dkim, each.spf) for each in sums] == [
        ("192.0.2.1", 13, "pass", "pass"),
        ("198.51.100.9", 2, "fail", "fail"),
    ]
    reporters = await store.reporters(DOMAIN, NOW - DAY)
    assert [(each.organisation, each.reports) for each in reporters] == [
        ("another.test", 1),
        ("receiver.test", 2),
    ]
    assert await store.sums(DOMAIN, NOW + 1, 10) == []


async def test_a_report_that_comes_twice_counts_once(world):
    for _ in range(2):
        entry = await came(world, gzip.compress(report(row("192.0.2.1", 7))))
    assert "is known" in entry.note
    assert [each.mails for each in await DmarcStore(world.database).sums(DOMAIN, 0, 10)] == [7]


async def test_a_report_on_a_foreign_domain_is_not_stored(world):
    octets = gzip.compress(report(row("192.0.2.1", 7), domain="people.test"))
    entry = await came(world, octets)
    assert entry.note == "people.test is no domain of ours."
    assert await DmarcStore(world.database).sums("people.test", 0, 10) == []


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (gzip.compress(b" " * (MOST_OCTETS + 1)), "unpacks to more than"),
        (zipped(b" " * (MOST_OCTETS + 1)), "unpacks to more than"),
        (gzip.compress(b"<feedback><unended>"), "no XML"),
        (gzip.compress(b'<!DOCTYPE x [<!ENTITY a "b">]><feedback>&a;</feedback>'), "no XML"),
        (gzip.compress(b"<other/>"), "begins with 'other'"),
        (gzip.compress(report(row("192.0.2.1", -3))), "row/count is no number"),
        (zipped(b"")[:20], "cannot be unpacked"),
    ],
)
async def test_what_cannot_be_read_is_kept_with_the_reason(world, octets, why):
    entry = await came(world, octets)
    assert entry.state is SpoolState.KEPT
    assert why in entry.note
    assert await DmarcStore(world.database).sums(DOMAIN, 0, 10) == []


async def test_old_reports_are_forgotten(world):
    await came(world, gzip.compress(report(row("192.0.2.1", 7))))
    store = DmarcStore(world.database)
    await store.sweep(NOW)
    assert len(await store.sums(DOMAIN, 0, 10)) == 1
    await store.sweep(NOW + 1)
    assert await store.sums(DOMAIN, 0, 10) == []
