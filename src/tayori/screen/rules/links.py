"""Links lead where they say: no shorteners, no pages that pass on, no bare addresses."""

import re
from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, Severity, found
from tayori.screen.page import host_of

_ADDRESS = re.compile(r"^(?:\d{1,3}(?:\.\d{1,3}){3}|\d{8,10}|0x[0-9a-f]+|.*:.*)$")


def check_links(looked: Looked) -> Iterable[Finding]:
    """Look at each different target once."""
    for target in dict.fromkeys(link.target for link in looked.page.links):
        yield from _check(looked, target)


def _check(looked: Looked, target: str) -> Iterable[Finding]:
    if target.startswith("{{"):
        # The door looks at what is filled in; a person may ask what it will be.
        yield found(Reason.VAGUE_LINK, Severity.PERSON, link=target)
        return
    host = looked.hosts.shortener(target)
    if host:
        yield found(Reason.SHORTENED_LINK, link=target, host=host)
        return
    other = looked.hosts.redirects_to(target)
    if other:
        yield found(Reason.REDIRECTING_LINK, link=target, host=other)
    named = host_of(target)
    if "{{" in named or "{{" in target.partition("//")[2].partition("/")[0]:
        yield found(Reason.VAGUE_LINK, Severity.PERSON, link=target)
    elif named and _ADDRESS.match(named):
        yield found(Reason.ADDRESS_LINK, Severity.PERSON, link=target, host=named)
