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

_WAY: Final = re.compile(r"<\s*(https?|mailto):", re.IGNORECASE)
"""How an address of List-Unsubscribe begins (RFC 2369 2)."""
_ONE_CLICK: Final = frozenset({"list-unsubscribe", "list-unsubscribe-post"})


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
    ways = _WAY.findall(" ".join(evidence.values.get("list-unsubscribe", [])))
    if not ways:
        yield loss(Check.NO_LIST_UNSUBSCRIBE)
    elif "list-unsubscribe-post" not in evidence.values or "https" not in map(str.lower, ways):
        yield loss(Check.NO_ONE_CLICK)
    elif _unsigned(evidence.values.get("dkim-signature", [])):
        yield loss(Check.ONE_CLICK_UNSIGNED)


def _unsigned(signatures: Iterable[str]) -> bool:
    """Tell whether there are signatures and none covers both fields (RFC 8058 4)."""
    covered = [_covered(value) for value in signatures]
    return bool(covered) and not any(names >= _ONE_CLICK for names in covered)


def _covered(signature: str) -> set[str]:
    """Return the names of the fields that a signature covers, in lower case (RFC 6376 3.5, h=)."""
    for tag in signature.split(";"):
        name, _, value = tag.partition("=")
        if name.strip() == "h":
            return {field.strip().lower() for field in value.split(":")}
    return set()
