"""What the inbox page and its JSON tell about a mail, kept so that each mail is read only once."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr

from tayori.mail.reading import ReadMail, read_mail
from tayori.sandbox.mailbox import Mailbox, ReceivedMail
from tayori.sandbox.verifier import DkimVerifier, SignatureResult

_HUES = 8
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One line of the inbox. Texts are a stranger's: escape them."""

    id: int
    sender: str
    sender_name: str
    sender_address: str
    to: str
    subject: str
    snippet: str
    return_path: str
    recipients: tuple[str, ...]
    received_at: int
    tls: str
    peer: str
    helo: str
    size: int
    attachments: tuple[str, ...]
    dkim: tuple[SignatureResult, ...]

    @property
    def dkim_passed(self) -> bool:
        """Tell whether there are signatures and all of them hold."""
        return bool(self.dkim) and all(result.passed for result in self.dkim)

    @property
    def shown_name(self) -> str:
        """Return the sender's name, or what there is of an address."""
        return self.sender_name or self.sender_address or self.return_path or "(null sender)"

    @property
    def initial(self) -> str:
        """Return the first letter of the sender."""
        return next((letter.upper() for letter in self.shown_name if letter.isalnum()), "@")

    @property
    def hue(self) -> int:
        """Return one of eight colours, the same for the same sender."""
        return sum(self.sender_address.encode("utf-8", "replace")) % _HUES

    @property
    def received(self) -> datetime:
        """Return when it came, in the machine's time zone."""
        return datetime.fromtimestamp(self.received_at / 1000, UTC).astimezone()

    @property
    def tls_version(self) -> str:
        """Return "TLS 1.3" or the like, "" in clear."""
        return self.tls.partition(" ")[0].replace("TLSv", "TLS ")


class Summaries:
    """Reads and verifies each mail of a mailbox once; what has left the mailbox is forgotten."""

    def __init__(self, mailbox: Mailbox, verifier: DkimVerifier) -> None:
        self._mailbox = mailbox
        self._verifier = verifier
        self._known: dict[int, Summary] = {}

    async def of(self, mails: list[ReceivedMail]) -> list[Summary]:
        """Return the summaries of mails, in their order."""
        for gone in [known for known in self._known if self._mailbox.get(known) is None]:
            del self._known[gone]
        return list(await asyncio.gather(*(self._of(mail) for mail in mails)))

    async def _of(self, mail: ReceivedMail) -> Summary:
        known = self._known.get(mail.id)
        if known is not None:
            return known
        results = await self._verifier.verify(mail.raw)
        found = summarise(mail, await asyncio.to_thread(read_mail, mail.raw), results)
        if not any(result.temporary for result in results):
            self._known[mail.id] = found
        return found


def summarise(mail: ReceivedMail, read: ReadMail, dkim: tuple[SignatureResult, ...]) -> Summary:
    """Put together what is told about a mail."""
    name, address = parseaddr(read.sender)
    return Summary(
        id=mail.id,
        sender=read.sender,
        sender_name=name,
        sender_address=address or read.sender,
        to=read.to or ", ".join(mail.recipients),
        subject=read.subject,
        snippet=read.snippet,
        return_path=mail.return_path,
        recipients=mail.recipients,
        received_at=mail.received_at,
        tls=mail.tls,
        peer=mail.peer,
        helo=mail.helo,
        size=len(mail.raw),
        attachments=tuple(part.name for part in read.attachments),
        dkim=dkim,
    )


def ago(seconds: float) -> str:
    """Return how long ago something was, in words."""
    if seconds < _MINUTE_S:
        return "just now"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S:.0f} min ago"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S:.0f} h ago"
    days = seconds // _DAY_S
    return f"{days:.0f} day{'' if days == 1 else 's'} ago"


def octets(size: int) -> str:
    """Return a size for people."""
    if size < 1000:  # noqa: PLR2004 - SI prefixes
        return f"{size} B"
    if size < 1_000_000:  # noqa: PLR2004
        return f"{size / 1000:.1f} kB"
    return f"{size / 1_000_000:.1f} MB"
