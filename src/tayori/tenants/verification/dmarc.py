"""DMARC policy records and where they are looked for (RFC 9989), without any look-up (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_VERSION = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_MOST_LABELS = 7
"""The tree walk goes on from so many labels, however long the name is (RFC 9989 4.10)."""
_LOWERED = {"reject": "quarantine", "quarantine": "none", "none": "none"}

POLICIES = frozenset({"none", "quarantine", "reject"})

Alignment = Literal["r", "s"]


@dataclass(frozen=True, slots=True)
class DmarcRecord:
    """A record by its tags, in lower case; unknown ones are kept and mean nothing."""

    tags: dict[str, str]
    text: str

    @property
    def p(self) -> str:
        """Return the written policy, "" when there is none."""
        return self.tags.get("p", "")

    @property
    def psd(self) -> str:
        """Return "y" for a public suffix, "n" for an organisation, else "u"."""
        psd = self.tags.get("psd", "u")
        return psd if psd in {"y", "n"} else "u"

    @property
    def adkim(self) -> Alignment:
        """Return how DKIM's domain must match: relaxed or strict."""
        return "s" if self.tags.get("adkim") == "s" else "r"

    @property
    def aspf(self) -> Alignment:
        """Return how SPF's domain must match: relaxed or strict."""
        return "s" if self.tags.get("aspf") == "s" else "r"

    def policy(self, *, inherited: bool) -> str:
        """Return the policy for an existing domain that has the record, or is below its domain.

        Without a valid p it is "none" (RFC 9989 4.7); with t=y it is one step lower (4.8).
        """
        written = self.tags.get("sp", self.p) if inherited else self.p
        policy = written if written in POLICIES else "none"
        return _LOWERED[policy] if self.tags.get("t") == "y" else policy


def is_dmarc(text: str) -> bool:
    """Tell whether a TXT record is a DMARC record: v=DMARC1 comes first (RFC 9989 4.7)."""
    return _VERSION.match(text.lstrip(" \t")) is not None


def parse_dmarc(text: str) -> DmarcRecord:
    """Read a record that `is_dmarc`; what is no tag is passed over (RFC 9989 4.7)."""
    tags: dict[str, str] = {}
    for piece in text.split(";"):
        name, equals, value = piece.partition("=")
        if equals and name.strip():
            tags.setdefault(name.strip().lower(), value.strip().lower())
    return DmarcRecord(tags, text)


def only_record(texts: Sequence[str]) -> DmarcRecord | None:
    """Return the DMARC record of a name; several are as good as none (RFC 9989 4.10)."""
    found = [text for text in texts if is_dmarc(text)]
    return parse_dmarc(found[0]) if len(found) == 1 else None


def tree_walk(domain: str) -> tuple[str, ...]:
    """Return the domains whose `_dmarc` is asked, in order, at most eight (RFC 9989 4.10)."""
    labels = domain.split(".")
    above = labels[-_MOST_LABELS:] if len(labels) > _MOST_LABELS else labels[1:]
    return (domain, *(".".join(above[index:]) for index in range(len(above))))


@dataclass(frozen=True, slots=True)
class Applied:
    """The record that applies to a domain, and at which domain it stands."""

    domain: str
    record: DmarcRecord


def ends_walk(record: DmarcRecord | None) -> bool:
    """Tell whether the walk stops at this record (psd=n, psd=y)."""
    return record is not None and record.psd in {"y", "n"}


def organisational(domain: str, walked: Sequence[tuple[str, DmarcRecord | None]]) -> str:
    """Return the organisational domain, from the walk's records in order (RFC 9989 4.10.2)."""
    found = [(name, record) for name, record in walked if record is not None]
    for name, record in found:
        if record.psd == "n":
            return name
        if record.psd == "y" and name != domain:
            labels = domain.split(".")
            return ".".join(labels[-(name.count(".") + 2) :])
    return found[-1][0] if found else domain


def applied(domain: str, walked: Sequence[tuple[str, DmarcRecord | None]]) -> Applied | None:
    """Return the record that applies: the domain's own, else the organisation's, else the suffix's.

    RFC 9989 4.10.1.
    """
    records = {name: record for name, record in walked if record is not None}
    organisation = organisational(domain, walked)
    suffix = next((name for name, record in records.items() if record.psd == "y"), "")
    for name in (domain, organisation, suffix):
        if name in records:
            return Applied(name, records[name])
    return None
