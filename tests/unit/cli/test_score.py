"""`tayori score` on mails and templates in files, with keys and records in a real name server."""

import asyncio

import dkim
import pytest
from tests.support.command import Command

from tayori.mail.dkim import generate_rsa
from tayori.mail.dkim_record import record_text
from tayori.sandbox.dns_server import DnsServer

MAIL = (
    b"From: Club <news@club.test>\r\nTo: a@receiver.test\r\nSubject: Minutes\r\n"
    b"Date: Fri, 27 Nov 2026 10:00:00 +0800\r\nMessage-ID: <1@club.test>\r\n\r\n"
    b"The minutes of our meeting lie in the hall, and whoever wants a copy may ask for one there.\r\n"
)


@pytest.fixture
async def dns():
    async with DnsServer() as server:
        server.add_zone("club.test")
        yield server


async def scored(dns, tmp_path, raw, *words, name="mail.eml"):
    file = tmp_path / name
    file.write_bytes(raw)
    command = Command(
        {"TAYORI_DATA_DIR": str(tmp_path), "TAYORI_DNS_SERVERS": ":".join(map(str, dns.address))}
    )
    return await asyncio.to_thread(command.json, "score", str(file), *words)


async def test_a_signed_mail_of_a_domain_with_all_records_has_ten_points(dns, tmp_path):
    keys = generate_rsa(1024)
    field = dkim.sign(MAIL, b"s1", b"club.test", keys.pem, include_headers=[b"From"])
    dns.set("club.test", "TXT", "v=spf1 include:spf.tayori.invalid ~all")
    dns.set("_dmarc.club.test", "TXT", "v=DMARC1; p=none")
    dns.set("s1._domainkey.club.test", "TXT", record_text(keys.public_b64))
    found = await scored(dns, tmp_path, field + MAIL)
    assert (found["score"], found["good"], found["losses"]) == (10.0, True, [])
    changed = await scored(dns, tmp_path, field + MAIL.replace(b"hall", b"barn"))
    assert [one["check"] for one in changed["losses"]] == ["dkim_failed"]
    assert "changed" in changed["losses"][0]["finding"]


async def test_a_domain_without_records_loses_points_with_reasons(dns, tmp_path):
    found = await scored(dns, tmp_path, MAIL, "--language", "zh")
    assert [(one["check"], one["points"]) for one in found["losses"]] == [
        ("no_dkim", -2.0),
        ("spf_missing", -1.0),
        ("dmarc_missing", -1.0),
    ]
    assert found["score"] == 6.0
    assert "club.test" in found["losses"][1]["finding"]
    assert all(one["why"] and one["mend"] for one in found["losses"])


async def test_templates_and_bad_files(dns, tmp_path):
    html = b'<p>Hello {{name}}, see <a href="https://bit.ly/x">this</a></p>'
    found = await scored(dns, tmp_path, html, name="template.html")
    assert [one["check"] for one in found["losses"]] == ["shortened_link"]
    found = await scored(dns, tmp_path, b"Your code is {{code}}", name="template.txt")
    assert (found["score"], found["kind"]) == (10.0, "trigger")
    command = Command({"TAYORI_DATA_DIR": str(tmp_path)})
    assert "cannot be read" in await asyncio.to_thread(
        command.complaint, "score", str(tmp_path / "none")
    )
    (tmp_path / "empty.eml").write_bytes(b"\n")
    assert "is empty" in await asyncio.to_thread(
        command.complaint, "score", str(tmp_path / "empty.eml")
    )
    lines = await asyncio.to_thread(command.table, "score", str(tmp_path / "template.txt"))
    assert lines[0].split() == ["score", "10.0"]
