"""The subject: it is there, fits a list of mails, and does not shout."""

from collections.abc import Iterable
from typing import Final

from tayori.screen.normal import without_variables
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Check, Loss, loss

LONGEST: Final = 78
"""Characters that are recommended (spec 1)."""
_WORDS: Final = 3
_MARKS: Final = 3


def check_subject(evidence: Evidence) -> Iterable[Loss]:
    """Look at the subject of a mail; a template's name is none."""
    if evidence.mail is None:
        return
    subject = evidence.subject.strip()
    if not subject:
        yield loss(Check.SUBJECT_MISSING)
        return
    if len(subject) > LONGEST:
        yield loss(Check.SUBJECT_LONG, count=len(subject), most=LONGEST)
    if _shouts(without_variables(subject)):
        yield loss(Check.SUBJECT_SHOUTS)


def _shouts(subject: str) -> bool:
    marks = sum(subject.count(mark) for mark in "!?\uff01\uff1f$")
    words = [
        word for word in subject.split() if len(word) > 1 and word.isascii() and word.isalpha()
    ]
    capitals = len(words) >= _WORDS and all(word.isupper() for word in words)
    return capitals or marks >= _MARKS
