"""Every area of the console; a new one is one line here."""

from collections.abc import Callable, Sequence
from typing import Final

from tayori.edge.console.access import Page
from tayori.edge.console.pages import (
    accounts,
    audit,
    domain_level,
    domain_settings,
    domains,
    home,
    links,
    log_in,
    preferences,
    profile,
    receivers,
    second_factor,
    senders,
    users,
)

AREAS: Final[tuple[Callable[[], Sequence[Page]], ...]] = (
    home.routes,
    log_in.routes,
    accounts.routes,
    preferences.routes,
    links.routes,
    profile.routes,
    second_factor.routes,
    users.routes,
    audit.routes,
    domains.routes,
    domain_level.routes,
    domain_settings.routes,
    senders.routes,
    receivers.routes,
)
