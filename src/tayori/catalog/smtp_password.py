"""SMTP passwords of senders: which ones are good enough."""

from collections import Counter
from typing import Final

from tayori.refusal.saying import NOTHING, Saying, say

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 20
MIN_DISTINCT: Final = 2


def password_fault(password: str) -> Saying:
    """Return what is wrong with a new password, or `NOTHING` (wire facts 3)."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return say(
            "A password has {least} to {most} characters.", least=MIN_LENGTH, most=MAX_LENGTH
        )
    if not password.isascii() or not password.isprintable():
        return say(
            "A password has printable ASCII characters only, which every mail client can type."
        )
    kinds: Counter[Saying] = Counter()
    for char in set(password):
        kinds[say("digits")] += char.isdigit()
        kinds[say("lower-case letters")] += char.islower()
        kinds[say("upper-case letters")] += char.isupper()
    for kind, found in kinds.items():
        if found < MIN_DISTINCT:
            return say(
                "A password has at least {least} different {kind}.", least=MIN_DISTINCT, kind=kind
            )
    return NOTHING
