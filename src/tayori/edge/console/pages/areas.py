"""Every area of the console; a new one is one line here."""

from collections.abc import Callable, Sequence
from typing import Final

from tayori.edge.console.access import Page
from tayori.edge.console.pages import (
    accounts,
    home,
    log_in,
    preferences,
    receivers,
    senders,
)

AREAS: Final[tuple[Callable[[], Sequence[Page]], ...]] = (
    home.routes,
    log_in.routes,
    accounts.routes,
    preferences.routes,
    senders.routes,
    receivers.routes,
)
