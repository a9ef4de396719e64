"""DMARC aggregate reports (RFC 9990, before it RFC 7489 appendix C) out of mails, as values.

Everything is bounded: parts, octets after unpacking, and rows. An archive gives its first file;
what unpacks to more than `MOST_OCTETS` is refused without unpacking the rest.
"""

import email
import email.policy
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tayori.mail.address import AddressError, parse_domain
from tayori.runtime.clock import SECOND

MOST_OCTETS: Final = 8 * 1024 * 1024
"""Of one report after unpacking."""
MOST_ROWS: Final = 20_000
MOST_PARTS: Final = 50
_LONGEST: Final = 200
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_WITH_HEADER: Final = 16 + zlib.MAX_WBITS
_BOUND: Final = 2**62
_POLICIES: Final = frozenset({"none", "quarantine", "reject"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """Mails of one source with one result; `dkim` and `spf` are pass or fail, aligned."""

    source: str
    header_from: str
    disposition: str
    dkim: str
    spf: str
    mails: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateReport:
    """One receiver's report on one domain (A-labels); times in milliseconds."""

    domain: str
    organisation: str
    report: str
    begins_at: int
    ends_at: int
    policy: str
    rows: tuple[ReportRow, ...]


@dataclass(frozen=True, slots=True)
class ReportFault:
    """Why an attachment is no report that can be read."""

    sentence: str


def read_reports(raw: bytes) -> list[AggregateReport | ReportFault]:
    """Return the reports in a mail and what is wrong with others; [] when it has none."""
    return [read_report(octets) for octets in _candidates(raw)]


def read_report(octets: bytes) -> AggregateReport | ReportFault:
    """Read one file: XML, or XML in gzip or zip."""
    xml = _unpacked(octets)
    if isinstance(xml, ReportFault):
        return xml
    try:
        root = fromstring(xml, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        return ReportFault(f"The report is no XML that can be read: {str(error)[:_LONGEST]}.")
    try:
        return _report(root)
    except ValueError as error:
        return ReportFault(f"The report cannot be read: {str(error)[:_LONGEST]}.")


def _candidates(raw: bytes) -> Iterator[bytes]:
    """Yield the files of a mail that look like a report, packed or not."""
    waiting: list[Message] = [email.message_from_bytes(raw, policy=email.policy.compat32)]
    seen = 0
    while waiting and seen < MOST_PARTS:
        part = waiting.pop()
        seen += 1
        inside = part.get_payload() if part.is_multipart() else None
        if isinstance(inside, list):
            waiting.extend(one for one in reversed(inside) if isinstance(one, Message))
            continue
        octets = part.get_payload(decode=True)
        if isinstance(octets, bytes) and _looks_like_one(part, octets):
            yield octets


def _looks_like_one(part: Message, octets: bytes) -> bool:
    if octets.startswith((_GZIP, _ZIP)):
        return True
    return part.get_content_type().endswith("xml") or octets.lstrip()[:5] == b"<?xml"


def _unpacked(octets: bytes) -> bytes | ReportFault:
    try:
        if octets.startswith(_GZIP):
            unpacker = zlib.decompressobj(_WITH_HEADER)
            return _bounded(unpacker.decompress(octets, MOST_OCTETS + 1))
        if octets.startswith(_ZIP):
            with zipfile.ZipFile(io.BytesIO(octets)) as archive:
                names = [one for one in archive.infolist() if not one.is_dir()]
                if not names:
                    return ReportFault("The archive is empty.")
                with archive.open(names[0]) as file:
                    return _bounded(file.read(MOST_OCTETS + 1))
    except (zlib.error, zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as error:
        return ReportFault(f"The archive cannot be unpacked: {str(error)[:_LONGEST]}.")
    except NotImplementedError:
        return ReportFault("The archive is packed in a way that is not known.")
    return _bounded(octets)


def _bounded(octets: bytes) -> bytes | ReportFault:
    if len(octets) > MOST_OCTETS:
        return ReportFault(f"The report unpacks to more than {MOST_OCTETS} octets.")
    return octets


def _report(root: Element) -> AggregateReport:
    # RFC 9990 has a namespace and older reports have none, so names are taken without.
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition("}")[2]
    if root.tag != "feedback":
        raise ValueError(f"it begins with {root.tag[:_LONGEST]!r}, not with feedback")
    domain = parse_domain(_text(root, "policy_published/domain"))
    if isinstance(domain, AddressError):
        raise ValueError("it names no domain")  # noqa: TRY004 - the report is at fault
    records = root.findall("record")
    if len(records) > MOST_ROWS:
        raise ValueError(f"it has more than {MOST_ROWS} records")
    policy = _text(root, "policy_published/p").lower()
    return AggregateReport(
        domain=domain,
        organisation=_needed(root, "report_metadata/org_name"),
        report=_needed(root, "report_metadata/report_id"),
        begins_at=_number(root, "report_metadata/date_range/begin") * SECOND,
        ends_at=_number(root, "report_metadata/date_range/end") * SECOND,
        policy=policy if policy in _POLICIES else "",
        rows=tuple(map(_row, records)),
    )


def _row(record: Element) -> ReportRow:
    disposition = _text(record, "row/policy_evaluated/disposition").lower()
    return ReportRow(
        source=_needed(record, "row/source_ip"),
        header_from=_text(record, "identifiers/header_from").lower(),
        disposition=disposition if disposition in _POLICIES else "none",
        dkim=_result(record, "row/policy_evaluated/dkim"),
        spf=_result(record, "row/policy_evaluated/spf"),
        mails=_number(record, "row/count"),
    )


def _result(record: Element, path: str) -> str:
    return "pass" if _text(record, path).lower() == "pass" else "fail"


def _number(element: Element, path: str) -> int:
    text = _text(element, path)
    if not (text.isascii() and text.isdigit() and len(text) <= 15):  # noqa: PLR2004 - in 2**62
        raise ValueError(f"{path} is no number")
    return min(int(text), _BOUND // SECOND)


def _needed(element: Element, path: str) -> str:
    text = _text(element, path)
    if not text:
        raise ValueError(f"{path} is missing")
    return text


def _text(element: Element, path: str) -> str:
    found = element.findtext(path) or ""
    return "".join(char if char.isprintable() else " " for char in found).strip()[:_LONGEST]
