"""The way from /console to the first page of the menu, until a page of its own stands there."""

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.visit import HOME, Visit


def routes() -> list[Page]:
    """Return the page of this area."""
    return [page("", Right.SIGNED_IN, home)]


async def home(visit: Visit) -> Response:
    """Lead to the first page that the visitor may open, or to the choice of an account."""
    menu = visit.templates.menu.of(visit.visitor)
    paths = [entry.path for section in menu for entry in section.entries if entry.path]
    if visit.visitor.account is None and not visit.visitor.user.operator:
        return visit.redirect(f"{HOME}/accounts")
    return visit.redirect(f"{HOME}{paths[0] if paths else '/accounts'}")
