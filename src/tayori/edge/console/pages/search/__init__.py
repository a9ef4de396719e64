"""Search: any recipient or MessageId, and the life of each mail with its reasons."""

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.pages.search import fate, listing


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/search", Right.LOOK, listing.find),
        page("/search/{message_id}", Right.LOOK, fate.show),
    ]
