import json
from collections.abc import AsyncIterator
from email.message import EmailMessage

import pytest
from tests.support.page_reader import PageReader

from tayori.runtime.clock import SettableClock
from tayori.sandbox.inbox import inbox_app
from tayori.sandbox.mailbox import Mailbox
from tayori.sandbox.summary import ago, octets
from tayori.sandbox.web import WebServer
from tayori.sandbox.world import Sandbox

EVIL = "\"'><script>alert(1)</script>"


@pytest.fixture
async def world() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=SettableClock()) as running:
        yield running


@pytest.fixture
def browser(world: Sandbox) -> PageReader:
    return PageReader(world.inbox_url.removesuffix("/inbox"))


def put(world: Sandbox, raw: bytes, *, to: str = "aiko@x.test", tls: str = "") -> None:
    world.mailbox.add(
        return_path="b@shop.test", recipients=(to,), raw=raw, received_at=1_790_000_000_000, tls=tls
    )


def evil_mail() -> bytes:
    message = EmailMessage()
    message["From"] = f'"{EVIL[2:]}" <a@shop.test>'
    message["To"] = "b@x.test"
    message["Subject"] = EVIL
    message["X-Evil"] = EVIL
    message.set_content(EVIL)
    message.add_alternative(f"<b>{EVIL}</b>", subtype="html")
    message.add_attachment(b"<script>", maintype="text", subtype="html", filename='../é"x.html')
    return message.as_bytes()


async def test_an_empty_inbox_tells_what_to_do(browser: PageReader) -> None:
    page = await browser.get("/")
    assert page.status == 200
    assert "No mail yet" in page.text
    assert "bounce@" in page.text
    assert "550 5.1.1" in page.text


async def test_mails_are_listed_newest_first(world: Sandbox, browser: PageReader) -> None:
    for number in range(60):
        put(world, b"From: Shop <a@shop.test>\r\nSubject: mail %d.\r\n\r\nHi" % number)
    page = (await browser.get("/inbox")).text
    assert page.index("mail 59.") < page.index("mail 58.")
    assert "mail 9." not in page
    assert "page 1 of 2" in page
    assert "mail 9." in (await browser.get("/inbox?page=2")).text
    assert (await browser.get("/inbox?page=9999999999")).status == 200
    assert (await browser.get("/inbox?page=-1")).status == 200
    assert "just now" in page
    assert "unsigned" in page
    assert "no TLS" in page


@pytest.mark.parametrize(
    "path",
    [
        "/inbox",
        *(f"/inbox/1?view={view}" for view in ("preview", "text", "headers", "source", "x")),
    ],
)
async def test_what_strangers_write_is_escaped(
    world: Sandbox, browser: PageReader, path: str
) -> None:
    put(world, evil_mail(), to=f"{EVIL}@x.test")
    page = await browser.get(path)
    assert page.status == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_html_is_shown_where_it_can_do_nothing(world: Sandbox, browser: PageReader) -> None:
    put(world, evil_mail())
    assert 'sandbox="allow-popups' in (await browser.get("/inbox/1")).text
    html = await browser.get("/inbox/1/html")
    policy = html.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "allow-scripts" not in policy
    assert "<b>" in html.text


async def test_downloads(world: Sandbox, browser: PageReader) -> None:
    put(world, evil_mail())
    eml = await browser.get("/inbox/1.eml")
    assert eml.body == evil_mail_of(world)
    part = await browser.get("/inbox/1/attachments/1")
    assert part.body.strip() == b"<script>"
    assert part.headers["content-type"] == "application/octet-stream"
    assert part.headers["x-content-type-options"] == "nosniff"
    disposition = part.headers["content-disposition"]
    assert disposition == "attachment; filename*=UTF-8''.._%C3%A9%22x.html"
    assert (await browser.get("/inbox/1/attachments/2")).status == 404


def evil_mail_of(world: Sandbox) -> bytes:
    mail = world.mailbox.get(1)
    assert mail is not None
    return mail.raw


@pytest.mark.parametrize("path", ["/inbox/7", "/inbox/7.eml", "/inbox/7/html", "/assets/inbox.py"])
async def test_what_is_not_there(browser: PageReader, path: str) -> None:
    page = await browser.get(path)
    assert page.status == 404
    assert "Not here" in page.text


@pytest.mark.parametrize("name", ["inbox.css", "inbox.js", "mark.svg"])
async def test_assets(browser: PageReader, name: str) -> None:
    assert (await browser.get(f"/assets/{name}")).status == 200


async def test_json(world: Sandbox, browser: PageReader) -> None:
    put(world, b"Subject: one\r\n\r\nHi", tls="TLSv1.3 AES")
    put(world, b"Subject: =?utf-7?q?+2AA-?=\r\n\r\n", to="other@x.test")
    told = json.loads((await browser.get("/inbox.json")).text)
    assert told["received"] == 2
    assert [mail["id"] for mail in told["mails"]] == [2, 1]
    assert told["mails"][1]["tls"] == "TLSv1.3 AES"
    narrowed = json.loads((await browser.get("/inbox.json?to=AIKO@x.test&limit=1")).text)
    assert [mail["subject"] for mail in narrowed["mails"]] == ["one"]


async def test_other_hosts_are_refused(browser: PageReader) -> None:
    # A web site can let its own name resolve to loopback; the browser then sends that name.
    assert (await browser.get("/inbox", host="evil.example")).status == 400


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff", b"Content-Type: multipart/mixed\r\n\r\n", b"From: \xff\xfe\r\n"]
)
async def test_malformed_mails_have_a_page(world: Sandbox, browser: PageReader, raw: bytes) -> None:
    put(world, raw)
    for path in ("/inbox", "/inbox/1", "/inbox/1?view=source", "/inbox/1/html", "/inbox.json"):
        assert (await browser.get(path)).status == 200


async def test_a_mail_that_has_gone_is_forgotten(world: Sandbox) -> None:
    mailbox = Mailbox(max_mails=1)
    server = WebServer(inbox_app(mailbox, world.verifier, SettableClock()))
    async with server:
        browser = PageReader(server.url)
        for subject in (b"first", b"second"):
            mailbox.add(
                return_path="", recipients=("a@x.test",), raw=b"Subject: " + subject, received_at=0
            )
            assert subject.decode() in (await browser.get("/inbox")).text
        assert "the newest 1 of 2" in (await browser.get("/inbox")).text
        assert (await browser.get("/inbox/1")).status == 404


def test_words_for_times_and_sizes() -> None:
    assert [ago(seconds) for seconds in (-5, 0, 61, 7300, 90_000, 200_000)] == [
        "just now",
        "just now",
        "1 min ago",
        "2 h ago",
        "1 day ago",
        "2 days ago",
    ]
    assert [octets(size) for size in (12, 1200, 3_400_000)] == ["12 B", "1.2 kB", "3.4 MB"]
