"""Domain names as the DNS writes them: ASCII, lower case, without the final dot.

A name that cannot exist in the DNS is None, never an exception.
"""

import re
from functools import lru_cache

import idna

MAX_NAME = 253
"""Characters of a name without its final dot (RFC 1035 2.3.4 counts 255 octets on the wire)."""
MAX_LABEL = 63

_DOTS = re.compile("[\u3002\uff0e\uff61]")
"""The full stops that IDNA treats as label separators (RFC 5895 2)."""
_LABEL = re.compile(r"[A-Za-z0-9_*](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_HOST_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


@lru_cache(maxsize=20_000)
def to_ascii(name: str) -> str | None:
    """Return the name in the form that is asked for, or None when there can be no such name.

    Labels in other scripts become A-labels (IDNA 2008 with the mapping of UTS 46). Labels with an
    underscore ("_dmarc") are allowed: they name records, not hosts (RFC 8552).
    """
    text = _DOTS.sub(".", name.strip())
    text = text.removesuffix(".")
    labels = [_label_to_ascii(label) for label in text.split(".")]
    if None in labels:
        return None
    ascii_name = ".".join(label for label in labels if label)
    return ascii_name if len(ascii_name) <= MAX_NAME else None


def _label_to_ascii(label: str) -> str | None:
    if label.isascii():
        valid = len(label) <= MAX_LABEL and _LABEL.fullmatch(label)
        return label.lower() if valid else None
    try:
        return idna.encode(label, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None


def to_host(name: str) -> str | None:
    """Return the name as a host or mail domain (RFC 1123 2.1: letters, digits, hyphens), or None.

    A mail domain needs at least two labels here; "localhost" and bare top levels take no mail.
    """
    ascii_name = to_ascii(name)
    if ascii_name is None or "." not in ascii_name:
        return None
    labels = ascii_name.split(".")
    return ascii_name if all(_HOST_LABEL.fullmatch(label) for label in labels) else None


def is_below(name: str, zone: str) -> bool:
    """Tell whether a name is the zone's own or below it; both as `to_ascii` returns them."""
    return name == zone or name.endswith("." + zone)


def parents(name: str) -> tuple[str, ...]:
    """Return the name and every name above it, longest first, without the root."""
    labels = name.split(".")
    return tuple(".".join(labels[index:]) for index in range(len(labels)))
