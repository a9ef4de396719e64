"""The TXT record that publishes a DKIM key (RFC 6376 3.6.1), written, and read by its meaning.

A record that can't be used gives a `RecordError` value; white space, order and unknown tags don't
matter, as receivers see it.
"""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_TAG_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_WHITE_SPACE: Final = re.compile(r"[ \t\r\n]+")


class RecordError(StrEnum):
    """Why a text is no usable DKIM key record."""

    SYNTAX = "syntax"
    """It is no list of tag=value pairs, or names a tag twice."""
    VERSION = "version"
    """It begins with another version than DKIM1, or v= is not first."""
    MISSING_KEY = "missing_key"
    """It has no p=."""
    REVOKED = "revoked"
    """Its p= is empty: the key was taken back."""
    BAD_KEY = "bad_key"
    """Its p= is no base64."""
    KEY_TYPE = "key_type"
    """Its k= is not rsa."""
    HASH = "hash"
    """Its h= does not allow sha256."""
    SERVICE = "service"
    """Its s= does not allow email."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimRecord:
    """A usable record: the octets of the key (DER) and all tags as they were found."""

    key: bytes
    tags: dict[str, str]

    @property
    def testing(self) -> bool:
        """Tell whether the domain says that it only tests DKIM (t=y)."""
        return "y" in self.tags.get("t", "").replace(" ", "").split(":")

    def has_key(self, public_b64: str) -> bool:
        """Tell whether the record publishes this key."""
        return self.key == b64decode(public_b64)


def record_text(public_b64: str) -> str:
    """Return the record for a public key; DNS splits it into strings of 255 octets."""
    return f"v=DKIM1; k=rsa; p={public_b64}"


def parse_dkim_record(text: str) -> DkimRecord | RecordError:
    """Read a record from the joined strings of its TXT."""
    tags = _tags(text)
    if tags is None:
        return RecordError.SYNTAX
    fault = _fault(tags)
    if fault is not None:
        return fault
    try:
        key = b64decode(_WHITE_SPACE.sub("", tags["p"]), validate=True)
    except (binascii.Error, ValueError):
        return RecordError.BAD_KEY
    return DkimRecord(key=key, tags=tags)


def _tags(text: str) -> dict[str, str] | None:
    """Return the tags of a tag-list (RFC 6376 3.2), or None."""
    tags: dict[str, str] = {}
    pieces = text.split(";")
    if not pieces[-1].strip():
        pieces.pop()
    for piece in pieces:
        name, equals, value = piece.partition("=")
        name = name.strip()
        if not equals or not _TAG_NAME.match(name) or name in tags:
            return None
        tags[name] = value.strip()
    return tags


def _fault(tags: dict[str, str]) -> RecordError | None:
    """Return the first fault; a receiver ignores a record that has any (RFC 6376 6.1.2)."""
    checks = (
        (tags.get("v", "DKIM1") == "DKIM1", RecordError.VERSION),
        ("v" not in tags or next(iter(tags)) == "v", RecordError.VERSION),
        ("p" in tags, RecordError.MISSING_KEY),
        (tags.get("p") != "", RecordError.REVOKED),
        (tags.get("k", "rsa") == "rsa", RecordError.KEY_TYPE),
        ("sha256" in _items(tags.get("h", "sha256")), RecordError.HASH),
        (bool({"*", "email"} & _items(tags.get("s", "*"))), RecordError.SERVICE),
    )
    return next((fault for passed, fault in checks if not passed), None)


def _items(text: str) -> set[str]:
    return {item.strip() for item in text.split(":")}
