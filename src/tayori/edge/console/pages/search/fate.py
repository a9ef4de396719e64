"""One mail: who it went to, and all that happened, with the conversation and the reasons."""

from starlette.responses import Response

from tayori.edge.console.pages.search.steps import explained, steps
from tayori.edge.console.pages.search.words import REACTIONS, STATES, WAYS
from tayori.edge.console.visit import Visit
from tayori.queue.operate import Entry
from tayori.queue.story import Fate

_MOST_RECIPIENTS = 100
"""As many as one message may have, and more."""


async def show(visit: Visit) -> Response:
    """Show a mail, with the history of the recipient that the URL names (else of the first)."""
    stories, message_id = visit.services.stories, visit.path["message_id"]
    fate = None
    if "\0" not in message_id:
        fate = await stories.fate(message_id, account_id=visit.account.id)
    if fate is None:
        return visit.not_found()
    found = await stories.of_message(visit.account.id, message_id, _MOST_RECIPIENTS)
    chosen = _chosen(fate, visit.query.get("to", ""))
    narrowed = Fate(
        message=fate.message,
        recipients=[chosen] if chosen else [],
        attempts=fate.attempts,
        events=fate.events,
    )
    return visit.page(
        "search/show.html.j2",
        mail=fate.message,
        found=found,
        chosen=chosen,
        steps=steps(visit, narrowed, visit.services.clock.now()),
        about=explained(_last_class(fate, chosen)),
        states=STATES,
        reactions=REACTIONS,
        ways=WAYS,
    )


def _chosen(fate: Fate, address: str) -> Entry | None:
    wanted = address.casefold()
    named = (entry for entry in fate.recipients if entry.address.casefold() == wanted)
    return next(named, next(iter(fate.recipients), None))


def _last_class(fate: Fate, chosen: Entry | None) -> str:
    """Return what the last refusal of the recipient was about, "" for none."""
    mine = chosen.recipient_id if chosen else None
    classes = [
        str(event.data.get("class", "")) for event in fate.events if event.recipient_id == mine
    ]
    return next((each for each in reversed(classes) if each), "")
