"""The mail that every SMTP client sends, and its comparison with what arrived, part by part."""

import email
from collections import Counter
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

from tayori.cli.trial import SENDER, Trial
from tayori.sandbox.mailbox import ReceivedMail

SUBJECT = "注文書とご請求書: Ünïcode subject 📦 that is long enough to be folded by every client"
TEXT = "こんにちは\n\n.a line that begins with a dot\nGrüße, Tayori\n"
HTML = '<p>こんにちは <img src="cid:logo@shop.test" alt="logo"></p>\n'
FILE_NAME = "請求書 nº 10382.pdf"
FILE = b"%PDF-1.7\n" + bytes(range(256)) * 40
IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(range(255, -1, -1)) * 4
IMAGE_ID = "<logo@shop.test>"


@dataclass(frozen=True, slots=True, order=True)
class Leaf:
    """One part that holds no others, decoded."""

    kind: str
    disposition: str
    file_name: str
    content_id: str
    content: bytes


TEXT_LEAF = Leaf("text/plain", "", "", "", TEXT.encode())
HTML_LEAF = Leaf("text/html", "", "", "", HTML.encode())
FILE_LEAF = Leaf("application/octet-stream", "attachment", FILE_NAME, "", FILE)
IMAGE_LEAF = Leaf("image/png", "inline", "logo.png", IMAGE_ID, IMAGE)
ALL = [TEXT_LEAF, HTML_LEAF, FILE_LEAF, IMAGE_LEAF]


def leaves(octets: bytes) -> list[Leaf]:
    """Return all parts in order, texts with LF as line end."""
    found = []
    for part in read(octets).walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        text = part.get_content_maintype() == "text"
        found.append(
            Leaf(
                part.get_content_type(),
                part.get_content_disposition() or "",
                part.get_filename() or "",
                part.get("Content-ID", ""),
                content.replace(b"\r\n", b"\n") if text else content,
            )
        )
    return found


def read(octets: bytes) -> EmailMessage:
    """Read a mail by the standard library."""
    parsed = email.message_from_bytes(octets, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def composed(found: Trial, to: str, hidden: str = "") -> EmailMessage:
    """Return the mail with everything in it, as the standard library composes it."""
    mail = EmailMessage()
    mail["From"] = found.sender
    mail["To"] = to
    mail["Subject"] = SUBJECT
    if hidden:
        mail["Bcc"] = hidden
    mail.set_content(TEXT)
    mail.add_alternative(HTML, subtype="html")
    html = mail.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(IMAGE, "image", "png", cid=IMAGE_ID, filename="logo.png", disposition="inline")
    mail.add_attachment(FILE, "application", "octet-stream", filename=FILE_NAME)
    return mail


async def expect(found: Trial, to: str, parts: list[Leaf], hidden: str, subject: str) -> None:
    """Wait for the copies of both recipients and compare them with what was sent."""
    for recipient in (to, hidden):
        received = await found.world.mailbox.wait_for_recipient(recipient)
        check_headers(received, subject)
        assert hidden.encode() not in received.raw
        assert sorted(leaves(received.raw)) == sorted(parts)
        results = await found.world.verifier.verify(received.raw)
        assert [result.passed for result in results] == [True] * max(1, len(results))


def check_headers(received: ReceivedMail, subject: str) -> None:
    """Compare what every copy has to say about itself."""
    header = read(received.raw)
    # Some clients fold before the first word; the space that is left is no part of it.
    assert str(header["Subject"]).strip() == subject
    assert header["From"].addresses[0].addr_spec == SENDER
    assert received.return_path.endswith("@shop.test")
    counts = Counter(name.lower() for name in header)
    assert [counts[name] for name in ("date", "message-id", "to", "bcc")] == [1, 1, 1, 0]
