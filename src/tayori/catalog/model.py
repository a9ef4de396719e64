"""Senders and templates as values."""

from dataclasses import dataclass, field
from enum import IntEnum

from tayori.mail.address import Address


class TemplateStatus(IntEnum):
    """Where a template stands in review, as the API numbers it."""

    APPROVED = 0
    IN_REVIEW = 1
    REFUSED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A sender address of an account; `display_name` is "" when it has none."""

    id: int
    account_id: int
    identity_id: int
    address: Address
    display_name: str
    smtp_password_hash: str | None = field(repr=False)
    created_at: int

    @property
    def has_smtp_password(self) -> bool:
        """Tell whether it can log in by SMTP."""
        return self.smtp_password_hash is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template without its content. `version` grows by one with every edit."""

    id: int
    account_id: int
    name: str
    status: TemplateStatus
    review_reason: str
    version: int
    created_at: int
    updated_at: int
    business: str = ""
    """What the rules of review take it for, "" when they never saw it."""
    findings: str = ""
    """What they found, as `screen.reasons` keeps it."""
    due_at: int | None = None
    """When an operator is to have decided; None while nobody is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstReview:
    """What the rules decide about a version before anybody looks at it."""

    status: TemplateStatus
    business: str = ""
    findings: str = ""
    due_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateContent:
    """HTML and text of one version as they were given, UTF-8; "" for a part it does not have."""

    html: str
    text: str
    blocks: str = ""
    """What the HTML was made of in the console's editor, as that keeps it; "" when by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTemplate:
    """A template and the content of its newest version."""

    template: Template
    content: TemplateContent
