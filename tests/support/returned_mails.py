"""Mails as receivers send them back, each about a recipient that a test names."""

from collections.abc import Sequence

CRLF = b"\r\n"


def _lines(text: str) -> bytes:
    return text.strip("\n").replace("\n", "\r\n").encode() + CRLF


def dsn(
    address: str,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    reply: str = "550 5.1.1 User unknown in virtual mailbox table",
    message_id: str = "<dsn1@relay.test>",
) -> bytes:
    """A report as of RFC 3464."""
    return _lines(f"""
From: MAILER-DAEMON@relay.test (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="BB"

--BB
Content-Type: text/plain; charset=us-ascii

This is the mail system at host relay.test about <{address}>.

--BB
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {reply}

--BB
Content-Type: message/rfc822

From: Shop <news@mail.shop.test>
To: {address}
Subject: Your order

Hello
--BB--
""")


def complaint(header: str, *, kind: str = "abuse") -> bytes:
    """A redacted complaint (RFC 5965): only `header` tells what it is about."""
    return _lines(f"""
From: fbl@feedback.test
Subject: FW: Your order
Message-ID: <fbl1@feedback.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="AA"

--AA
Content-Type: text/plain

This is an email abuse report.

--AA
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Feedback/1.0
Version: 1
Source-IP: 192.0.2.7
Original-Rcpt-To: <redacted>

--AA
Content-Type: message/rfc822

From: Shop <news@mail.shop.test>
To: undisclosed-recipients:;
Subject: Your order
{header}

Hello

--AA--
""")


def letter(
    subject: str = "Hello",
    *,
    author: str = "Ann <ann@people.test>",
    fields: Sequence[str] = (),
    body: str = "Good morning",
) -> bytes:
    """A mail that a person or a program wrote."""
    more = "".join(f"\n{field}" for field in fields)
    return _lines(f"""
From: {author}
To: news@mail.shop.test
Subject: {subject}
Message-ID: <letter1@people.test>{more}

{body}
""")
