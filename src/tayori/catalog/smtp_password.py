"""SMTP passwords of senders: which ones are good enough."""

from collections import Counter
from typing import Final

MIN_LENGTH: Final = 10
MAX_LENGTH: Final = 20
MIN_DISTINCT: Final = 2


def password_fault(password: str) -> str:
    """Return what is wrong with a new password, one sentence, or "" (wire facts 3)."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        return f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters."
    if not password.isascii() or not password.isprintable():
        return "A password has printable ASCII characters only, which every mail client can type."
    kinds: Counter[str] = Counter()
    for char in set(password):
        kinds["digits"] += char.isdigit()
        kinds["lower-case letters"] += char.islower()
        kinds["upper-case letters"] += char.isupper()
    for kind, found in kinds.items():
        if found < MIN_DISTINCT:
            return f"A password has at least {MIN_DISTINCT} different {kind}."
    return ""
