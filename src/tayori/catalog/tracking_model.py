"""What is tracked in a mail, as a customer or an operator chose it (pure)."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tayori.refusal.saying import say

_WORDS: Final = re.compile(r"[\s,]+")
_HOST: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")
CHOICE_RULE: Final = say("It is all, none, opens or clicks.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """What is tracked; None leaves the answer to the level above."""

    opens: bool | None = None
    clicks: bool | None = None

    def over(self, below: "Switches") -> "Switches":
        """Return these, with `below` where they say nothing."""
        return Switches(
            opens=below.opens if self.opens is None else self.opens,
            clicks=below.clicks if self.clicks is None else self.clicks,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingSetting:
    """What holds for an account (`sender` is "") or for one of its sender addresses."""

    sender: str = ""
    switches: Switches = Switches()
    url: str = ""
    """Of the account's own tracking host, such as https://t.shop.example; "" = the service's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """What an account's settings say about the mails of one sender."""

    switches: Switches = Switches()
    url: str = ""
    language: int = 0
    """Of the sender's unsubscribe footer; 0 = none."""


def read_choice(text: str) -> Switches | None:
    """Return what a mail asks for: "all", "none", "opens", "clicks"; None for anything else."""
    match _WORDS.split(text.strip().lower()):
        case ["all"] | ["opens", "clicks"] | ["clicks", "opens"]:
            return Switches(opens=True, clicks=True)
        case ["none"]:
            return Switches(opens=False, clicks=False)
        case ["opens"]:
            return Switches(opens=True, clicks=False)
        case ["clicks"]:
            return Switches(opens=False, clicks=True)
        case _:
            return None


def host_fault(url: str) -> str:
    """Return what is wrong with the URL of a tracking host, "" when it can be one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "It is no URL."
    if parts.scheme not in {"http", "https"} or not _HOST.match(parts.hostname or ""):
        return "It begins with https:// (or http://) and a host name in lower case."
    if parts.path not in {"", "/"} or parts.query or parts.fragment or parts.username is not None:
        return "It is a host only, without a path or anything behind it."
    return "" if port is None or port > 0 else "Its port is no port."
