"""The mailboxes of an address field such as To or Cc (RFC 5322 3.4), read from its text."""

from tayori.mail.address import AddressError, Mailbox, parse_mailbox
from tayori.mail.parameters import without_comments


def read_mailboxes(text: str) -> tuple[Mailbox, ...] | AddressError:
    """Read a list of mailboxes and groups; the first that is no mailbox is the error."""
    found: list[Mailbox] = []
    for item in _items(without_comments(text)):
        mailbox = parse_mailbox(item)
        if isinstance(mailbox, AddressError):
            return mailbox
        found.append(mailbox)
    return tuple(found)


def _items(text: str) -> list[str]:
    """Split at commas outside of quotes and angle brackets; names of groups are dropped."""
    items: list[str] = []
    start = position = 0
    quoted = angled = False
    while position < len(text):
        char = text[position]
        if char == "\\" and quoted:
            position += 1
        elif char == '"':
            quoted = not quoted
        elif quoted:
            pass
        elif char in "<>":
            angled = char == "<"
        elif char in ",;" and not angled:
            items.append(text[start:position])
            start = position + 1
        elif char == ":" and not angled:
            start = position + 1
        position += 1
    items.append(text[start:])
    return [item for item in items if item.strip()]
