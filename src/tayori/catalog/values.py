"""Values of template variables as they travel: a JSON object of texts inside a string (pure)."""

import re
from typing import Any, Final

import msgspec

from tayori.refusal.saying import Saying, say

_BAD_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_texts: Final = msgspec.json.Decoder(dict[str, str])
_values: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_texts(encoded: str) -> dict[str, str] | Saying:
    """Return the members of a JSON object, or what is wrong with it.

    Numbers and flags become the text that stands in the JSON. A member that is null counts as not
    given. Objects and lists are no texts.
    """
    try:
        found = _texts.decode(encoded)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        slow = _read_values(encoded)
        if isinstance(slow, Saying):
            return slow
        found = slow
    for number, text in enumerate(found.values(), 1):
        if not text.isprintable() and _BAD_TEXT.search(text):
            return say("Member {number} holds a control character.", number=number)
    return found


def _read_values(encoded: str) -> dict[str, str] | Saying:
    found: dict[str, str] = {}
    try:
        for number, (name, raw) in enumerate(_values.decode(encoded).items(), 1):
            value: Any = msgspec.json.decode(raw)
            if isinstance(value, (dict, list)):
                return say("Member {number} is no text.", number=number)
            if value is not None:
                found[name] = value if isinstance(value, str) else bytes(raw).decode().strip()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return say("It is no JSON object.")
    return found
