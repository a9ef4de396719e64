"""A kind of receiver as a value: who it is, what it permits, and what it says when (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.support.zoo.limits import Limits, Rule

from tayori.mail.reply import Reply


class Stage(Enum):
    """When a reply is said."""

    RCPT = "the recipient"
    CONTENT = "the content"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What mail to a local part is answered with, and what a sender should make of it.

    `bounce_class` is the right class of the house's closed vocabulary; `ends` tells whether the
    recipient is lost by it, rather than tried again.
    """

    stage: Stage
    reply: Reply
    bounce_class: str
    ends: bool


def at_rcpt(code: int, enhanced: str, text: str, bounce_class: str, *, ends: bool) -> Refusal:
    """Return a refusal of the recipient."""
    reply = Reply(code, enhanced, (text,))
    return Refusal(stage=Stage.RCPT, reply=reply, bounce_class=bounce_class, ends=ends)


def at_content(code: int, enhanced: str, text: str, bounce_class: str, *, ends: bool) -> Refusal:
    """Return a refusal of the content."""
    reply = Reply(code, enhanced, (text,))
    return Refusal(stage=Stage.CONTENT, reply=reply, bounce_class=bounce_class, ends=ends)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One set of MX hosts and the domains whose mail they take."""

    hosts: tuple[str, ...]
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Species:
    """A kind of receiver. Durations in seconds."""

    name: str
    sites: tuple[Site, ...]
    limits: Limits = field(default_factory=Limits)
    shared: bool = True
    """Whether the limits hold for all sites together, rather than for each."""
    over: Mapping[Rule, Reply] = field(default_factory=dict)
    """What is said to who breaks a rule; the rest is in `DEFAULT_OVER`."""
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    """By the beginning of the local part, up to the first dot."""
    offers_tls: bool = True
    trusted: bool = True
    """Whether certificates are signed by the zoo's authority, or by themselves."""
    greeting_s: float = 0.0
    """The tarpit's: time until each greeting."""
    content_s: float = 0.0
    """The slow one's: time until the answer to each content."""
    greylist_s: float | None = None
    """Time for which a new (source, sender, recipient) is put off; None does not greylist."""
    greylisted: Reply = field(
        default=Reply(451, "4.7.1", ("Greylisted, please try again in 5 seconds",))
    )
    blocks_s: float = 0.0
    """How long an address is blocked once it broke a rule, or once `Zoo.block` names it."""
    blocked: Reply = field(
        default=Reply(554, "5.7.1", ("Your address is blocked for a day because of its behaviour",))
    )


DEFAULT_OVER: Mapping[Rule, Reply] = {
    Rule.CONNECTIONS: Reply(421, "4.7.0", ("Too many concurrent connections from your address",)),
    Rule.CONNECTION_RATE: Reply(421, "4.7.0", ("Too many connections in too short a time",)),
    Rule.MAILS_PER_CONNECTION: Reply(421, "4.5.0", ("Too many messages on this connection",)),
    Rule.MAIL_RATE: Reply(451, "4.7.1", ("Too many messages in too short a time",)),
    Rule.RECIPIENTS: Reply(452, "4.5.3", ("Too many recipients",)),
    Rule.TLS: Reply(530, "5.7.0", ("Must issue a STARTTLS command first",)),
}
