"""A one-time address to which a mail is sent to be scored, as values. Times are milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from tayori.screen.model import Business
from tayori.screen.score.model import Check, Loss, Score

PREFIX: Final = "score-"
"""How the local part of a test address begins; its token follows."""
TOKEN_LENGTH: Final = 24
_LONGEST: Final = 500


class Stage(StrEnum):
    """Where a test address stands."""

    WAITING = "waiting"
    SCORED = "scored"
    EXPIRED = "expired"
    """No mail came in its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailScore:
    """The score of a mail that came, without its content.

    `facts` tell how it came: client, helo, reverse_name, tls, spf, dkim, dmarc, block_lists and
    engines, each as a short text.
    """

    scored_at: int
    score: Score
    business: Business
    header_from: str
    subject: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAddress:
    """A test address; `account_id` None is an operator's, `mail` None while no mail came."""

    id: int
    account_id: int | None
    token: str
    address: str
    created_at: int
    expires_at: int
    mail: MailScore | None = None

    def stage(self, now: int) -> Stage:
        """Return where it stands at a time."""
        if self.mail is not None:
            return Stage.SCORED
        return Stage.WAITING if now < self.expires_at else Stage.EXPIRED


def token_of(local: str) -> str | None:
    """Return the token in a local part of any case; None when it is not one of a test address."""
    text = local.lower()
    if not text.startswith(PREFIX):
        return None
    token = text[len(PREFIX) :]
    return token if len(token) == TOKEN_LENGTH and token.isascii() and token.isalnum() else None


def encode_losses(losses: tuple[Loss, ...]) -> str:
    """Return losses as they are kept, so that each reader hears them in a language of their own."""
    kept = [
        (one.check.value, {name: storable(value) for name, value in one.fields.items()})
        for one in losses
    ]
    return msgspec.json.encode(kept).decode()


def storable(text: str) -> str:
    """Return the first 500 characters of a stranger's text as databases and terminals take it."""
    shown = text[:_LONGEST].encode("utf-8", "replace").decode()
    return "".join(char if char.isprintable() else " " for char in shown)


def decode_losses(kept: str) -> tuple[Loss, ...]:
    """Return what was kept; a check that this version does not know is left out."""
    known = {check.value for check in Check}
    found = msgspec.json.decode(kept, type=list[tuple[str, dict[str, str]]])
    return tuple(Loss(Check(name), fields) for name, fields in found if name in known)
