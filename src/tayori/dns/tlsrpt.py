"""The record that asks for TLS reports (RFC 8460 3). Pure."""

import re
from typing import Final
from urllib.parse import unquote

MOST_URIS: Final = 5
_RECORD: Final = re.compile(r"v=TLSRPTv1[ \t]*;[ \t]*rua=(?P<uris>[^;]*?)[ \t]*(?:;.*)?", re.DOTALL)
_MAILTO: Final = re.compile(r"mailto:([!-~]{1,250})", re.IGNORECASE)
_HTTPS: Final = re.compile(r"https://[!-~]{1,1000}", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[A-Za-z0-9._+=&'/!#$%*?^`{|}~-]+@[A-Za-z0-9.-]+")


def report_uris(texts: tuple[bytes, ...]) -> tuple[str, ...]:
    """Return where reports are wanted, "mailto:address" or "https://…"; () where nowhere.

    Of two records that ask, none counts; places that are neither are left out.
    """
    ours = [text for text in texts if text.startswith(b"v=TLSRPTv1")]
    if len(ours) != 1:
        return ()
    try:
        found = _RECORD.fullmatch(ours[0].decode("ascii"))
    except UnicodeDecodeError:
        return ()
    if found is None:
        return ()
    places = [_place(part.strip(" \t")) for part in found["uris"].split(",")]
    return tuple(dict.fromkeys(place for place in places if place))[:MOST_URIS]


def _place(text: str) -> str:
    if _HTTPS.fullmatch(text):
        return text
    mailto = _MAILTO.fullmatch(text)
    if mailto is None:
        return ""
    address = unquote(mailto[1].partition("?")[0])
    return f"mailto:{address}" if _ADDRESS.fullmatch(address) else ""
