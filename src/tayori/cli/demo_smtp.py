"""The demo's mails by SMTP: the standard library's client, as any application would use it."""

import asyncio
import smtplib
import ssl
from email import policy
from email.message import EmailMessage

from tayori.cli.demo_step import Advance, Expected
from tayori.cli.trial import SENDER, Trial

DOOR = "SMTP"
_MAILS = (
    ("ana@outlook.com", "Your invoice", "The invoice is attached.", "Invoice 2026-11.txt"),
    ("hanako@yahoo.co.jp", "領収書をお送りします", "ありがとうございました。", ""),
)


async def send_by_smtp(found: Trial, advance: Advance) -> list[Expected]:
    """Send mails over STARTTLS, logged in as the sender; one has a file attached."""
    sent = []
    for to, subject, text, file_name in _MAILS:
        mail = _mail(found, to, subject, text, file_name)
        message_id = await asyncio.to_thread(_send, found, mail)
        sent.append(Expected(message_id=message_id, to=to, subject=subject, door=DOOR))
        advance(len(_MAILS))
    return sent


def _mail(found: Trial, to: str, subject: str, text: str, file_name: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = found.sender
    mail["To"] = to
    mail["Subject"] = subject
    mail.set_content(text)
    if file_name:
        mail.add_attachment("10382  Tea, green, 200 g   12.80\n", filename=file_name)
    return mail


def _send(found: Trial, mail: EmailMessage) -> str:
    """Return the MessageId, which the server's answer to the content ends with."""
    host, _, port = found.addresses.submission.rpartition(":")
    # The sandbox made its certificate itself a moment ago: nobody could know it.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with smtplib.SMTP(host, int(port), timeout=30) as client:
        client.starttls(context=context)
        client.login(SENDER, found.smtp_password)
        client.mail(SENDER)
        client.rcpt(str(mail["To"]))
        code, answer = client.data(mail.as_bytes(policy=policy.SMTP))
    if code != 250:  # noqa: PLR2004 - RFC 5321 4.2.3: the mail was taken
        raise smtplib.SMTPDataError(code, answer)
    return answer.decode().split()[-1]
