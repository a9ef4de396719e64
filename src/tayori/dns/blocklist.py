"""DNS block lists of addresses (RFC 5782)."""

from dataclasses import dataclass
from enum import StrEnum

from tayori.dns.addresses import IpAddress
from tayori.dns.answers import Answer, Lookups, TemporaryFailure

_LONGEST_WORDS = 200


class Listed(StrEnum):
    """What a list says of an address."""

    YES = "yes"
    NO = "no"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    """The list does not take our questions, and says so by an address that means no listing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list's answer: the codes that it gave, and its words, "" for none."""

    zone: str
    listed: Listed
    codes: tuple[str, ...] = ()
    words: str = ""


async def ask_blocklist(
    zone: str, address: IpAddress, lookups: Lookups, *, bypass_cache: bool = False
) -> Listing:
    """Ask one list about an address (RFC 5782 2.1 and 2.4 for IPv6)."""
    reverse = address.reverse_pointer
    name = f"{reverse.removesuffix('.in-addr.arpa').removesuffix('.ip6.arpa')}.{zone}"
    found = await lookups.lookup(name, "A", bypass_cache=bypass_cache)
    if isinstance(found, TemporaryFailure):
        return Listing(zone=zone, listed=Listed.NO_ANSWER)
    codes = found.names if isinstance(found, Answer) else ()
    if not codes:
        return Listing(zone=zone, listed=Listed.NO)
    if all(not code.startswith("127.") or code.startswith("127.255.") for code in codes):
        # What lists say to those whose questions they do not take.
        return Listing(zone=zone, listed=Listed.REFUSED, codes=codes)
    said = await lookups.lookup(name, "TXT", bypass_cache=bypass_cache)
    texts = said.texts if isinstance(said, Answer) else ()
    words = _plain(texts[0]) if texts else ""
    return Listing(zone=zone, listed=Listed.YES, codes=codes, words=words)


def _plain(text: bytes) -> str:
    shown = text.decode("utf-8", "replace")[:_LONGEST_WORDS]
    return "".join(char if char.isprintable() else " " for char in shown).strip()
