"""Sends the reports of the days that are over, each once over all processes (RFC 8460 3).

By mail through the one door, from the sender that the operator chose, or by https. A report that
cannot be handed over is tried again for a day. Reports of a day are spread over four hours.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from typing import Final

import msgspec

from tayori.accept.submission import Accepted, RawMail, Source, Submission
from tayori.catalog.tracking_model import Switches
from tayori.delivery.security.fetch import Web
from tayori.delivery.security.model import ResultKey
from tayori.delivery.security.report import CONTENT_TYPE, About, compose, mail
from tayori.delivery.security.report_store import ReportState, ReportStore
from tayori.delivery.security.results import Wanted, day_of
from tayori.mail.address import AddressError, Mailbox, parse_address
from tayori.refusal.refusal import Refusal
from tayori.runtime import log
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND, Clock
from tayori.tenants.model import Account

SPREAD_MS: Final = 4 * HOUR
CLAIM_MS: Final = 30 * MINUTE
RETRY_MS: Final = HOUR
MOST_TRIES: Final = 24
KEPT_MS: Final = 14 * DAY
AT_ONCE: Final = 500
_KEY: Final = msgspec.json.Decoder(ResultKey)

Accept = Callable[[Submission], Awaitable[Accepted | Refusal]]
FindAccount = Callable[[str], Awaitable[Account | None]]


class Reporter:
    """`sender` is the address that reports come from; `account_of` finds whose it is."""

    def __init__(
        self,
        *,
        store: ReportStore,
        wanted: Wanted,
        web: Web,
        accept: Accept,
        account_of: FindAccount,
        sender: str,
        submitter: str,
        clock: Clock,
    ) -> None:
        self._store = store
        self._wanted = wanted
        self._web = web
        self._accept = accept
        self._account_of = account_of
        self._sender = sender
        self._submitter = submitter
        self._clock = clock

    async def run(self) -> int:
        """Send what is due now; return how many reports were sent."""
        now = self._clock.now()
        sent = 0
        for day, domain in await self._store.open_reports(day_of(now), now, AT_ONCE):
            if now < _due_at(day, domain):
                continue
            tries = await self._store.take(day, domain, now, now + CLAIM_MS)
            if tries:
                sent += await self._send(day, domain, tries)
        await self._store.forget(day_of(now - KEPT_MS))
        return sent

    async def _send(self, day: str, domain: str, tries: int) -> bool:
        about = About(day=day, domain=domain, submitter=self._submitter, contact=self._sender)
        stored = await self._store.of_day(day, domain)
        results = [(_KEY.decode(key), count) for key, count in stored]
        packed = compose(about, results)
        places = await self._wanted.by(domain)
        trouble = "" if places else "The domain asks for no reports any more."
        done = False
        for place in places:
            wrong = await self._hand_over(about, packed, place)
            trouble = trouble or wrong
            done = done or not wrong
        now = self._clock.now()
        over = not places or tries >= MOST_TRIES
        state = "sent" if done else "failed" if over else "sending"
        await self._store.settle(
            ReportState(
                day=day,
                domain=domain,
                state=state,
                tries=tries,
                due_at=now + RETRY_MS,
                detail=trouble,
            )
        )
        log.get("tls").info("tls_report", domain=domain, day=day, state=state, trouble=trouble)
        return done

    async def _hand_over(self, about: About, packed: bytes, place: str) -> str:
        """Give a report to one place; return what went wrong, "" when nothing did."""
        if place.lower().startswith("https:"):
            return await self._web.post(place, packed, CONTENT_TYPE)
        to, sender = parse_address(place.partition(":")[2]), parse_address(self._sender)
        if isinstance(to, AddressError) or isinstance(sender, AddressError):
            return f"{place} is no address that mail can be sent to."
        account = await self._account_of(self._sender)
        if account is None:
            return f"{self._sender} (delivery.tls_report_from) is no sender of this installation."
        subject, text, octets = mail(about, packed, to.addr)
        answer = await self._accept(
            Submission(
                account=account,
                source=Source.SMTP,
                sender=Mailbox(address=sender),
                subject=subject,
                to=(Mailbox(address=to),),
                text=text,
                raw=RawMail(octets=octets, other_size=len(packed)),
                tls="optional",
                unsubscribe="0",
                tracking=Switches(opens=False, clicks=False),
            )
        )
        return answer.detail or answer.code.value if isinstance(answer, Refusal) else ""


def _due_at(day: str, domain: str) -> int:
    """Return when the report of a day is sent: some hours after its end, by domain."""
    begin = datetime.combine(datetime.fromisoformat(day).date(), time(), UTC)
    draw = int.from_bytes(hashlib.sha256(f"{day} {domain}".encode()).digest()[:8])
    return int(begin.timestamp()) * SECOND + DAY + draw % SPREAD_MS
