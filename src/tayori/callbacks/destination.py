"""Where a call may go: well-formed URLs; `dns.guarded` sees to their addresses."""

from typing import Final
from urllib.parse import urlsplit

from tayori.dns.addresses import is_private
from tayori.dns.guarded import literal_of

LONGEST_URL: Final = 2_000


def check_url(url: str, *, allow_private: bool) -> str:
    """Return what is wrong with the URL of an endpoint in a sentence, "" when nothing is."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return f"A URL has at most {LONGEST_URL} printable ASCII characters without spaces."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return f"The URL cannot be read: {error}."
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return "A URL begins with http:// or https:// and the name of a host."
    if parts.username is not None or parts.password is not None:
        return "A URL may not hold a user name or a password."
    return "" if allow_private else _check_literal(parts.hostname)


def _check_literal(host: str) -> str:
    literal = literal_of(host)
    if literal is None or not is_private(literal):
        return ""
    return (
        f"{host} is no public address. An operator may permit private networks by "
        "callbacks.allow_private_networks."
    )
