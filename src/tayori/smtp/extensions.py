"""What a server offers in its reply to EHLO (RFC 5321 4.1.1.1), read leniently."""

from dataclasses import dataclass

from tayori.mail.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """The offered extensions; the default is what HELO gives: none."""

    pipelining: bool = False
    size: int | None = None
    """The limit of RFC 1870; 0 = offered without a limit, None = not offered."""
    eightbit: bool = False
    smtputf8: bool = False
    starttls: bool = False
    enhanced: bool = False
    chunking: bool = False
    dsn: bool = False
    requiretls: bool = False
    auth: tuple[str, ...] = ()
    """SASL mechanisms in upper case."""


def extensions_of(reply: Reply) -> Extensions:
    """Read the reply to EHLO; its first line is the greeting. Unknown keywords are ignored."""
    offered: dict[str, list[str]] = {}
    for line in reply.lines[1:]:
        # Old servers wrote "AUTH=LOGIN"; it is still seen.
        words = line.replace("=", " ", 1).split() if line[:5].upper() == "AUTH=" else line.split()
        if words:
            offered.setdefault(words[0].upper(), []).extend(words[1:])
    size = offered.get("SIZE")
    return Extensions(
        pipelining="PIPELINING" in offered,
        size=None if size is None else _size(size),
        eightbit="8BITMIME" in offered,
        smtputf8="SMTPUTF8" in offered,
        starttls="STARTTLS" in offered,
        enhanced="ENHANCEDSTATUSCODES" in offered,
        chunking="CHUNKING" in offered,
        dsn="DSN" in offered,
        requiretls="REQUIRETLS" in offered,
        auth=tuple(dict.fromkeys(word.upper() for word in offered.get("AUTH", ()))),
    )


def _size(words: list[str]) -> int:
    """Return the first number of SIZE, at most 20 digits (RFC 1870 4), or 0 for none."""
    word = words[0] if words else ""
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 20 else 0  # noqa: PLR2004
