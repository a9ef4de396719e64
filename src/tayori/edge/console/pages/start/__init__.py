"""Quick start: documentation with the account's own endpoint, sender and SecretId filled in."""

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.pages.start import guide


def routes() -> list[Page]:
    """Return the page of this area."""
    return [page("/start", Right.LOOK, guide.show)]
