"""Finds mails: all of the account, those to one recipient, or those of one MessageId."""

from typing import Final

from starlette.responses import Response

from tayori.db.window import Key
from tayori.edge.console.lists import ListQuery, key_of, page_by_key, read_list
from tayori.edge.console.pages.search.words import REACTIONS, STATES
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.queue.story_store import NEWEST, Found

_FIRST_RECIPIENT: Final = (0,)


async def find(visit: Visit) -> Response:
    """Show the newest mails, or those that the text in the URL names."""
    asked = read_list(
        url("/search"), visit.query, sorts=("accepted",), usual="-accepted", filters={"q": None}
    )
    found, key = await _found(visit, asked)
    return visit.page(
        "search/list.html.j2",
        page=page_by_key(asked, found[: asked.rows], key),
        states=STATES,
        reactions=REACTIONS,
    )


async def _found(visit: Visit, asked: ListQuery) -> tuple[list[Found], Key | None]:
    """Return one mail more than shown, and what the next page begins behind."""
    account, text = visit.account.id, asked["q"]
    if text and "@" not in text:
        (after,) = key_of(asked, _FIRST_RECIPIENT)
        found = await visit.services.stories.of_message(account, text, asked.limit, after=after)
        return found, (found[asked.rows - 1].id,) if len(found) > asked.rows else None
    at, number = key_of(asked, NEWEST)
    found = await visit.services.stories.newest(
        account, asked.limit, to_address=text.lower(), before=(at, number)
    )
    return found, found[asked.rows - 1].key if len(found) > asked.rows else None
