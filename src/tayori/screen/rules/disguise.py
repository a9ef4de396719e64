"""A link whose text names one host and whose target is another deceives its reader."""

import re
from collections.abc import Iterable

from tayori.screen.hosts import related
from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found
from tayori.screen.page import Link, host_of

_NAMED = re.compile(
    r"(?:https?://|www\.)[^\s<>\"']+|(?<![@\w.-])(?:[a-z0-9-]+\.)+(?:com|net|org|cn|jp|io|co|info|biz|"
    r"shop|bank|gov|edu|de|fr|uk|us|tw|hk|kr|example)(?![\w-])",
    re.IGNORECASE,
)


def check_disguise(looked: Looked) -> Iterable[Finding]:
    """Refuse links whose text shows another host than the one that they lead to."""
    for link in looked.page.links:
        shown = _shown_host(link)
        if shown and link.host and "{{" not in link.host and not related(shown, link.host):
            yield found(Reason.DISGUISED_LINK, shown=shown, host=link.host)
        elif "@" in link.target.partition("//")[2].partition("/")[0] and link.host:
            # What stands before the @ is a user name that looks like a host.
            yield found(Reason.DISGUISED_LINK, shown=link.target, host=link.host)


def _shown_host(link: Link) -> str:
    # Without a dot there is no host; most links show words.
    named = _NAMED.search(link.text) if "." in link.text or "://" in link.text else None
    if named is None:
        return ""
    text = named[0]
    return host_of(text if "//" in text else f"http://{text}")
