"""The service's own English reasons in the visitor's language, with what to do.

Reasons are stored as English sentences, since commands, callbacks and the API show them. Each is
known here by its shape; what is not known, such as a receiver's reply, is shown as it is.
"""

import re
from dataclasses import dataclass
from typing import Final

from tayori.edge.console.languages import N_
from tayori.edge.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Reason:
    """The shape of a sentence, its text with the same holes, and what to do ("" for nothing)."""

    shape: re.Pattern[str]
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A reason in the visitor's language and what to do; "" where nothing has to be done."""

    text: str
    advice: str = ""


def _is(shape: str, text: str, advice: str = "") -> Reason:
    return Reason(re.compile(shape, re.DOTALL), text, advice)


_LEFT: Final = N_("Write to this person again only if they ask for it themselves.")
_BY_ITSELF: Final = N_("Nothing; the service goes on by itself.")
REASONS: Final = (
    _is(
        r"(?P<address>\S+) has unsubscribed from mail of (?P<domain>\S+?)\.",
        N_("%(address)s has unsubscribed from mail of %(domain)s."),
        _LEFT,
    ),
    _is(
        r"(?P<address>\S+) has complained about mail of (?P<domain>\S+?)\.",
        N_("%(address)s has complained about mail of %(domain)s."),
        _LEFT,
    ),
    _is(
        r"(?P<address>\S+) is on the account's own blacklist\.",
        N_("%(address)s is on the blacklist of this account."),
        N_("If the address should get mail again, take it off under Delivery response."),
    ),
    _is(
        r"(?P<address>\S+) is on the blacklist: (?P<reason>.*)",
        N_("%(address)s is on the blacklist, because mail to it bounced: %(reason)s"),
        N_("Check the address. If it is right, take it off under Delivery response."),
    ),
    _is(
        r"The receiving site takes no more mail at present\.",
        N_("The receiver takes no more mail at present, so the service sends it more slowly."),
        _BY_ITSELF,
    ),
    _is(
        r"Other delivery processes have all connections that the receiving site permits\.",
        N_("All connections that the receiver permits are in use."),
        _BY_ITSELF,
    ),
    _is(
        r"All mail hosts of the receiver failed to take connections a moment ago\.",
        N_("All mail servers of the receiver refused connections a moment ago."),
        _BY_ITSELF,
    ),
    _is(
        r"a fault inside the service; the operator's log has it",
        N_("A fault inside the service; its log has the details."),
        N_("If it happens again, tell the operator of this service."),
    ),
    _is(
        r"The warm-up of (?P<source>.+) allows no more mail in this hour\.",
        N_("The new sending address %(source)s is being warmed up; this hour is used up."),
        _BY_ITSELF,
    ),
    _is(
        r"The warm-up of (?P<source>.+) had no room for the mail before it expired\.",
        N_("The warm-up of %(source)s had no room for the mail before its lifetime ended."),
        N_("Send it again, and ask the operator for more capacity."),
    ),
    _is(
        r"the mail has to be scanned first; (?P<detail>.*)",
        N_("The mail has to be scanned for malware first, and the scanner does not answer."),
        N_("Tell the operator of this service if it lasts."),
    ),
    _is(
        r"The mail's lifetime ended before it could be scanned: (?P<detail>.*)",
        N_("The mail's lifetime ended before it could be scanned for malware."),
        N_("Tell the operator of this service, and send it again later."),
    ),
    _is(
        r"Malware was found in the mail \((?P<name>.*)\); it was not sent\.",
        N_("Malware was found in the mail (%(name)s)."),
        N_("Check the attachments and the computer they came from."),
    ),
    _is(
        r"The spam scanner gives the mail (?P<score>\S+) of (?P<limit>[^\s:]+?)(: .*)?\.",
        N_("The spam scanner gives the mail %(score)s points; %(limit)s are too many."),
        N_("Change the wording and the links, and test again with the template's quality score."),
    ),
    _is(
        r"The account is suspended: (?P<reason>.*)",
        N_("The account is suspended: %(reason)s"),
        N_("Ask the operator of this service."),
    ),
    _is(
        r"The domain (?P<domain>\S+) stands at reputation level 0 and may not send\.",
        N_("The domain %(domain)s stands at level 0 and may not send."),
        N_("Open the domain to see why, then ask the operator to let it go again."),
    ),
    _is(
        r"The domain (?P<domain>\S+) is stopped for the rest of the day: (?P<reason>.*)",
        N_("The domain %(domain)s is stopped for the rest of the day: %(reason)s"),
        N_("Clean your lists before you send again; sending goes on tomorrow."),
    ),
    _is(
        r"The domain's mail hosts have (?P<family>\S+) addresses only, and our sources have none\.",
        N_("The receiver can be reached by %(family)s only, which this service has not."),
        N_("Tell the operator of this service."),
    ),
    _is(
        r"The mail's lifetime ended while it (was kept back:|waited\.) (?P<rest>.*)",
        N_("The mail's lifetime ended while it waited. %(rest)s"),
        N_("Send it again."),
    ),
)


def told(visit: Visit, sentence: str) -> Told | None:
    """Return one of our own reasons in the visitor's language, None for anything else."""
    for reason in REASONS:
        found = reason.shape.fullmatch(sentence)
        if found is not None:
            values = {name: value or "" for name, value in found.groupdict().items()}
            if "rest" in values:
                inner = told(visit, values["rest"])
                values["rest"] = inner.text if inner else values["rest"]
            text = visit.gettext(reason.text, **values)
            return Told(text, visit.gettext(reason.advice) if reason.advice else "")
    return None
