"""Bulk tasks with what they need, for the doors and for commands."""

from tayori.accept.door import Door
from tayori.app.parts import Parts
from tayori.bulk.store import TaskStore
from tayori.bulk.tasks import Tasks


def build_tasks(parts: Parts, door: Door) -> Tasks:
    """Return the verbs of bulk tasks; who works on them is woken."""
    return Tasks(
        store=TaskStore(parts.database),
        receivers=parts.receivers,
        door=door,
        clock=parts.clock,
        announce=parts.bulk_signal.announce,
    )
