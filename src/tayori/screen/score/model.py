"""A score and what it is made of, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

BEST = 10.0
RECOMMENDED = 8.0
"""The least that is recommended before a mail goes out (spec 5)."""


class Check(StrEnum):
    """What can cost points; `score.toml` has their number and the sentences."""

    NO_DKIM = "no_dkim"
    DKIM_FAILED = "dkim_failed"
    DKIM_OTHER_DOMAIN = "dkim_other_domain"
    SPF_FAILED = "spf_failed"
    SPF_MISSING = "spf_missing"
    SPF_OTHER_DOMAIN = "spf_other_domain"
    DMARC_MISSING = "dmarc_missing"
    DMARC_FAILED = "dmarc_failed"
    NO_TLS = "no_tls"
    NO_REVERSE_NAME = "no_reverse_name"
    REVERSE_NAME_OTHER = "reverse_name_other"
    GREETING_NO_NAME = "greeting_no_name"
    GREETING_OTHER = "greeting_other"
    BLOCK_LISTED = "block_listed"
    FROM_INVALID = "from_invalid"
    TO_MISSING = "to_missing"
    DATE_MISSING = "date_missing"
    MESSAGE_ID_MISSING = "message_id_missing"
    SUBJECT_MISSING = "subject_missing"
    SUBJECT_LONG = "subject_long"
    SUBJECT_SHOUTS = "subject_shouts"
    TEXT_PART_MISSING = "text_part_missing"
    TEXT_SHORT = "text_short"
    IMAGES_ONLY = "images_only"
    MANY_IMAGES = "many_images"
    IMAGES_WITHOUT_TEXT = "images_without_text"
    MANY_FONTS = "many_fonts"
    MANY_COLOURS = "many_colours"
    TINY_TEXT = "tiny_text"
    BROKEN_HTML = "broken_html"
    ACTIVE_HTML = "active_html"
    EXTERNAL_STYLE = "external_style"
    EMBEDDED_DATA = "embedded_data"
    HIDDEN_TEXT = "hidden_text"
    SHORTENED_LINK = "shortened_link"
    REDIRECTING_LINK = "redirecting_link"
    DISGUISED_LINK = "disguised_link"
    ADDRESS_LINK = "address_link"
    VAGUE_LINK = "vague_link"
    PLAIN_HTTP_LINK = "plain_http_link"
    NO_VISIBLE_UNSUBSCRIBE = "no_visible_unsubscribe"
    NO_LIST_UNSUBSCRIBE = "no_list_unsubscribe"
    NO_ONE_CLICK = "no_one_click"
    ONE_CLICK_UNSIGNED = "one_click_unsigned"
    FORBIDDEN_TOPIC = "forbidden_topic"
    HTML_LARGE = "html_large"
    MAIL_LARGE = "mail_large"
    DANGEROUS_FILE = "dangerous_file"
    MALWARE = "malware"
    CALLED_SPAM = "called_spam"


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that costs points, with the words that fill the holes of its sentences."""

    check: Check
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """The points left of ten, and what was lost, most expensive first."""

    points: float
    losses: tuple[Loss, ...]

    @property
    def recommended(self) -> bool:
        """Tell whether it reaches the recommended minimum."""
        return self.points >= RECOMMENDED


def loss(check: Check, **fields: object) -> Loss:
    """Return a loss; `fields` are shown as text."""
    return Loss(check, {name: str(value) for name, value in fields.items()})
