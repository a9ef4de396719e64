"""Where a call may go: well-formed URLs; `dns.guarded` sees to their addresses."""

from typing import Final
from urllib.parse import urlsplit

from tayori.dns.addresses import is_private
from tayori.dns.guarded import literal_of
from tayori.refusal.saying import NOTHING, Saying, say

LONGEST_URL: Final = 2_000


def check_url(url: str, *, allow_private: bool) -> Saying:
    """Return what is wrong with the URL of an endpoint, `NOTHING` when nothing is."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return say(
            "A URL has at most {most} printable ASCII characters without spaces.", most=LONGEST_URL
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return say("The URL cannot be read: {error}.", error=error)
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        return say("A URL begins with http:// or https:// and the name of a host.")
    if parts.username is not None or parts.password is not None:
        return say("A URL may not hold a user name or a password.")
    return NOTHING if allow_private else _check_literal(parts.hostname)


def _check_literal(host: str) -> Saying:
    literal = literal_of(host)
    if literal is None or not is_private(literal):
        return NOTHING
    return say(
        "{host} is no public address. An operator may permit private networks by "
        "callbacks.allow_private_networks.",
        host=host,
    )
