"""One day's TLS report about one domain, as JSON and as a mail (RFC 8460 4, 5.3). Pure."""

import gzip
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final

import msgspec

from tayori.delivery.security.model import ResultKey

CONTENT_TYPE: Final = "application/tlsrpt+gzip"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a report is about, and who makes it."""

    day: str
    domain: str
    submitter: str
    """Our host name."""
    contact: str
    """Our address for questions, also the sender."""

    @property
    def report_id(self) -> str:
        """Return the id, the same for every try."""
        return f"{self.day}.{self.domain}@{self.submitter}"

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Return the first and the last second of the day."""
        begin = datetime.combine(date.fromisoformat(self.day), time(), UTC)
        return begin, begin + timedelta(days=1, seconds=-1)


def compose(about: About, results: Sequence[tuple[ResultKey, int]]) -> bytes:
    """Return the report as compressed JSON, the same octets each time."""
    begin, end = about.span
    groups: defaultdict[tuple[str, tuple[str, ...], tuple[str, ...]], list[tuple[ResultKey, int]]]
    groups = defaultdict(list)
    for key, count in results:
        groups[key.kind, key.policy, key.mx].append((key, count))
    document = {
        "organization-name": about.submitter,
        "date-range": {"start-datetime": _utc(begin), "end-datetime": _utc(end)},
        "contact-info": f"mailto:{about.contact}",
        "report-id": about.report_id,
        "policies": [_policy(about.domain, of, some) for of, some in sorted(groups.items())],
    }
    return gzip.compress(msgspec.json.encode(document), mtime=0)


def file_name(about: About) -> str:
    """Return the name of the report's file (RFC 8460 5.1)."""
    begin, end = about.span
    seconds = f"{int(begin.timestamp())}!{int(end.timestamp())}"
    return f"{about.submitter}!{about.domain}!{seconds}.json.gz"


def mail(about: About, packed: bytes, to: str) -> tuple[str, str, bytes]:
    """Return subject, text and octets of the mail that carries a report."""
    subject = (
        f"Report Domain: {about.domain} Submitter: {about.submitter} Report-ID: <{about.report_id}>"
    )
    text = (
        f"This is a report about TLS on connections to mail hosts of {about.domain} on "
        f"{about.day} (UTC), as RFC 8460 defines it.\r\n"
    )
    message = EmailMessage(policy=SMTP)
    message["From"] = about.contact
    message["To"] = to
    message["Subject"] = subject
    message["TLS-Report-Domain"] = about.domain
    message["TLS-Report-Submitter"] = about.submitter
    # A report about broken TLS has to arrive in spite of it (RFC 8460 3, RFC 8689 5).
    message["TLS-Required"] = "No"
    message.set_content(text)
    maintype, _, subtype = CONTENT_TYPE.partition("/")
    message.add_attachment(packed, maintype=maintype, subtype=subtype, filename=file_name(about))
    message.set_type("multipart/report")
    message.set_param("report-type", "tlsrpt")
    return subject, text, message.as_bytes()


def _policy(
    domain: str,
    of: tuple[str, tuple[str, ...], tuple[str, ...]],
    results: Sequence[tuple[ResultKey, int]],
) -> dict[str, Any]:
    kind, policy, mx = of
    described: dict[str, Any] = {"policy-type": kind, "policy-domain": domain}
    if policy:
        described["policy-string"] = policy
    if mx:
        described["mx-host"] = mx
    failed = [(key, count) for key, count in results if key.result]
    summary = {
        "total-successful-session-count": sum(count for key, count in results if not key.result),
        "total-failure-session-count": sum(count for _, count in failed),
    }
    return {
        "policy": described,
        "summary": summary,
        "failure-details": [_failure(key, count) for key, count in failed],
    }


def _failure(key: ResultKey, count: int) -> dict[str, Any]:
    named = {
        "result-type": key.result,
        "sending-mta-ip": key.sending_ip,
        "receiving-mx-hostname": key.host,
        "receiving-ip": key.receiving_ip,
        "failed-session-count": count,
        "failure-reason-code": key.reason,
    }
    return {name: value for name, value in named.items() if value != ""}


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
