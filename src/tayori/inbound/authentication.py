"""Who a mail that came in is really from: SPF, DKIM and DMARC, as Authentication-Results has it.

DMARC is evaluated by RFC 9989: the policy record by a tree walk, and alignment by the domains that
the walk calls organisational.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from authres import (
    AuthenticationResultsHeader,
    DKIMAuthenticationResult,
    SPFAuthenticationResult,
    dmarc,
)

from tayori.dns.answers import Answer, Lookups, TemporaryFailure
from tayori.inbound.sender_checks import (
    LIMIT_S,
    Asker,
    DkimResult,
    SpfResult,
    check_dkim,
    check_spf,
)
from tayori.inbound.spool import NewMail
from tayori.mail.address import AddressError
from tayori.mail.address_list import read_mailboxes
from tayori.mail.message import split_message
from tayori.tenants.verification.dmarc import (
    Applied,
    DmarcRecord,
    applied,
    ends_walk,
    only_record,
    organisational,
    tree_walk,
)

_Walked = list[tuple[str, DmarcRecord | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """The results; `policy` is what the author's domain asks for when DMARC fails."""

    spf: SpfResult
    dkim: tuple[DkimResult, ...]
    dmarc: str
    """pass, fail, none, temperror or permerror."""
    author_domain: str = ""
    policy: str = "none"

    @property
    def rejects(self) -> bool:
        """Tell whether the author's domain wants the mail refused."""
        return self.dmarc == "fail" and self.policy == "reject"

    def header_value(self, host_name: str) -> str:
        """Return the value of Authentication-Results (RFC 8601 2.2)."""
        results = [
            _spf_result(self.spf),
            *map(_dkim_result, self.dkim),
            dmarc.DMARCAuthenticationResult(
                result=self.dmarc,
                header_from=self.author_domain or None,
                policy=self.policy if self.dmarc == "fail" else None,
            ),
        ]
        header = AuthenticationResultsHeader(authserv_id=host_name, results=results)
        return str(header.header_value())


async def authenticate(
    mail: NewMail, lookups: Lookups, host_name: str, limit_s: float = LIMIT_S
) -> Authentication:
    """Check a mail by what the DNS says now, within twice `limit_s` seconds."""
    asker = Asker(lookups, limit_s)
    spf_result, dkim_results = await asyncio.to_thread(_check, asker, mail, host_name)
    author = author_domain(mail.content)
    try:
        async with asyncio.timeout(limit_s):
            outcome, policy = await _dmarc(lookups, author, spf_result, dkim_results)
    except TimeoutError:
        outcome, policy = "temperror", "none"
    return Authentication(
        spf=spf_result,
        dkim=tuple(dkim_results),
        dmarc=outcome,
        author_domain=author,
        policy=policy,
    )


def _check(asker: Asker, mail: NewMail, host_name: str) -> tuple[SpfResult, list[DkimResult]]:
    spf_result = check_spf(asker, mail.client, mail.mail_from, mail.helo, host_name)
    return spf_result, check_dkim(asker, mail.content)


def author_domain(content: bytes) -> str:
    """Return the domain of the one author; "" when there is no From, or not just one domain."""
    values = split_message(content).values(b"from")
    if len(values) != 1:
        return ""
    mailboxes = read_mailboxes(values[0].decode("utf-8", "replace"))
    if isinstance(mailboxes, AddressError):
        return ""
    domains = {mailbox.address.domain for mailbox in mailboxes}
    return domains.pop() if len(domains) == 1 else ""


async def _dmarc(
    lookups: Lookups, author: str, spf_result: SpfResult, dkim_results: Sequence[DkimResult]
) -> tuple[str, str]:
    """Return DMARC's result and the policy that applies (RFC 9989 5.3)."""
    if not author:
        return "permerror", "none"
    walked = await _walk(lookups, author)
    if walked is None:
        return "temperror", "none"
    found = applied(author, walked)
    if found is None:
        return "none", "none"
    passed = [(each.domain, found.record.adkim) for each in dkim_results if each.result == "pass"]
    if spf_result.result == "pass":
        passed.append((spf_result.domain, found.record.aspf))
    organisation = organisational(author, walked)
    for domain, mode in passed:
        if domain == author:
            return "pass", "none"
        if mode == "r" and await _organisation(lookups, domain) == organisation:
            return "pass", "none"
    unsure = spf_result.result == "temperror" or any(
        each.result == "temperror" for each in dkim_results
    )
    return ("temperror", "none") if unsure else ("fail", _policy(found, author))


def _policy(found: Applied, author: str) -> str:
    return found.record.policy(inherited=found.domain != author)


async def _organisation(lookups: Lookups, domain: str) -> str | None:
    walked = await _walk(lookups, domain)
    return None if walked is None else organisational(domain, walked)


async def _walk(lookups: Lookups, domain: str) -> _Walked | None:
    """Return the records of a tree walk in order; None when the DNS cannot tell now."""
    walked: _Walked = []
    for name in tree_walk(domain):
        found = await lookups.lookup(f"_dmarc.{name}", "TXT")
        if isinstance(found, TemporaryFailure):
            return None
        texts = [text.decode("utf-8", "backslashreplace") for text in _texts(found)]
        walked.append((name, only_record(texts)))
        if ends_walk(walked[-1][1]):
            break
    return walked


def _texts(found: object) -> tuple[bytes, ...]:
    return found.texts if isinstance(found, Answer) else ()


def _spf_result(result: SpfResult) -> SPFAuthenticationResult:
    named = {"smtp_mailfrom" if result.identity == "mailfrom" else "smtp_helo": result.domain}
    return SPFAuthenticationResult(result=result.result, reason=result.reason or None, **named)


def _dkim_result(result: DkimResult) -> DKIMAuthenticationResult:
    return DKIMAuthenticationResult(
        result=result.result,
        reason=result.reason or None,
        header_d=result.domain or None,
        header_s=result.selector or None,
    )
