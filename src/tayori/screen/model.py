"""What a look at content found, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Business(StrEnum):
    """What a mail is for, as far as its words tell (spec 5)."""

    MARKETING = "marketing"
    """It sells or invites; at least 150 characters of its own text."""
    NOTICE = "notice"
    """It tells about an account, an order, a meeting, or is a test; at least 50 characters."""
    TRIGGER = "trigger"
    """A code, a receipt or another short answer to what the reader just did; of any length."""


class Reason(StrEnum):
    """Why content is refused or shown to a person; `reasons.toml` has the sentences."""

    TEXT_TOO_SHORT = "text_too_short"
    VARIABLES_ONLY = "variables_only"
    TOO_MANY_VARIABLES = "too_many_variables"
    TOO_MANY_IMAGES = "too_many_images"
    IMAGES_ONLY = "images_only"
    FORBIDDEN_TOPIC = "forbidden_topic"
    SHORTENED_LINK = "shortened_link"
    REDIRECTING_LINK = "redirecting_link"
    DISGUISED_LINK = "disguised_link"
    VAGUE_LINK = "vague_link"
    ADDRESS_LINK = "address_link"
    WEB_LINK = "web_link"
    HIDDEN_TEXT = "hidden_text"
    SCRIPT = "script"
    FORM = "form"
    EXTERNAL_STYLE = "external_style"
    EMBEDDED_DATA = "embedded_data"
    ACTIVE_CONTENT = "active_content"
    BROKEN_HTML = "broken_html"
    OTHER_BUSINESS = "other_business"
    VALUE_MARKUP = "value_markup"
    VALUE_LINK = "value_link"
    PROGRAM = "program"
    MACROS = "macros"
    DISGUISED_FILE = "disguised_file"
    LOCKED_ARCHIVE = "locked_archive"
    ARCHIVE_BOMB = "archive_bomb"


OF_MAILS: Final = frozenset(
    {
        Reason.VALUE_MARKUP,
        Reason.VALUE_LINK,
        Reason.PROGRAM,
        Reason.MACROS,
        Reason.DISGUISED_FILE,
        Reason.LOCKED_ARCHIVE,
        Reason.ARCHIVE_BOMB,
    }
)
"""What only mails can have and no template: values and files."""
LONGEST_FIELD: Final = 500
"""Characters that are kept of a link and the like: more than sentences show of it."""


class Severity(StrEnum):
    """What follows from a finding."""

    REFUSE = "refuse"
    PERSON = "person"
    """A person decides, where persons do; otherwise it is advice."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason with the words that fill the holes of its sentence."""

    reason: Reason
    fields: Mapping[str, str] = field(default_factory=dict)
    severity: Severity = Severity.REFUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What the rules say about content: what it is for, and everything that was found."""

    business: Business
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        """Tell whether a rule refuses it."""
        return any(finding.severity is Severity.REFUSE for finding in self.findings)

    @property
    def doubtful(self) -> bool:
        """Tell whether a person should look at it."""
        return bool(self.findings)


def found(reason: Reason, severity: Severity = Severity.REFUSE, **fields: object) -> Finding:
    """Return a finding; `fields` are kept as text, of which a part is shown."""
    kept = {name: str(value)[:LONGEST_FIELD] for name, value in fields.items()}
    return Finding(reason, kept, severity)
