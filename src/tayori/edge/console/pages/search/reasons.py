"""The service's own English reasons in the visitor's language, with what to do.

Rooms keep reasons as sayings. Those that a customer can do something about are known here by their
templates, with plainer words and advice; the others are told as they are. What is none of ours,
such as a receiver's reply, is shown as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tayori.edge.console.languages import N_
from tayori.edge.console.visit import Visit
from tayori.refusal.saying import Saying
from tayori.refusal.telling import is_ours


@dataclass(frozen=True, slots=True)
class Reason:
    """What is said of a reason, with the same holes, and what to do ("" for nothing)."""

    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A reason in the visitor's language and what to do; "" where nothing has to be done."""

    text: str
    advice: str = ""


_LEFT: Final = N_("Write to this person again only if they ask for it themselves.")
_BY_ITSELF: Final = N_("Nothing; the service goes on by itself.")
_SPAM: Final = (
    N_("The spam scanner gives the mail %(score)s points; %(limit)s are too many."),
    N_("Change the wording and the links, and test again with the template's quality score."),
)
_EXPIRED: Final = (
    N_("The mail's lifetime ended while it waited. %(rest)s"),
    N_("Send it again."),
)
REASONS: Final[Mapping[str, Reason]] = {
    "{address} has unsubscribed from mail of {domain}.": Reason(
        N_("%(address)s has unsubscribed from mail of %(domain)s."), _LEFT
    ),
    "{address} has complained about mail of {domain}.": Reason(
        N_("%(address)s has complained about mail of %(domain)s."), _LEFT
    ),
    "{address} is on the account's own blacklist.": Reason(
        N_("%(address)s is on the blacklist of this account."),
        N_("If the address should get mail again, take it off under Delivery response."),
    ),
    "{address} is on the blacklist: {reason}": Reason(
        N_("%(address)s is on the blacklist, because mail to it bounced: %(reason)s"),
        N_("Check the address. If it is right, take it off under Delivery response."),
    ),
    "The receiving site takes no more mail at present.": Reason(
        N_("The receiver takes no more mail at present, so the service sends it more slowly."),
        _BY_ITSELF,
    ),
    "Other delivery processes have all connections that the receiving site permits.": Reason(
        N_("All connections that the receiver permits are in use."), _BY_ITSELF
    ),
    "All mail hosts of the receiver failed to take connections a moment ago.": Reason(
        N_("All mail servers of the receiver refused connections a moment ago."), _BY_ITSELF
    ),
    "a fault inside the service; the operator's log has it": Reason(
        N_("A fault inside the service; its log has the details."),
        N_("If it happens again, tell the operator of this service."),
    ),
    "The warm-up of {source} allows no more mail in this hour.": Reason(
        N_("The new sending address %(source)s is being warmed up; this hour is used up."),
        _BY_ITSELF,
    ),
    "The warm-up of {source} had no room for the mail before it expired.": Reason(
        N_("The warm-up of %(source)s had no room for the mail before its lifetime ended."),
        N_("Send it again, and ask the operator for more capacity."),
    ),
    "the mail has to be scanned first; {detail}": Reason(
        N_("The mail has to be scanned for malware first, and the scanner does not answer."),
        N_("Tell the operator of this service if it lasts."),
    ),
    "The mail's lifetime ended before it could be scanned: {detail}": Reason(
        N_("The mail's lifetime ended before it could be scanned for malware."),
        N_("Tell the operator of this service, and send it again later."),
    ),
    "Malware was found in the mail ({name}); it was not sent.": Reason(
        N_("Malware was found in the mail (%(name)s)."),
        N_("Check the attachments and the computer they came from."),
    ),
    "The spam scanner gives the mail {score} of {limit}.": Reason(*_SPAM),
    "The spam scanner gives the mail {score} of {limit}: {tests}.": Reason(*_SPAM),
    "The account is suspended: {reason}": Reason(
        N_("The account is suspended: %(reason)s"), N_("Ask the operator of this service.")
    ),
    "The domain {domain} stands at reputation level 0 and may not send.": Reason(
        N_("The domain %(domain)s stands at level 0 and may not send."),
        N_("Open the domain to see why, then ask the operator to let it go again."),
    ),
    "The domain {domain} is stopped for the rest of the day: {reason}": Reason(
        N_("The domain %(domain)s is stopped for the rest of the day: %(reason)s"),
        N_("Clean your lists before you send again; sending goes on tomorrow."),
    ),
    "The domain's mail hosts have {family} addresses only, and our sources have none.": Reason(
        N_("The receiver can be reached by %(family)s only, which this service has not."),
        N_("Tell the operator of this service."),
    ),
    "The mail's lifetime ended while it waited. {rest}": Reason(*_EXPIRED),
    "The mail's lifetime ended while it was kept back: {rest}": Reason(*_EXPIRED),
}


def told(visit: Visit, saying: Saying) -> Told | None:
    """Return one of our own reasons in the visitor's language, None for anything else."""
    reason = REASONS.get(saying.template)
    if reason is None:
        return Told(visit.tell(saying)) if is_ours(saying) else None
    values = {name: _inner(visit, value) for name, value in saying.values}
    text = visit.gettext(reason.text, **values)
    return Told(text, visit.gettext(reason.advice) if reason.advice else "")


def _inner(visit: Visit, value: Saying | str) -> str:
    """Return what fills a hole; a reason in it in the same words as one that stands alone."""
    if isinstance(value, str):
        return value
    known = told(visit, value)
    return known.text if known else visit.tell(value)
