"""Engines look into mail that is forwarded to a customer; what they say stands in its header.

Reports that only we read are not scanned: nothing in them is opened. Failure rules: while an engine
cannot be asked, the mail waits and is asked about again.
"""

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


async def scan_fields(scanner: Scanner | None, content: bytes) -> tuple[bytes, ...] | Infected:
    """Return the header fields that tell what the engines said; ScannerDownError."""
    if scanner is None:
        return ()
    result = await scanner.scan(content, malware=True, spam=True)
    if isinstance(result, Infected):
        return result
    if isinstance(result, Unavailable):
        raise ScannerDownError(result.detail)
    fields = []
    if scanner.finds_malware:
        fields.append(encode_raw(VIRUS, b"clean"))
    if scanner.finds_spam:
        fields.append(encode_raw(STATUS, _status(result if isinstance(result, Spam) else None)))
    return tuple(fields)


def _status(spam: Spam | None) -> bytes:
    if spam is None:
        return b"No"
    tests = ",".join(spam.tests) or "none"
    text = f"Yes, score={spam.score:.1f} required={spam.limit:.1f} tests={tests}"
    return text.encode("ascii", "replace")
