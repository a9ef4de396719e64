"""Mail addresses as values: one mailbox at a time, read strictly, written canonically.

What is read here can go into an SMTP command or a header without further care: no control
character, no line break and no second address survives. A text that is not one mailbox gives an
`AddressError`, never an exception.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

import idna

from tayori.mail.encoded_word import decode_words
from tayori.refusal.saying import Saying, say

MAX_LOCAL_OCTETS: Final = 64
"""RFC 5321 4.5.3.1.1, counted as the local part goes over the wire."""
MAX_ADDRESS_OCTETS: Final = 254
"""RFC 5321 4.5.3.1.3: a path of 256 octets less its angle brackets."""
MAX_DOMAIN_OCTETS: Final = 253
MAX_DISPLAY_NAME: Final = 256
"""Characters; keeps the longest quoted name far below the 998 octets of a line."""

_SHORT: Final = 254
"""Characters of a text that is worth remembering."""
_ATEXT: Final = r"A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\u0080-\U0010ffff"
_DOT_ATOM: Final = re.compile(rf"[{_ATEXT}]+(?:\.[{_ATEXT}]+)*\Z")
_QUOTED_LOCAL: Final = re.compile(r'"((?:[^"\\]|\\[ -~])*)"@')
_QUOTED_NAME: Final = re.compile(r'"((?:[^"\\]|\\.)*)"[ \t]*\Z')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
_CONTROL: Final = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LDH_DOMAIN: Final = re.compile(
    r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!..--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?\Z"
)
_FORBIDDEN_IN_LOCAL: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})


class AddressFault(StrEnum):
    """Why a text is no mailbox."""

    EMPTY = "empty"
    CONTROL = "control"
    SEVERAL = "several"
    NO_AT = "no_at"
    LOCAL = "local"
    LOCAL_LENGTH = "local_length"
    DOMAIN = "domain"
    LITERAL = "literal"
    LENGTH = "length"
    BRACKETS = "brackets"
    NAME = "name"


_SENTENCES: Final[dict[AddressFault, Saying]] = {
    AddressFault.EMPTY: say("The address is empty."),
    AddressFault.CONTROL: say("The address contains a line break or another control character."),
    AddressFault.SEVERAL: say("Only one address is allowed here, not a list."),
    AddressFault.NO_AT: say("The address has no @."),
    AddressFault.LOCAL: say("The part before the @ is not allowed by RFC 5321."),
    AddressFault.LOCAL_LENGTH: say("The part before the @ is longer than 64 octets."),
    AddressFault.DOMAIN: say("The part behind the @ is not a valid domain name."),
    AddressFault.LITERAL: say("An IP address in brackets is not accepted in place of a domain."),
    AddressFault.LENGTH: say("The address is longer than 254 octets."),
    AddressFault.BRACKETS: say("The angle brackets around the address do not match."),
    AddressFault.NAME: say("The display name is malformed or longer than 256 characters."),
}


@dataclass(frozen=True, slots=True)
class AddressError:
    """A text that is no mailbox: the fault and the text itself (untrusted, may be long)."""

    fault: AddressFault
    text: str

    @property
    def sentence(self) -> str:
        """Return the sentence in English."""
        return self.saying.english

    @property
    def saying(self) -> Saying:
        """Return one sentence that tells the writer what is wrong."""
        return _SENTENCES[self.fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One address; equal addresses go to the same mailbox by the rules of RFC 5321 2.4.

    `local` is the meaning of the local part, without quotes; its case is kept and counts.
    `domain` is the lower-case A-label form. `original` is the address as it was written.
    """

    local: str
    domain: str
    original: str = field(default="", compare=False)

    @property
    def addr(self) -> str:
        """Return the address as SMTP and headers carry it, without angle brackets."""
        return f"{_written_local(self.local)}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Tell whether the address can travel only over SMTPUTF8 (RFC 6531)."""
        return not self.local.isascii()

    @property
    def unicode_domain(self) -> str:
        """Return the domain as a person reads it (U-labels)."""
        if "xn--" not in self.domain:
            return self.domain
        return idna.decode(self.domain)

    def __str__(self) -> str:
        """Return the address as SMTP carries it."""
        return self.addr


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An address with a display name, which is "" when there is none (RFC 5322 3.4)."""

    display_name: str = ""
    address: Address

    @property
    def needs_smtputf8(self) -> bool:
        """Tell whether the mailbox can stand only in an internationalised header (RFC 6532)."""
        return self.address.needs_smtputf8


def parse_mailbox(text: str) -> Mailbox | AddressError:
    """Read one mailbox: `a@b.c`, `<a@b.c>`, `Name <a@b.c>`, `Name<a@b.c>` or `"Name" <a@b.c>`.

    A name that holds commas but no @ is accepted unquoted ("Acme, Inc. <a@b.c>"), since it cannot
    be a list. Encoded words in the name (RFC 2047) are decoded.
    """
    return _known_mailbox(text) if len(text) <= _SHORT else _read_mailbox(text)


@lru_cache(maxsize=4096)
def _known_mailbox(text: str) -> Mailbox | AddressError:
    """Remember what was read: senders are the same again and again."""
    return _read_mailbox(text)


def _read_mailbox(text: str) -> Mailbox | AddressError:
    if _CONTROL.search(text):
        return AddressError(AddressFault.CONTROL, text)
    stripped = text.strip(" \t")
    if not stripped:
        return AddressError(AddressFault.EMPTY, text)
    if not stripped.endswith(">"):
        address = parse_address(stripped)
        return Mailbox(address=address) if isinstance(address, Address) else address
    start = _angle_start(stripped)
    name = _read_name(stripped[: max(start, 0)].strip(" \t"))
    fault = AddressFault.BRACKETS if start < 0 else name
    if isinstance(fault, AddressFault):
        return AddressError(fault, text)
    address = parse_address(stripped[start + 1 : -1].strip(" \t"))
    if isinstance(address, AddressError):
        return AddressError(address.fault, text)
    return Mailbox(display_name=name, address=address)


def parse_address(text: str) -> Address | AddressError:
    """Read one bare address without angle brackets (RFC 5321 4.1.2, RFC 6531 3.3)."""
    return _known_address(text) if len(text) <= _SHORT else _read_address(text)


@lru_cache(maxsize=4096)
def _known_address(text: str) -> Address | AddressError:
    """Remember what was read: an address is read when it is named, and again with its mail."""
    return _read_address(text)


def _read_address(text: str) -> Address | AddressError:
    fault = _address_fault(text)
    if fault is not None:
        return AddressError(fault, text)
    quoted = _QUOTED_LOCAL.match(text)
    if quoted:
        local, domain_text = _QUOTED_PAIR.sub(r"\1", quoted[1]), text[quoted.end() :]
    else:
        local, _, domain_text = text.rpartition("@")
    if not _local_allowed(local, quoted=quoted is not None):
        several = "," in text and text.count("@") > 1
        return AddressError(AddressFault.SEVERAL if several else AddressFault.LOCAL, text)
    written = _written_local(local)
    if len(written.encode()) > MAX_LOCAL_OCTETS:
        return AddressError(AddressFault.LOCAL_LENGTH, text)
    domain = parse_domain(domain_text)
    if isinstance(domain, AddressError):
        return AddressError(domain.fault, text)
    if len(written.encode()) + 1 + len(domain) > MAX_ADDRESS_OCTETS:
        return AddressError(AddressFault.LENGTH, text)
    return Address(local=local, domain=domain, original=text)


@lru_cache(maxsize=4096)
def parse_domain(text: str) -> str | AddressError:
    """Return the lower-case A-label form of a mail domain (IDNA 2008 with UTS 46 mapping).

    A name needs at least two labels and a last one that is no number; a trailing dot is refused,
    since RFC 5321 2.3.5 has none.
    """
    lowered = text.lower()
    if len(lowered) <= MAX_DOMAIN_OCTETS and _LDH_DOMAIN.match(lowered):
        return lowered
    if text.startswith("["):
        return AddressError(AddressFault.LITERAL, text)
    return _mapped_domain(text) or AddressError(AddressFault.DOMAIN, text)


def _mapped_domain(text: str) -> str:
    # The length bound comes first because the mapping's cost grows with the text.
    if len(text) > MAX_DOMAIN_OCTETS or text != text.strip():
        return ""
    try:
        domain = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except (UnicodeError, IndexError, ValueError):
        return ""
    labels = domain.split(".")
    valid = len(labels) > 1 and labels[-1] and not labels[-1].isdigit()
    return domain if valid and len(domain) <= MAX_DOMAIN_OCTETS else ""


def _address_fault(text: str) -> AddressFault | None:
    if not text:
        return AddressFault.EMPTY
    if _CONTROL.search(text):
        return AddressFault.CONTROL
    if "@" not in text:
        return AddressFault.NO_AT
    # Checked early so that nothing below works on a text of megabytes; UTS 46 may shorten a
    # domain, hence the slack.
    if len(text) > 2 * MAX_ADDRESS_OCTETS:
        return AddressFault.LENGTH
    return None


def _local_allowed(local: str, *, quoted: bool) -> bool:
    if not local or (not quoted and not _DOT_ATOM.match(local)):
        return False
    if local.isascii():
        return "\t" not in local
    return all(
        char == " " or char.isascii() or unicodedata.category(char) not in _FORBIDDEN_IN_LOCAL
        for char in local
    )


def _written_local(local: str) -> str:
    if _DOT_ATOM.match(local):
        return local
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _angle_start(text: str) -> int:
    """Return where the last angle bracket opens that is no part of a quoted local part, or -1."""
    start = text.rfind("<")
    if '"' not in text[max(start, 0) :]:
        return start
    quoted = False
    start = -1
    position = 0
    while position < len(text):
        char = text[position]
        if char == "\\" and quoted:
            position += 1
        elif char == '"':
            quoted = not quoted
        elif char == "<" and not quoted:
            start = position
        position += 1
    return start


def _read_name(text: str) -> str | AddressFault:
    if not text:
        return ""
    if text.startswith('"'):
        quoted = _QUOTED_NAME.match(text)
        if not quoted:
            return AddressFault.NAME
        name = _QUOTED_PAIR.sub(r"\1", quoted[1])
    else:
        if "@" in text and "," in text:
            return AddressFault.SEVERAL
        if any(char in text for char in '<>"'):
            return AddressFault.NAME
        name = text
    name = " ".join(decode_words(name).replace("\t", " ").split(" ")).strip()
    if _CONTROL.search(name):
        return AddressFault.CONTROL
    return name if len(name) <= MAX_DISPLAY_NAME else AddressFault.NAME
