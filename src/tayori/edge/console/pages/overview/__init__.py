"""Overview: the first page, with what runs, what is missing and what needs somebody."""

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.pages.overview import standing


def routes() -> list[Page]:
    """Return the page of this area."""
    return [page("", Right.SIGNED_IN, standing.home)]
