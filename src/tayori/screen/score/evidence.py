"""What a score is made from: content, and for a whole mail its header and authentication (pure)."""

from dataclasses import dataclass, field
from enum import StrEnum

from tayori.mail.reading import ReadMail, read_mail
from tayori.screen.model import Business, Review
from tayori.screen.page import Page, read_page
from tayori.screen.review import Reviewer
from tayori.screen.scanners.model import Clean, ScanResult


class Result(StrEnum):
    """What a method of authentication came to (RFC 8601 2.7, shortened)."""

    PASS = "pass"  # noqa: S105 - a result, no secret
    FAIL = "fail"
    NONE = "none"
    """There is nothing to check: no signature, no record."""
    UNKNOWN = "unknown"
    """Nobody could tell; costs nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One DKIM signature: its domain, and whether it holds."""

    domain: str
    result: Result
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """What is known of who sent a mail. `from_domain` is the one that readers see."""

    from_domain: str
    signatures: tuple[Signature, ...] = ()
    spf: Result = Result.UNKNOWN
    spf_domain: str = ""
    """The domain that SPF was checked for, "" where it was only looked for."""
    dmarc: Result = Result.UNKNOWN
    """NONE: there is no record; FAIL: neither SPF nor DKIM passed for the domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """How a mail was handed over, from the side of the server that took it."""

    client: str
    """The address that it came from."""
    helo: str
    tls: str
    """Version and cipher, "" in clear."""
    names: tuple[str, ...] = ()
    """The names of the address (PTR)."""
    reverse: Result = Result.UNKNOWN
    """PASS: a name leads back to the address; NONE: it has no name; FAIL: none leads back."""
    greeting: Result = Result.UNKNOWN
    """PASS: HELO leads to the address; NONE: it is no host name; FAIL: it leads elsewhere."""
    listed: tuple[tuple[str, str], ...] = ()
    """Block lists that name the address, each with its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that checks look at; `mail` is None for a template."""

    subject: str
    html: str
    text: str
    page: Page
    review: Review
    octets: int
    mail: ReadMail | None = None
    authentication: Authentication | None = None
    passage: Passage | None = None
    """None where nobody saw the mail come."""
    verdict: ScanResult = field(default_factory=Clean)
    """What the engines say; Clean without any."""
    values: dict[str, list[str]] = field(default_factory=dict)
    """Header fields of the mail by lower-case name."""

    @property
    def marketing(self) -> bool:
        """Tell whether it sells, so that readers must be able to end it."""
        return self.review.business is Business.MARKETING


def evidence_of_content(reviewer: Reviewer, html: str, text: str, *, name: str = "") -> Evidence:
    """Look at a template; what only a whole mail has costs it nothing."""
    return Evidence(
        subject=name,
        html=html,
        text=text,
        page=read_page(html, text),
        review=reviewer.review(html, text, name=name),
        octets=len(html.encode()) + len(text.encode()),
    )


def evidence_of_mail(
    reviewer: Reviewer,
    raw: bytes,
    authentication: Authentication | None = None,
    *,
    passage: Passage | None = None,
    verdict: ScanResult | None = None,
) -> Evidence:
    """Look at a whole mail as it was received; any octets give evidence."""
    mail = read_mail(raw)
    values: dict[str, list[str]] = {}
    for header, value in mail.headers:
        values.setdefault(header.lower(), []).append(value)
    return Evidence(
        subject=mail.subject,
        html=mail.html,
        text=mail.text,
        page=read_page(mail.html, mail.text),
        review=reviewer.review(mail.html, mail.text, name=mail.subject),
        octets=len(raw),
        mail=mail,
        authentication=authentication,
        passage=passage,
        verdict=verdict or Clean(),
        values=values,
    )
