"""Decides what is added to a mail so that its reader's answer is heard: tracking, unsubscribing.

The nearest word counts: the request, then the sender address, the account, the installation. Only
HTML is tracked. An unsubscribe link goes into any mail that asks for one.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from tayori.accept.submission import Submission
from tayori.catalog.tracking_model import LinkSettings, Switches
from tayori.compose.model import RecipeLinks

TRACK_HEADER: Final = "X-Tayori-Track"
"""The header by which one mail chooses, in SmtpHeaders and in a mail that came by SMTP."""


class LinkDirectory(Protocol):
    """Tells what customers chose."""

    async def for_sender(self, account_id: int, sender: str) -> LinkSettings:
        """Return what holds for the mails of a sender (address in lower case)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """What the installation says; `tracking_url` is "" where nothing can be tracked."""

    tracking_url: str = ""
    public_url: str = ""
    """Where the pages are: links to unsubscribe lead there, unless the account has its own host."""
    mx_host: str = ""
    opens: bool = True
    clicks: bool = True


class Linking:
    """The decision."""

    def __init__(self, directory: LinkDirectory, policy: LinkPolicy) -> None:
        self._directory = directory
        self._policy = policy

    async def plan(self, submission: Submission, *, has_html: bool) -> RecipeLinks | None:
        """Return what is added to the mail, None for nothing."""
        sender = submission.sender.address.addr.lower()
        settings = await self._directory.for_sender(submission.account.id, sender)
        asked = submission.unsubscribe
        language = int(asked) if asked else settings.language
        url = settings.url or self._policy.tracking_url
        switches = Switches(opens=False, clicks=False)
        if has_html and url:
            chosen = (submission.tracking or Switches()).over(settings.switches)
            switches = chosen.over(Switches(opens=self._policy.opens, clicks=self._policy.clicks))
        base = url or self._policy.public_url
        if not base or not (language or switches.opens or switches.clicks):
            return None
        return RecipeLinks(
            base,
            opens=bool(switches.opens),
            clicks=bool(switches.clicks),
            language=language,
            mx_host=self._policy.mx_host if language else "",
        )
