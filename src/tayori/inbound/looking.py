"""Engines look into mail that is forwarded to a customer; what they say stands in its header.

Reports that only we read are not scanned: nothing in them is opened. Failure rules: while an engine
cannot be asked, the mail waits and is asked about again.
"""

from collections.abc import Collection
from dataclasses import dataclass

from tayori.events.model import Event, EventKind
from tayori.inbound.spool import SpooledMail
from tayori.mail.header import encode_raw
from tayori.screen.scanners.model import Infected, Spam, Unavailable
from tayori.screen.scanners.scanner import Scanner

STATUS = b"X-Spam-Status"
"""As SpamAssassin writes it, so that the customer's filters can sort by it."""
VIRUS = b"X-Virus-Scanned"
WRITTEN = frozenset({STATUS.lower(), VIRUS.lower()})
"""Fields that only we write; what a mail brought along is somebody's invention."""


class ScannerDownError(Exception):
    """No engine can tell about the mail at present."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the engines said: header fields for the mail, and what was found, "" for nothing."""

    fields: tuple[bytes, ...] = ()
    found: str = ""
    malware: bool = False

    def events(self, mail: SpooledMail, accounts: Collection[int]) -> tuple[Event, ...]:
        """Return the event of each account whose mail it is."""
        if not self.found:
            return ()
        data: dict[str, str | int] = {"found": self.found, "inbound": mail.id}
        return tuple(
            Event(at=mail.received_at, account_id=one, kind=EventKind.SCANNED, data=data)
            for one in sorted(accounts)
        )


async def look(scanner: Scanner | None, content: bytes) -> Scanned:
    """Ask the engines about a mail; ScannerDownError."""
    if scanner is None:
        return Scanned()
    result = await scanner.scan(content, malware=True, spam=True)
    if isinstance(result, Infected):
        return Scanned(found=result.name, malware=True)
    if isinstance(result, Unavailable):
        raise ScannerDownError(str(result.detail))
    spam = _status(result) if isinstance(result, Spam) else ""
    fields = []
    if scanner.finds_malware:
        fields.append(encode_raw(VIRUS, b"clean"))
    if scanner.finds_spam:
        fields.append(encode_raw(STATUS, (spam or "No").encode("ascii", "replace")))
    return Scanned(fields=tuple(fields), found=spam and f"spam: {spam}")


def _status(spam: Spam) -> str:
    tests = ",".join(spam.tests) or "none"
    return f"Yes, score={spam.score:.1f} required={spam.limit:.1f} tests={tests}"
