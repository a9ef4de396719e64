"""`tayori explain`: why a mail arrived, or why it did not."""

from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.opened import CommandError, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.cli.timeline import sentences, timeline
from tayori.queue.story import Fate
from tayori.queue.story_store import StoryStore


def explain(
    message_id: Annotated[str, typer.Argument(help="The MessageId that the sender was given.")],
    address: Annotated[str, typer.Argument(help="Only this recipient.")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show the life of a message: every attempt, wait and event, in order, with reasons."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        fate = await _fate(parts, message_id, address)
        return timeline(fate, parts.clock.now(), parts.zone)

    rows = run(config, work)
    show(rows if as_json else sentences(rows), as_json=as_json)


async def _fate(parts: Parts, message_id: str, address: str) -> Fate:
    found = await StoryStore(parts.database).fate(message_id, address=address)
    if found is None:
        raise CommandError(
            f"No such message: {message_id}. It was never accepted here, or its record is gone."
        )
    if address and not found.recipients:
        raise CommandError(f"The message {message_id} has no recipient {address}.")
    return found
