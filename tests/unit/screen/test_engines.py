"""Scanning by real engines, and by what answers in their place when they are down or broken."""

import asyncio
import base64
import contextlib
import io
import quopri
import zipfile
from email.message import EmailMessage

import pytest
from tests.support.scan_engines import EICAR, GTUBE, clamd, rspamd, spamd

from tayori.config.screening import ScanSettings
from tayori.runtime.clock import SettableClock
from tayori.screen.scanners.breaker import FAILURES, FIRST_REST_MS, Breaker
from tayori.screen.scanners.clamd import Clamd
from tayori.screen.scanners.model import Clean, Infected, Spam, Unavailable
from tayori.screen.scanners.rspamd import Rspamd
from tayori.screen.scanners.scanner import scanner_of
from tayori.screen.scanners.spamd import Spamd

HEAD = (
    b"From: a@club.example\r\nTo: b@club.example\r\nSubject: Minutes\r\n"
    b"Date: Fri, 27 Nov 2026 10:00:00 +0800\r\nMessage-ID: <1@club.example>\r\n"
)
GOOD = HEAD + b"\r\nThe minutes of our meeting lie in the hall.\r\n"


def part(encoding, body):
    head = b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " + encoding
    return HEAD + head + b"\r\n\r\n" + body + b"\r\n"


def zipped(octets):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("minutes.txt", octets)
    return archive.getvalue()


def nested():
    inner = EmailMessage()
    inner["Subject"] = "forwarded"
    inner.set_content("see the file")
    inner.add_attachment(
        zipped(EICAR), maintype="application", subtype="zip", filename="minutes.zip"
    )
    outer = EmailMessage()
    outer["Subject"] = "again"
    outer.set_content("a mail within a mail")
    outer.add_attachment(inner)
    return outer.as_bytes()


MALWARE = {
    "base64": part(b"base64", base64.encodebytes(EICAR)),
    "quoted-printable": part(b"quoted-printable", quopri.encodestring(EICAR)),
    "zip": part(b"base64", base64.encodebytes(zipped(EICAR))),
    "nested": nested(),
    "large": part(b"base64", base64.encodebytes(zipped(EICAR + bytes(3_000_000)))),
}


async def test_clamav_finds_the_test_file_however_it_is_wrapped(tmp_path):
    async with clamd(tmp_path) as address:
        engine = Clamd(address, at_once=2)
        assert await engine.scan(GOOD) == Clean()
        for name, mail in MALWARE.items():
            result = await engine.scan(mail)
            assert isinstance(result, Infected), name
            assert "Eicar" in result.name
        many = await asyncio.gather(*(engine.scan(GOOD) for _ in range(20)))
        assert many == [Clean()] * 20
        # Connections are kept, no more than are used at once.
        assert 1 <= len(engine._idle) <= 2
        for _, writer in engine._idle:
            writer.close()
        assert await engine.scan(GOOD) == Clean()
        await engine.close()
    assert isinstance(await engine.scan(GOOD), Unavailable)


async def test_spamassassin_and_rspamd_find_the_test_text(tmp_path):
    bad = HEAD + b"\r\n" + GTUBE + b"\r\n"
    async with spamd() as address, rspamd(tmp_path) as url:
        for engine, test in ((Spamd(address), "GTUBE"), (Rspamd(url), "GTUBE")):
            assert await engine.scan(GOOD) == Clean(), engine.name
            result = await engine.scan(bad)
            assert isinstance(result, Spam), engine.name
            assert result.score >= result.limit > 0
            assert test in result.tests
            await engine.close()
    for engine in (Spamd(address), Rspamd(url)):
        assert isinstance(await engine.scan(GOOD), Unavailable)
        await engine.close()


@contextlib.asynccontextmanager
async def answering(octets):
    """A server that answers with these octets and hangs up; None never answers."""
    over = asyncio.Event()

    async def answer(reader, writer):
        with contextlib.suppress(ConnectionError):
            await reader.read(1)
            if octets is None:
                await over.wait()
            else:
                writer.write(octets)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        over.set()
        server.close()
        await server.wait_closed()


NONSENSE = [
    b"",
    b"nonsense\0",
    b"1: stream: OK",
    b"INSTREAM size limit exceeded. ERROR\0",
    b"SPAMD/1.1 76 Bad header line\r\n\r\n",
    b"SPAMD/1.1 0 EX_OK\r\nSpam: maybe ; x / y\r\n\r\n",
    b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    b'HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{"action":"no action","is_skipped":true} ',
    b"\xff" * 200_000,
]


@pytest.mark.parametrize("octets", NONSENSE, ids=range(len(NONSENSE)))
async def test_what_answers_nonsense_is_unavailable(octets):
    async with answering(octets) as address:
        for engine in (Clamd(address), Spamd(address), Rspamd(f"http://{address}")):
            result = await engine.scan(GOOD)
            assert isinstance(result, Unavailable), (engine.name, result)
            assert result.detail
            await engine.close()


async def test_what_never_answers_is_given_up():
    async with answering(None) as address:
        for engine in (
            Clamd(address, timeout_s=0.05),
            Spamd(address, timeout_s=0.05),
            Rspamd(f"http://{address}", timeout_s=0.05),
        ):
            result = await engine.scan(GOOD)
            assert isinstance(result, Unavailable)
            assert "no answer" in result.detail.english
            await engine.close()


async def test_an_engine_that_fails_rests_and_is_probed_once(tmp_path):
    clock = SettableClock()
    async with answering(b"nonsense\0") as address:
        breaker = Breaker(Clamd(address), clock)
        for _ in range(FAILURES):
            assert isinstance(await breaker.scan(GOOD), Unavailable)
        assert "nonsense" in breaker.fault.english
    # Nothing listens any more: while it rests, nobody asks.
    before = breaker.fault
    assert (await breaker.scan(GOOD)).detail == before
    clock.advance(FIRST_REST_MS)
    assert "cannot be used" in (await breaker.scan(GOOD)).detail.english
    clock.advance(FIRST_REST_MS)
    assert "cannot be used" in (await breaker.scan(GOOD)).detail.english
    async with clamd(tmp_path) as address:
        breaker._engine = Clamd(address)
        clock.advance(4 * FIRST_REST_MS)
        assert await breaker.scan(GOOD) == Clean()
        assert not breaker.fault
        await breaker.close()


async def test_engines_of_the_settings(tmp_path):
    assert scanner_of(ScanSettings(), SettableClock()) is None
    async with clamd(tmp_path) as address:
        scanner = scanner_of(ScanSettings(clamd=address, spamd="127.0.0.1:1"), SettableClock())
        assert scanner.finds_malware
        assert scanner.finds_spam
        assert await scanner.scan(GOOD, malware=True, spam=False) == Clean()
        assert isinstance(await scanner.scan(MALWARE["zip"], malware=True, spam=True), Infected)
        assert isinstance(await scanner.scan(GOOD, malware=True, spam=True), Unavailable)
        await scanner.close()
