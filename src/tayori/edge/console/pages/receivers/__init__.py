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
        page("/lists/{number:int}", Right.LOOK, listing.show),
        page("/lists/{number:int}/receivers.csv", Right.LOOK, listing.download),
        action("/lists/{number:int}/delete", Right.SEND, listing.delete),
        action("/lists/{number:int}/receivers/{receiver:int}/delete", Right.SEND, listing.remove),
        page("/lists/{number:int}/upload", Right.SEND, upload.ask_file),
        action("/lists/{number:int}/upload", Right.SEND, upload.take_file, largest=LARGEST_UPLOAD),
        page("/lists/{number:int}/files/{file:int}", Right.LOOK, upload.show),
        action("/lists/{number:int}/files/{file:int}", Right.SEND, upload.begin),
        action("/lists/{number:int}/files/{file:int}/forget", Right.SEND, upload.forget),
        page("/lists/{number:int}/files/{file:int}/report.csv", Right.LOOK, upload.report),
    ]
