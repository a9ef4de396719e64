"""What came back: bounces, complaints, unsubscriptions, and who is not written to."""

from tayori.edge.console.access import MIB, Page, Right, action, page
from tayori.edge.console.pages.response import changes, lists, returned

LARGEST_IMPORT = 3 * MIB


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/response", Right.LOOK, returned.bounces),
        page("/response/bounces.csv", Right.LOOK, returned.export_bounces),
        page("/response/complaints", Right.LOOK, returned.complaints),
        page("/response/complaints.csv", Right.LOOK, returned.export_complaints),
        page("/response/unsubscribes", Right.LOOK, lists.unsubscribes),
        page("/response/unsubscribes.csv", Right.LOOK, lists.export_unsubscribes),
        page("/response/unsubscribes/new", Right.MANAGE, changes.ask_unsubscribes),
        action(
            "/response/unsubscribes/new",
            Right.MANAGE,
            changes.add_unsubscribes,
            largest=LARGEST_IMPORT,
        ),
        action("/response/unsubscribes/delete", Right.MANAGE, changes.resubscribe),
        page("/response/blacklist", Right.LOOK, lists.blacklist),
        page("/response/blacklist.csv", Right.LOOK, lists.export_blacklist),
        page("/response/blacklist/new", Right.MANAGE, changes.ask_block),
        action("/response/blacklist/new", Right.MANAGE, changes.block, largest=LARGEST_IMPORT),
        action("/response/blacklist/delete", Right.MANAGE, changes.unblock),
        page("/response/shared", Right.LOOK, lists.shared),
        page("/response/shared.csv", Right.LOOK, lists.export_shared),
        action("/response/shared/delete", Right.MANAGE, changes.unblock_shared),
    ]
