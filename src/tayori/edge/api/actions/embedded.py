"""Values that travel inside strings: base64 content, and JSON objects of texts (pure)."""

import binascii
import re
from typing import Any, Final

import msgspec

_BAD_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_texts: Final = msgspec.json.Decoder(dict[str, str])
_values: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_base64(encoded: str) -> bytes | None:
    """Return the octets, or None when it is no base64; white space between the letters is free."""
    try:
        return binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError:
        try:
            return binascii.a2b_base64("".join(encoded.split()), strict_mode=True)
        except ValueError:
            return None


def read_base64_text(encoded: str) -> str | None:
    """Return the text, or None when it is no base64 of UTF-8, or no text that a mail can hold."""
    octets = read_base64(encoded)
    if octets is None:
        return None
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def read_texts(encoded: str) -> dict[str, str] | str:
    """Return the members of a JSON object, or (as a plain sentence) what is wrong with it.

    Numbers and flags become the text that stands in the JSON. A member that is null counts as not
    given. Objects and lists are no texts.
    """
    try:
        found = _texts.decode(encoded)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        slow = _read_values(encoded)
        if isinstance(slow, str):
            return slow
        found = slow
    for number, text in enumerate(found.values(), 1):
        if not text.isprintable() and _BAD_TEXT.search(text):
            return f"Member {number} holds a control character."
    return found


def _read_values(encoded: str) -> dict[str, str] | str:
    found: dict[str, str] = {}
    try:
        for number, (name, raw) in enumerate(_values.decode(encoded).items(), 1):
            value: Any = msgspec.json.decode(raw)
            if isinstance(value, (dict, list)):
                return f"Member {number} is no text."
            if value is not None:
                found[name] = value if isinstance(value, str) else bytes(raw).decode().strip()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return "It is no JSON object."
    return found
