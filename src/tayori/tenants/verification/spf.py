"""SPF records by their grammar (RFC 7208 4.6, 5, 6, 12), without any look-up (pure)."""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_LOOKUPS = 10
"""Terms that cause a look-up in one evaluation (RFC 7208 4.6.4)."""
MAX_VOID = 2
"""Look-ups without any result in one evaluation (RFC 7208 4.6.4)."""

_VERSION = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_MECHANISM = re.compile(
    r"([+\-~?]?)(all|include|a|mx|ptr|ip4|ip6|exists)(?::([^/]*(?:/(?![0-9/])[^/]*)*))?"
    r"((?:/[0-9]{1,3})?(?://[0-9]{1,3})?)\Z",
    re.IGNORECASE,
)
_IP6 = re.compile(r"([+\-~?]?)ip6:([0-9A-Fa-f:.]+)(?:/([0-9]{1,3}))?\Z", re.IGNORECASE)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)\Z", re.DOTALL)
_DOMAIN = re.compile(
    r"(?:[!-$&-~]|%\{[slodiphcrtv][0-9]*r?[.\-+,/_=]*\}|%%|%_|%-)+\Z", re.IGNORECASE
)
_LOOKING_UP = frozenset({"include", "a", "mx", "ptr", "exists"})


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One mechanism; `domain` is "" for the domain of the record, or the network of ip4, ip6."""

    qualifier: str
    name: str
    domain: str = ""

    @property
    def looks_up(self) -> bool:
        """Tell whether it counts towards the limit of look-ups."""
        return self.name in _LOOKING_UP


@dataclass(frozen=True, slots=True)
class SpfRecord:
    """A well-formed record: its mechanisms in order, and where it redirects to ("" nowhere)."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str
    text: str

    @property
    def all(self) -> Mechanism | None:
        """Return the first "all"; nothing behind it is ever looked at (RFC 7208 5.1)."""
        return next((each for each in self.mechanisms if each.name == "all"), None)


@dataclass(frozen=True, slots=True)
class SpfSyntaxError:
    """The first term that is wrong; receivers then treat the whole record as an error."""

    term: str


def is_spf(text: str) -> bool:
    """Tell whether a TXT record is an SPF record (RFC 7208 4.5)."""
    return _VERSION.match(text) is not None


def parse_spf(text: str) -> SpfRecord | SpfSyntaxError:
    """Read a record that `is_spf`; names come out in lower case without a final dot."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in text.split(" ")[1:]:
        if not term:
            continue
        modifier = _MODIFIER.match(term)
        if modifier:
            name = modifier[1].lower()
            single = name in {"redirect", "exp"}
            if single and (name in modifiers or not _DOMAIN.match(modifier[2])):
                return SpfSyntaxError(term)
            modifiers[name] = _name(modifier[2])
            continue
        mechanism = _mechanism(term)
        if mechanism is None:
            return SpfSyntaxError(term)
        mechanisms.append(mechanism)
    return SpfRecord(tuple(mechanisms), modifiers.get("redirect", ""), text)


def _mechanism(term: str) -> Mechanism | None:
    six = _IP6.match(term)
    if six:
        return _network(six[1], "ip6", six[2], six[3])
    match = _MECHANISM.match(term)
    if match is None:
        return None
    qualifier, name, domain, cidr = match[1] or "+", match[2].lower(), match[3], match[4]
    if name == "ip4":
        return _network(qualifier, name, domain or "", cidr.removeprefix("/"))
    needs = name in {"include", "exists"}
    takes = needs or name in {"a", "mx", "ptr"}
    well_formed = (
        (domain is not None or not needs)
        and (domain is None or (takes and _DOMAIN.match(domain) is not None))
        and (not cidr or (name in {"a", "mx"} and _cidr_fits(cidr)))
    )
    return Mechanism(qualifier, name, _name(domain or "")) if well_formed else None


def _network(qualifier: str, name: str, address: str, prefix: str | None) -> Mechanism | None:
    kind = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
    network = f"{address}/{prefix}" if prefix else address
    if "/" in address or (prefix and not prefix.isdecimal()):
        return None
    try:
        kind(network, strict=False)
    except ValueError:
        return None
    return Mechanism(qualifier or "+", name, network)


def _cidr_fits(cidr: str) -> bool:
    """Tell whether "/24", "//64" or "/24//64" is in range (RFC 7208 5.6)."""
    four, _, six = cidr.partition("//")
    return int(four.removeprefix("/") or 0) <= 32 and int(six or 0) <= 128  # noqa: PLR2004 - widths


def _name(domain: str) -> str:
    return domain.lower().removesuffix(".")


def has_macro(domain: str) -> bool:
    """Tell whether a name depends on the mail (RFC 7208 7), so that nobody can look it up now."""
    return "%" in domain


def with_include(record: str, include: str) -> str:
    """Return a record's text with our include in front, as a suggestion."""
    terms = [term for term in record.split(" ")[1:] if term]
    ours = f"include:{include}".lower()
    kept = [term for term in terms if term.lower().lstrip("+-~?") != ours]
    return " ".join(["v=spf1", f"include:{include}", *kept])


def merged(records: Sequence[str], include: str) -> str:
    """Return one record in the place of several: every term once, one "all" at the end."""
    terms: dict[str, None] = {}
    endings: list[str] = []
    for record in records:
        for term in record.split(" ")[1:]:
            if term.lower().lstrip("+-~?") == "all":
                endings.append(term.lower())
            elif term:
                terms.setdefault(term)
    # The softest ending rejects nothing that one of the records let through.
    ending = next((each for each in ("?all", "~all") if each in endings), "~all")
    return with_include(" ".join(["v=spf1", *terms, ending]), include)
