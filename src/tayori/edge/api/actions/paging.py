"""Pages of lists: at most 100 entries at once (spec 3)."""

from typing import Final

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse

LARGEST_PAGE: Final = 100


def check_limit(limit: int) -> Refusal | None:
    """Refuse a page that is too large."""
    if limit > LARGEST_PAGE:
        return refuse(Code.FAILED_OPERATION__INVALID_LIMIT, limit=LARGEST_PAGE)
    return None
