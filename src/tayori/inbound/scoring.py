"""Scores of mails as they arrive, of mails in files, and of templates.

What strangers wrote is read in a thread, and at most a few at a time. What the DNS or an engine
cannot tell is unknown and costs nothing.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tayori.dns.answers import Lookups
from tayori.inbound.authentication import Authentication as Results
from tayori.inbound.file_authentication import authentication_of, signature_of
from tayori.inbound.passage import LIMIT_S, passage_of
from tayori.inbound.spool import NewMail
from tayori.screen.review import Reviewer
from tayori.screen.scanners.model import Clean, Infected, ScanResult, Spam
from tayori.screen.scanners.scanner import Scanner
from tayori.screen.score.address import MailScore
from tayori.screen.score.evidence import (
    Authentication,
    Evidence,
    Passage,
    Result,
    evidence_of_content,
    evidence_of_mail,
)
from tayori.screen.score.grade import grade
from tayori.screen.score.model import Score

_SPF: Final = {"pass": Result.PASS, "none": Result.NONE, "temperror": Result.UNKNOWN}
"""All other results fail: neutral says no more than nothing, permerror is a record nobody reads."""
_DMARC: Final = {"pass": Result.PASS, "none": Result.NONE, "fail": Result.FAIL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A score with what it was made from."""

    score: Score
    evidence: Evidence


@dataclass(slots=True, kw_only=True)
class Scorer:
    """Scores; `zones` are block lists that are asked about the server that hands a mail over."""

    reviewer: Reviewer
    lookups: Lookups
    scanner: Scanner | None = None
    zones: Sequence[str] = ()
    at_once: int = 4
    limit_s: float = LIMIT_S
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Make the places."""
        self._places = asyncio.Semaphore(self.at_once)

    async def received(self, mail: NewMail, results: Results) -> MailScore:
        """Return the score of a mail that came, with how it came."""
        async with self._places:
            passage, verdict = await asyncio.gather(
                passage_of(mail, self.lookups, self.zones, self.limit_s),
                self._verdict(mail.content),
            )
            found = await asyncio.to_thread(
                self._of_mail, mail.content, _known(results), passage, verdict
            )
        return MailScore(
            scored_at=mail.received_at,
            score=found.score,
            business=found.evidence.review.business,
            header_from=", ".join(found.evidence.values.get("from", [])),
            subject=found.evidence.subject,
            facts=_facts(passage, results, self.zones, self._said(verdict)),
        )

    async def mail(self, raw: bytes) -> Scored:
        """Return the score of a mail as it lies in a file."""
        async with self._places:
            known, verdict = await asyncio.gather(
                authentication_of(raw, self.lookups), self._verdict(raw)
            )
            return await asyncio.to_thread(self._of_mail, raw, known, None, verdict)

    async def content(self, html: str, text: str, *, name: str = "") -> Scored:
        """Return the score of a template's content; what only a whole mail has costs nothing."""
        async with self._places:
            return await asyncio.to_thread(self._of_content, html, text, name)

    async def _verdict(self, raw: bytes) -> ScanResult | None:
        if self.scanner is None:
            return None
        return await self.scanner.scan(raw, malware=True, spam=True)

    def _said(self, verdict: ScanResult | None) -> str:
        match verdict:
            case None:
                return "none connected"
            case Clean():
                return "clean"
            case Infected(name=name):
                return f"malware: {name}"
            case Spam(score=score, limit=limit):
                return f"spam: {score:.1f} of {limit:.1f}"
            case _:
                return "no answer"

    def _of_mail(
        self,
        raw: bytes,
        known: Authentication | None,
        passage: Passage | None,
        verdict: ScanResult | None,
    ) -> Scored:
        self.reviewer.refresh()
        evidence = evidence_of_mail(self.reviewer, raw, known, passage=passage, verdict=verdict)
        return Scored(score=grade(evidence), evidence=evidence)

    def _of_content(self, html: str, text: str, name: str) -> Scored:
        self.reviewer.refresh()
        evidence = evidence_of_content(self.reviewer, html, text, name=name)
        return Scored(score=grade(evidence), evidence=evidence)


def _known(results: Results) -> Authentication | None:
    """Return the results as evidence; None for a mail without one author's domain."""
    if not results.author_domain:
        return None
    return Authentication(
        from_domain=results.author_domain,
        signatures=tuple(map(signature_of, results.dkim)),
        spf=_SPF.get(results.spf.result, Result.FAIL),
        spf_domain=results.spf.domain,
        dmarc=_DMARC.get(results.dmarc, Result.UNKNOWN),
    )


def _facts(
    passage: Passage, results: Results, zones: Sequence[str], engines: str
) -> dict[str, str]:
    listed = ", ".join(zone for zone, _ in passage.listed)
    dkim = ", ".join(f"{each.result} ({each.domain})" for each in results.dkim)
    return {
        "client": passage.client,
        "helo": passage.helo,
        "reverse_name": ", ".join(passage.names),
        "tls": passage.tls or "none",
        "spf": f"{results.spf.result} ({results.spf.domain})",
        "dkim": dkim or "none",
        "dmarc": f"{results.dmarc} ({results.author_domain})",
        "block_lists": listed or ("not listed" if zones else "none asked"),
        "engines": engines,
    }
