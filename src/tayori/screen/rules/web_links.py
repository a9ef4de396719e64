"""By setting, no links to the web at all."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found


def check_web_links(looked: Looked) -> Iterable[Finding]:
    """Refuse web links where the service permits none (`review.web_links`)."""
    if looked.web_links:
        return
    web = [link.target for link in looked.page.links if link.host or link.target.startswith("{{")]
    if web:
        yield found(Reason.WEB_LINK, link=web[0])
