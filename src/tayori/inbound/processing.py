"""The role that understands mail that came in: claimed, checked, read, and applied in batches.

A fault of ours puts a mail off and in the end aside, never away. A process that dies leaves leases
that run out; what it had applied is applied, and what it had not is read again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from tayori.classify.rules import Ruleset
from tayori.db.database import DatabaseBusyError
from tayori.dns.answers import Lookups
from tayori.inbound.authentication import Authentication, authenticate
from tayori.inbound.effect_store import EffectStore, Heard, Meaning
from tayori.inbound.forwarding import Forwarder, NotForwarded
from tayori.inbound.looking import Scanned, ScannerDownError, look
from tayori.inbound.reading import Reading, read
from tayori.inbound.routing import Destination, Purpose, Router, TokenKeys
from tayori.inbound.scoring import Scorer
from tayori.inbound.spool import MOST_ATTEMPTS, Disposition, SpooledMail
from tayori.inbound.spool_store import Spool
from tayori.runtime import log, metrics
from tayori.runtime.clock import Clock
from tayori.screen.scanners.scanner import Scanner
from tayori.screen.score.address import MailScore
from tayori.screen.score.model import BEST

_KEPT_REPORTS = frozenset({Purpose.TLS_REPORT})


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundNeeds:
    """What the work takes; `rules` returns the classification in force."""

    owner: str
    spool: Spool
    effects: EffectStore
    router: Router
    forwarder: Forwarder
    lookups: Lookups
    keys: TokenKeys
    host_name: str
    clock: Clock
    rules: Callable[[], Ruleset | None]
    scorer: Scorer
    """Scores what comes to one-time addresses."""
    heard: Callable[[Sequence[Heard]], Awaitable[None]] | None = None
    """Hears of refusals after they are committed; None where nobody reacts."""
    scanner: Scanner | None = None
    """Looks into what is forwarded; None without an engine."""


class Processing:
    """Understands what waits; `step` is a batch."""

    def __init__(self, needs: InboundNeeds) -> None:
        self._needs = needs
        self._log = log.get("inbound")

    async def step(self) -> bool:
        """Understand some mails; False when none was due."""
        needs = self._needs
        mails = await needs.spool.claim(needs.owner, needs.clock.now())
        if not mails:
            return False
        found = await asyncio.gather(*(self._meaning_or_none(mail) for mail in mails))
        ready = [meaning for meaning in found if meaning is not None]
        await self._apply(ready, {mail.id: mail for mail in mails})
        return True

    async def _meaning_or_none(self, mail: SpooledMail) -> Meaning | None:
        try:
            return await self._meaning(mail)
        except Exception as error:
            return await self._failed(mail, error)

    async def _failed(self, mail: SpooledMail, error: Exception) -> Meaning | None:
        """Put a mail off; one that failed too often, and not for want of a database, aside."""
        self._log.error("not_understood", mail=mail.id, attempts=mail.attempts, exc_info=error)
        waits = isinstance(error, DatabaseBusyError | ScannerDownError)
        if mail.attempts < MOST_ATTEMPTS or waits:
            await self._needs.spool.put_off(self._needs.owner, mail, self._needs.clock.now())
            return None
        note = f"A fault of ours keeps it from being understood: {type(error).__name__}."
        kept = Disposition(kind="failed", note=note, keep=True)
        return Meaning(mail_id=mail.id, at=mail.received_at, digest="", disposition=kept)

    async def _meaning(self, mail: SpooledMail) -> Meaning:
        needs = self._needs
        results = await authenticate(mail, needs.lookups, needs.host_name)
        routed = [await needs.router.route(one, mail.received_at) for one in mail.recipients]
        found = [one for one in routed if isinstance(one, Destination)]
        scored = [one for one in found if one.purpose is Purpose.SCORE]
        destinations = [one for one in found if one.purpose is not Purpose.SCORE]
        score = await needs.scorer.received(mail, results) if scored else None
        if score is not None and not destinations:
            return self._of_score(mail, score, scored, results)
        reading = await asyncio.to_thread(read, mail, destinations, needs.keys, needs.rules())
        scanned = await look(needs.scanner, mail.content) if reading.forwards else Scanned()
        disposition = await self._disposition(mail, reading, results, destinations, scanned)
        if disposition.keep:
            reading = replace(reading, findings=(), reports=())
        return Meaning(
            mail_id=mail.id,
            at=mail.received_at,
            digest=reading.digest,
            source_ip=reading.source_ip,
            disposition=disposition,
            findings=reading.findings,
            reports=reading.reports,
            events=scanned.events(mail, _accounts(reading)),
            scores=tuple((one.score_id, score) for one in scored if score is not None),
        )

    def _of_score(
        self,
        mail: SpooledMail,
        score: MailScore,
        scored: Sequence[Destination],
        results: Authentication,
    ) -> Meaning:
        """Return the meaning of a mail that came for its score alone; its content is erased."""
        disposition = Disposition(
            kind="score",
            note=f"It has {score.score.points:g} of {BEST:g} points.",
            header_from=_plain(score.header_from),
            subject=_plain(score.subject),
            authentication=results.header_value(self._needs.host_name),
        )
        return Meaning(
            mail_id=mail.id,
            at=mail.received_at,
            digest="",
            disposition=disposition,
            scores=tuple((one.score_id, score) for one in scored),
        )

    async def _disposition(
        self,
        mail: SpooledMail,
        reading: Reading,
        results: Authentication,
        destinations: Sequence[Destination],
        scanned: Scanned,
    ) -> Disposition:
        known = Disposition(
            kind=reading.kind,
            note="",
            header_from=_plain(reading.header_from),
            subject=_plain(reading.subject),
            authentication=results.header_value(self._needs.host_name),
        )
        if reading.unresolved:
            kept = any(each.purpose in _KEPT_REPORTS for each in destinations)
            return replace(
                known, keep=True, note="A report on TLS." if kept else _plain(reading.unresolved)
            )
        if results.rejects and (reading.forwards or reading.reports):
            note = f"{results.author_domain} asks to refuse what fails DMARC, as this mail does."
            return replace(known, keep=True, note=note)
        if reading.forwards:
            return await self._forward(mail, reading, known, scanned)
        return known

    async def _forward(
        self, mail: SpooledMail, reading: Reading, known: Disposition, scanned: Scanned
    ) -> Disposition:
        """Forward a mail once for each domain that it was written to."""
        by_domain = {each.domain: each for each in reversed(reading.forwards)}
        if scanned.malware:
            note = f"Malware was found in it ({scanned.found}); it was not forwarded."
            return replace(known, kind="malware", keep=True, note=note)
        forwarder = self._needs.forwarder
        answers = [
            await forwarder.forward(mail, each, scanned.fields) for each in by_domain.values()
        ]
        notes = [each.note if isinstance(each, NotForwarded) else each for each in answers]
        kept = any(isinstance(each, NotForwarded) for each in answers)
        return replace(known, keep=kept, note=_plain(" ".join(notes)))

    async def _apply(self, meanings: Sequence[Meaning], mails: dict[int, SpooledMail]) -> None:
        """Apply a batch; when it fails, each mail alone, so that one harms no other."""
        if not meanings:
            return
        try:
            refusals = await self._needs.effects.apply(self._needs.owner, meanings)
        except Exception as error:
            if len(meanings) > 1:
                for each in meanings:
                    await self._apply([each], mails)
                return
            kept = await self._failed(mails[meanings[0].mail_id], error)
            if kept is not None:
                await self._needs.effects.apply(self._needs.owner, [kept])
            return
        for each in meanings:
            metrics.INBOUND.labels(each.disposition.kind).inc()
        if refusals and self._needs.heard is not None:
            await self._tell(self._needs.heard, refusals)

    async def _tell(
        self, heard: Callable[[Sequence[Heard]], Awaitable[None]], refusals: Sequence[Heard]
    ) -> None:
        try:
            await heard(refusals)
        except Exception:
            # The mails are done with; a reaction that this one would have begun, others begin.
            self._log.exception("refusals_not_heard", count=len(refusals))


def _accounts(reading: Reading) -> set[int]:
    return {each.domain.account_id for each in reading.forwards if each.domain is not None}


def _plain(text: str) -> str:
    """Return a text that both databases take and a terminal shows."""
    return "".join(char if char.isprintable() else " " for char in text)
