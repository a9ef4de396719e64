"""Character references of HTML (13.2.5.72 to 80), as browsers read them and at any length.

The standard library refuses numbers of thousands of digits with ValueError, and leaves characters
out that browsers keep.
"""

import html
import re
from typing import Final

_LONG: Final = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")
_DIGITS: Final = 7
"""Digits of the largest number that is a character, in either form; leading zeros apart."""
_UNKNOWN: Final = "\ufffd"


def unescape(text: str) -> str:
    """Return text with its references read."""
    return html.unescape(_LONG.sub(_shortened, text) if "&#" in text else text)


def numbered(reference: str) -> str:
    """Return the character of a numbered reference such as `&#65;` or `&#x41`."""
    digits = reference[2:].rstrip(";")
    sixteen = digits[0] in "xX"
    digits = (digits[1:] if sixteen else digits).lstrip("0") or "0"
    if len(digits) > _DIGITS:
        return _UNKNOWN
    number = int(digits, 16 if sixteen else 10)
    return html.unescape(f"&#{number};") or chr(number)


def _shortened(found: re.Match[str]) -> str:
    # What a character stands for must not be read a second time.
    character = numbered(found[0])
    return "&amp;" if character == "&" else character
