"""What a check can say about a record: a closed list, each with its sentence in three languages.

The sentences stand in `sentences.py`; a test holds that every code has all of them.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from tayori.tenants.verification.sentences import SENTENCES

Language: TypeAlias = Literal["en", "zh", "ja"]


class Severity(StrEnum):
    """How much a finding weighs."""

    PROBLEM = "problem"
    """The record is not right because of it."""
    ADVICE = "advice"
    """The record is right, or the fault is elsewhere; something should be mended all the same."""
    NOTE = "note"
    """Worth knowing."""


class FindingCode(StrEnum):
    """Everything that can be found."""

    RIGHT = "right"
    NOT_LOOKED = "not_looked"
    NO_ANSWER = "no_answer"
    NO_SUCH_NAME = "no_such_name"
    NO_RECORD = "no_record"

    MX_OTHER_HOST = "mx_other_host"
    MX_OWN_HOST = "mx_own_host"
    MX_NULL = "mx_null"
    MX_NOT_FIRST = "mx_not_first"
    MX_MAILBOX_SERVICE = "mx_mailbox_service"

    SPF_SEVERAL = "spf_several"
    SPF_SYNTAX = "spf_syntax"
    SPF_NOT_INCLUDED = "spf_not_included"
    SPF_NOT_PASSING = "spf_not_passing"
    SPF_AFTER_ALL = "spf_after_all"
    SPF_INCLUDE_BROKEN = "spf_include_broken"
    SPF_LOOP = "spf_loop"
    SPF_TOO_MANY_LOOKUPS = "spf_too_many_lookups"
    SPF_LOOKUPS_HIGH = "spf_lookups_high"
    SPF_VOID_LOOKUPS = "spf_void_lookups"
    SPF_NOT_COUNTED = "spf_not_counted"
    SPF_OURS_EMPTY = "spf_ours_empty"
    SPF_ALLOWS_ALL = "spf_allows_all"
    SPF_MAILBOX_SERVICE = "spf_mailbox_service"

    DMARC_SEVERAL = "dmarc_several"
    DMARC_NO_POLICY = "dmarc_no_policy"
    DMARC_BAD_POLICY = "dmarc_bad_policy"
    DMARC_INHERITED = "dmarc_inherited"
    DMARC_OF_SUFFIX = "dmarc_of_suffix"
    DMARC_WOULD_REJECT = "dmarc_would_reject"

    DKIM_SEVERAL = "dkim_several"
    DKIM_OTHER_KEY = "dkim_other_key"
    DKIM_REVOKED = "dkim_revoked"
    DKIM_SYNTAX = "dkim_syntax"
    DKIM_RESTRICTED = "dkim_restricted"
    DKIM_TESTING = "dkim_testing"

    @property
    def severity(self) -> Severity:
        """Return how much this weighs wherever it is found."""
        if self in _NOTES:
            return Severity.NOTE
        return Severity.ADVICE if self in _ADVICE else Severity.PROBLEM


_NOTES = frozenset(
    {
        FindingCode.RIGHT,
        FindingCode.NOT_LOOKED,
        FindingCode.NO_ANSWER,
        FindingCode.MX_OWN_HOST,
        FindingCode.SPF_NOT_COUNTED,
        FindingCode.SPF_MAILBOX_SERVICE,
        FindingCode.DMARC_INHERITED,
    }
)
_ADVICE = frozenset(
    {
        FindingCode.MX_NOT_FIRST,
        FindingCode.MX_MAILBOX_SERVICE,
        FindingCode.SPF_LOOKUPS_HIGH,
        FindingCode.SPF_VOID_LOOKUPS,
        FindingCode.SPF_OURS_EMPTY,
        FindingCode.SPF_ALLOWS_ALL,
        FindingCode.DMARC_WOULD_REJECT,
        FindingCode.DKIM_TESTING,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `fields` fill the holes of its sentence."""

    code: FindingCode
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Return how much it weighs."""
        return self.code.severity

    def sentence(self, language: Language = "en") -> str:
        """Return the sentence for a reader."""
        return SENTENCES[self.code.value][language].format_map(self.fields)


def stored_finding(code: str, fields: dict[str, str]) -> Finding | None:
    """Return a finding that was kept; None for one that an older version knew."""
    return Finding(FindingCode(code), fields) if code in tuple(FindingCode) else None


def finding(code: FindingCode, **fields: object) -> Finding:
    """Return a finding; fields are shown as text."""
    return Finding(code, {name: str(value) for name, value in fields.items()})
