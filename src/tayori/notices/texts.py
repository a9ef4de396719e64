"""What the service's own mails say, in three languages, read from `texts.toml`.

Each kind has a subject and a text in every language; the text ends with a footer. Values are put
into holes such as `$link`; they are one line each, so a stranger's name cannot write paragraphs.
"""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Final

from tayori.refusal.saying import Saying
from tayori.refusal.table import Language
from tayori.refusal.telling import tell

MAX_VALUE: Final = 500
"""Characters of a value that are shown."""


class NoticeKind(StrEnum):
    """What a notice is about."""

    RESET = "reset"
    """A link to set a new password; needs `link` and `minutes`."""
    INVITATION = "invitation"
    """A link to join an account; needs `link`, `account`, `role`, `invited_by` and `hours`."""
    OPERATOR_INVITATION = "operator_invitation"
    """A link to become operator; needs `link`, `invited_by` and `hours`."""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a word, no secret
    """Somebody set a new password; needs `address`."""
    SECOND_FACTOR_OFF = "second_factor_off"
    """Somebody switched the second factor off; needs `address`."""
    CALLBACK_OFF = "callback_off"
    """Calls to an endpoint have stopped; needs `account`, `url` and `reason`."""
    TEMPLATE_APPROVED = "template_approved"
    """A template may be used; needs `account` and `template`."""
    TEMPLATE_REJECTED = "template_rejected"
    """A template may not be used; needs `account`, `template` and `reason`."""
    DOMAIN_BROKEN = "domain_broken"
    """A verified domain's records are wrong; needs `account` and `domain`."""
    ACCOUNT_SUSPENDED = "account_suspended"
    """An account sends nothing any more; needs `account` and `reason`."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A subject and a text with holes."""

    subject: str
    text: str

    @property
    def holes(self) -> frozenset[str]:
        """Return the names of the values that it needs."""
        names = {
            *string.Template(self.subject).get_identifiers(),
            *string.Template(self.text).get_identifiers(),
        }
        return frozenset(names)


@lru_cache(maxsize=1)
def wordings() -> Mapping[NoticeKind, Mapping[Language, Wording]]:
    """Return all texts; KeyError when the shipped file is damaged."""
    raw = tomllib.loads(files("tayori.notices").joinpath("texts.toml").read_text("utf-8"))
    return {
        kind: {
            language: Wording(
                raw[kind.value][language.value]["subject"],
                raw[kind.value][language.value]["text"] + raw["footer"][language.value],
            )
            for language in Language
        }
        for kind in NoticeKind
    }


def written(
    kind: NoticeKind, language: Language, values: Mapping[str, str | Saying]
) -> tuple[str, str]:
    """Return subject and text of a notice; KeyError when a value is missing."""
    wording = wordings()[kind][language]
    plain = {
        name: one_line(tell(value, language.value) if isinstance(value, Saying) else value)
        for name, value in values.items()
    }
    subject = string.Template(wording.subject).substitute(plain)
    return subject, string.Template(wording.text).substitute(plain)


def one_line(text: str) -> str:
    """Return a value without line breaks and control characters, of bounded length."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_VALUE]
