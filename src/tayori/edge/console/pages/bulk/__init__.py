"""Bulk tasks: planned, created, watched, paused, resumed, cancelled, and what failed."""

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.pages.bulk import creating, failures, tasks


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/tasks", Right.LOOK, tasks.listing),
        page("/tasks/new", Right.SEND, creating.ask),
        action("/tasks/new", Right.SEND, creating.step),
        page("/tasks/{number:key}", Right.LOOK, tasks.show),
        action("/tasks/{number:key}/pause", Right.SEND, tasks.pause),
        action("/tasks/{number:key}/resume", Right.SEND, tasks.resume),
        action("/tasks/{number:key}/cancel", Right.SEND, tasks.cancel),
        page("/tasks/{number:key}/failures", Right.LOOK, failures.listing),
        page("/tasks/{number:key}/failures.csv", Right.LOOK, failures.export),
        action("/tasks/{number:key}/resend", Right.SEND, failures.resend),
    ]
