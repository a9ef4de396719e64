"""Receiver lists: make, fill by files, search, take out of, download, delete."""

from tayori.edge.console.access import MIB, Page, Right, action, page
from tayori.edge.console.pages.receivers import listing, upload

LARGEST_UPLOAD = 21 * MIB
"""A file of the largest size, and what a form adds to it."""


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/lists", Right.LOOK, listing.lists),
        page("/lists/new", Right.SEND, listing.ask_new),
        action("/lists/new", Right.SEND, listing.create),
        page("/lists/sample.csv", Right.LOOK, upload.sample),
        page("/lists/{number:key}", Right.LOOK, listing.show),
        page("/lists/{number:key}/receivers.csv", Right.LOOK, listing.download),
        action("/lists/{number:key}/delete", Right.SEND, listing.delete),
        action("/lists/{number:key}/receivers/{receiver:key}/delete", Right.SEND, listing.remove),
        page("/lists/{number:key}/upload", Right.SEND, upload.ask_file),
        action("/lists/{number:key}/upload", Right.SEND, upload.take_file, largest=LARGEST_UPLOAD),
        page("/lists/{number:key}/files/{file:key}", Right.LOOK, upload.show),
        action("/lists/{number:key}/files/{file:key}", Right.SEND, upload.begin),
        action("/lists/{number:key}/files/{file:key}/forget", Right.SEND, upload.forget),
        page("/lists/{number:key}/files/{file:key}/report.csv", Right.LOOK, upload.report),
    ]
