"""The header fields by which a mail program unsubscribes its reader (RFC 2369 3.2, RFC 8058)."""

from typing import Final

from tayori.compose.links import Linker
from tayori.compose.model import Recipe
from tayori.mail.header import encode_raw
from tayori.mail.return_path import UNSUBSCRIBE, encode

LIST_UNSUBSCRIBE: Final = frozenset({"list-unsubscribe", "list-unsubscribe-post"})
"""Fields of ours where a mail has an unsubscribe link; those of the customer give way to them."""


def list_fields(recipe: Recipe, linker: Linker, recipient_id: int, token_key: bytes) -> list[bytes]:
    """Return the fields for a recipient, none where no link is wanted.

    The web address comes first, as receivers take the first one that they can use; the field is
    folded between the two, because either is long.
    """
    links = linker.links
    if not links.language:
        return []
    web = linker.unsubscribe_url(recipient_id).encode("ascii")
    ways = [b"<%b>" % web]
    if links.mx_host:
        token = encode(recipient_id, recipe.date_at, token_key, UNSUBSCRIBE)
        address = f"{token}@{links.mx_host}".encode("ascii")
        ways.append(b"<mailto:%b?subject=unsubscribe>" % address)
    return [
        b"List-Unsubscribe: %b\r\n" % b",\r\n ".join(ways),
        encode_raw(b"List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"),
    ]
