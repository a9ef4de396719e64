"""Which mail is for us: from a forward path to what it is for, or a sentence why not.

Looked for in this order: one-time addresses for a score, return paths, unsubscribe addresses, the
service's own addresses, and domains whose mail is forwarded. Nothing is decided by what the mail
holds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tayori.inbound.forwarding_store import Domain, ForwardingStore
from tayori.mail import tracking_token
from tayori.mail.address import Address, AddressError, parse_address
from tayori.mail.reply import Reply
from tayori.mail.return_path import RETURN, UNSUBSCRIBE, Form, ReturnPath, TokenError, decode
from tayori.runtime.clock import Clock
from tayori.screen.score.address import Stage, token_of
from tayori.screen.score.address_store import ScoreAddressStore
from tayori.tenants.memory import Memory


class Purpose(StrEnum):
    """What an address of ours is for."""

    RETURN_PATH = "return_path"
    UNSUBSCRIBE = "unsubscribe"
    FEEDBACK = "feedback"
    """Complaints of receivers' feedback loops."""
    DMARC_REPORT = "dmarc_report"
    TLS_REPORT = "tls_report"
    POSTMASTER = "postmaster"
    """Postmaster and abuse (RFC 2142)."""
    FORWARD = "forward"
    SCORE = "score"
    """A one-time address whose mail is scored."""


SERVICE_NAMES: Final = {
    "fbl-reports": Purpose.FEEDBACK,
    "dmarc-reports": Purpose.DMARC_REPORT,
    "tls-reports": Purpose.TLS_REPORT,
    "postmaster": Purpose.POSTMASTER,
    "abuse": Purpose.POSTMASTER,
}
"""The local parts that are ours at every domain of ours and of our customers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What an address is for; numbers are 0 and `domain` is None where it names none."""

    purpose: Purpose
    address: str
    recipient_id: int = 0
    score_id: int = 0
    domain: Domain | None = None


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Keys that sign what names a recipient: return paths and headers, and links."""

    return_path: bytes
    tracking: bytes


_FORGED: Final = Reply(
    550, "5.7.1", ("This address was not made by us: no mail of ours can be answered by it.",)
)
_EXPIRED: Final = Reply(
    550, "5.7.1", ("This address was made for one mail and is too old to be answered.",)
)
_NO_SCORE: Final = Reply(550, "5.1.1", ("There is no such address for a score.",))
_SCORED: Final = Reply(
    550, "5.7.1", ("A mail to this address was scored already: make a new address.",)
)
_SCORE_EXPIRED: Final = Reply(
    550, "5.7.1", ("This address for a score has expired: make a new one.",)
)
_NO_ADDRESS: Final = Reply(553, "5.1.3", ("This is no address.",))


class Router:
    """Tells what addresses are for; domains are remembered for five seconds."""

    def __init__(
        self,
        store: ForwardingStore,
        clock: Clock,
        keys: TokenKeys,
        own_domains: Iterable[str],
        scores: ScoreAddressStore | None = None,
    ) -> None:
        self._store = store
        self._scores = scores
        self._clock = clock
        self._keys = keys
        self._own = tuple(domain.rstrip(".").lower() for domain in own_domains)
        self._known: Memory[str, Domain] = Memory(clock)

    async def route(self, text: str, at: int | None = None) -> Destination | Reply:
        """Return what a forward path is for, or the refusal; `at` is when it was received."""
        if text.lower() == "postmaster":
            # The one address that may come without a domain (RFC 5321 4.5.1).
            return Destination(purpose=Purpose.POSTMASTER, address=f"postmaster@{self._own[0]}")
        address = parse_address(text)
        if isinstance(address, AddressError):
            return _NO_ADDRESS
        domain = await self._domain(address.domain)
        if domain is None and address.domain not in self._own:
            sentence = f"We take no mail for {address.domain}."
            return Reply(550, "5.7.1", (sentence,))
        token = token_of(address.local)
        if token is not None and self._scores is not None and address.domain in self._own:
            return await self._to_score(self._scores, address, token, at)
        now = self._clock.now() if at is None else at
        return self._at_ours(address, domain, now)

    async def _to_score(
        self, scores: ScoreAddressStore, address: Address, token: str, at: int | None
    ) -> Destination | Reply:
        """Return the address for a score; a mail that was taken (`at`) is not refused any more."""
        found = await scores.by_token(token)
        if found is None:
            return _NO_SCORE
        stage = Stage.WAITING if at is not None else found.stage(self._clock.now())
        if stage is not Stage.WAITING:
            return _SCORED if stage is Stage.SCORED else _SCORE_EXPIRED
        return Destination(purpose=Purpose.SCORE, address=address.addr, score_id=found.id)

    def _at_ours(self, address: Address, domain: Domain | None, now: int) -> Destination | Reply:
        named = self._by_token(address, now)
        if isinstance(named, Destination | Reply):
            return named
        purpose = SERVICE_NAMES.get(address.local.lower())
        if purpose is not None:
            return Destination(purpose=purpose, address=address.addr, domain=domain)
        if domain is not None and domain.forward_to:
            return Destination(purpose=Purpose.FORWARD, address=address.addr, domain=domain)
        sentence = f"There is no mailbox {_shown(address)}: this domain only sends."
        return Reply(550, "5.1.1", (sentence,))

    def _by_token(self, address: Address, now: int) -> Destination | Reply | None:
        for form, purpose in ((RETURN, Purpose.RETURN_PATH), (UNSUBSCRIBE, Purpose.UNSUBSCRIBE)):
            found = self._decode(address.local, form, now)
            if isinstance(found, int):
                return Destination(purpose=purpose, address=address.addr, recipient_id=found)
            if found is not TokenError.MALFORMED:
                return _EXPIRED if found is TokenError.EXPIRED else _FORGED
        if address.local.lower().startswith(UNSUBSCRIBE.prefix):
            # Whoever is asked to stop must hear that this did not do it.
            return _FORGED
        return None

    def _decode(self, local: str, form: Form, now: int) -> int | TokenError:
        found = decode(local, self._keys.return_path, now, form)
        if isinstance(found, ReturnPath):
            return found.recipient_id
        if form is UNSUBSCRIBE and found is TokenError.MALFORMED:
            # The token of the unsubscribe link serves as well.
            token = local[len(form.prefix) :]
            named = tracking_token.decode(
                tracking_token.Purpose.UNSUBSCRIBE, token, self._keys.tracking
            )
            if named is not None and local.lower().startswith(form.prefix):
                return named.recipient_id
        return found

    async def _domain(self, name: str) -> Domain | None:
        known = self._known.recall(name)
        if known is None:
            question = self._known.ask()
            known = await self._store.domain(name)
            if known is not None:
                self._known.keep(name, known, question)
        return known


def _shown(address: Address) -> str:
    text = address.addr if address.addr.isascii() else f"at {address.domain}"
    return text if len(text) <= 200 else f"{text[:200]}..."  # noqa: PLR2004 - fits a reply's line
