"""The menu: what a visitor may open, in the order in which a new customer needs it.

Only pages that exist are shown, so an entry may stand here before its page does.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from tayori.edge.console.access import Right
from tayori.edge.console.languages import N_
from tayori.edge.console.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu; `path` is below /console."""

    path: str
    label: str
    icon: str
    right: Right

    def holds(self, here: str) -> bool:
        """Tell whether the page at `here` belongs to this entry."""
        whole = f"/console{self.path}" if self.path else "/console"
        return here == whole or (self.path != "" and here.startswith(f"{whole}/"))


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; the first section has none."""

    label: str
    entries: tuple[Entry, ...]


SECTIONS: Final = (
    Section(
        "",
        (
            Entry("", N_("Overview"), "layout-dashboard", Right.LOOK),
            Entry("/start", N_("Quick start"), "book", Right.LOOK),
        ),
    ),
    Section(
        N_("Send"),
        (
            Entry("/send", N_("Send a mail"), "send", Right.SEND),
            Entry("/tasks", N_("Bulk tasks"), "speakerphone", Right.LOOK),
            Entry("/templates", N_("Templates"), "template", Right.LOOK),
            Entry("/lists", N_("Receiver lists"), "users", Right.LOOK),
        ),
    ),
    Section(
        N_("Understand"),
        (
            Entry("/statistics", N_("Statistics"), "chart-bar", Right.LOOK),
            Entry("/search", N_("Search mails"), "search", Right.LOOK),
            Entry("/response", N_("Delivery response"), "ban", Right.LOOK),
        ),
    ),
    Section(
        N_("Set up"),
        (
            Entry("/domains", N_("Domains"), "world", Right.LOOK),
            Entry("/senders", N_("Senders"), "mail", Right.LOOK),
            Entry("/callbacks", N_("Callbacks"), "webhook", Right.LOOK),
            Entry("/credentials", N_("Credentials"), "key", Right.OWN),
            Entry("/users", N_("Users"), "user-cog", Right.OWN),
            Entry("/billing", N_("Billing"), "receipt", Right.LOOK),
            Entry("/access-log", N_("API access log"), "api", Right.LOOK),
            Entry("/audit", N_("Audit log"), "history", Right.OWN),
            Entry("/settings", N_("Settings"), "settings", Right.LOOK),
        ),
    ),
    Section(
        N_("Operate"),
        (
            Entry("/operator", N_("Service overview"), "heartbeat", Right.OPERATE),
            Entry("/operator/accounts", N_("Accounts"), "building", Right.OPERATE),
            Entry("/operator/reviews", N_("Template review"), "checklist", Right.OPERATE),
            Entry("/operator/blacklist", N_("Global blacklist"), "hand-stop", Right.OPERATE),
            Entry("/operator/queue", N_("Queue"), "hourglass", Right.OPERATE),
            Entry("/operator/reactions", N_("Reactions"), "bolt", Right.OPERATE),
            Entry("/operator/replies", N_("Unclassified replies"), "help-circle", Right.OPERATE),
            Entry("/operator/sources", N_("Sources"), "network", Right.OPERATE),
            Entry("/operator/scanners", N_("Scanners"), "virus", Right.OPERATE),
            Entry("/operator/health", N_("Health"), "stethoscope", Right.OPERATE),
            Entry("/operator/configuration", N_("Configuration"), "adjustments", Right.OPERATE),
            Entry("/operator/users", N_("People"), "users-group", Right.OPERATE),
            Entry("/operator/audit", N_("Audit of everyone"), "timeline", Right.OPERATE),
        ),
    ),
)


class Menu:
    """The menu of a console that has pages at these paths."""

    def __init__(self, paths: Collection[str]) -> None:
        self._paths = frozenset(paths)

    def of(self, visitor: Visitor) -> list[Section]:
        """Return the sections in which the visitor may open something."""
        sections = []
        for section in SECTIONS:
            entries = tuple(
                entry
                for entry in section.entries
                if entry.path in self._paths and visitor.may(entry.right)
            )
            if entries:
                sections.append(Section(section.label, entries))
        return sections

    @staticmethod
    def current(sections: list[Section], here: str) -> Entry | None:
        """Return the entry of the page at `here`: the one with the longest path that holds it."""
        holding = [e for section in sections for e in section.entries if e.holds(here)]
        return max(holding, key=lambda entry: len(entry.path), default=None)
