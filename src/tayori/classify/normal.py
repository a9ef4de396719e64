"""Makes replies comparable: addresses, numbers and identifiers are replaced by what they are."""

import re

LONGEST = 300
"""Characters of a normalised text."""

_PARTS = (
    (re.compile(r"https?://[^\s<>\"]{1,300}"), "URL"),
    (re.compile(r"<?[^\s<>@:;,()\[\]\"]{1,64}@[a-z0-9._-]{1,255}>?"), "ADDRESS"),
    (re.compile(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b"), "IP"),
    (re.compile(r"\b(?:[0-9a-f]{1,4}:){2,7}:?[0-9a-f]{0,4}\b"), "IP"),
    # Codes and identifiers are long and carry digits; words do not.
    (re.compile(r"\b(?=[a-z0-9_-]{0,80}\d)[a-z0-9_-]{10,80}(?:\.[a-z0-9-]{1,40}){0,6}"), "ID"),
    (re.compile(r"\b(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}\b"), "HOST"),
    (re.compile(r"\d{2,}"), "N"),
)


def normalised(text: str) -> str:
    """Return a reply's text with what differs from mail to mail replaced, at most LONGEST."""
    plain = " ".join(text[:1000].lower().split())
    for pattern, name in _PARTS:
        plain = pattern.sub(name, plain)
    return plain[:LONGEST]
