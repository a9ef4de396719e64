"""Readers of marketing can end it: by a link that they see, and by a button of their program."""

import re
from collections.abc import Iterable
from typing import Final

from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss

_SAID: Final = re.compile(
    "unsubscribe|opt[ -]?out|manage (?:your )?preferences|stop receiving|\u9000\u8ba2|\u9000\u8a02"
    "|\u53d6\u6d88\u8ba2\u9605|\u914d\u4fe1\u505c\u6b62|\u914d\u4fe1\u3092\u505c\u6b62|\u8cfc\u8aad\u89e3\u9664",
    re.IGNORECASE,
)


def check_unsubscribe(evidence: Evidence) -> Iterable[Loss]:
    """Look at marketing only: who asked for a code does not unsubscribe from codes."""
    if not evidence.marketing:
        return
    said = any(_SAID.search(f"{link.text} {link.target}") for link in evidence.page.links)
    if not said:
        yield loss(Check.NO_VISIBLE_UNSUBSCRIBE)
    if evidence.mail is None:
        # The service adds the header fields itself when it sends.
        return
    if "list-unsubscribe" not in evidence.values:
        yield loss(Check.NO_LIST_UNSUBSCRIBE)
    elif "list-unsubscribe-post" not in evidence.values:
        yield loss(Check.NO_ONE_CLICK)
