"""The whole mail, attachments included, stays within 4 MB of content (spec 1)."""

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.catalog.variables import MissingVariable
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

LARGEST = 4 * 1024 * 1024
"""Octets of content before transfer encoding: text, HTML and files together."""


def check_size(submission: Submission, facts: Facts) -> Refusal | None:
    """Refuse a mail whose filled content and files exceed the limit."""
    if facts.content is None:
        return None
    rendered = facts.content.fill(submission.values)
    if isinstance(rendered, MissingVariable):
        return None
    size = _octets(rendered.html) + _octets(rendered.text)
    size += sum(len(file.content) for file in submission.attachments)
    if submission.raw is not None:
        size += submission.raw.other_size
    if size > LARGEST:
        return refuse(
            Code.FAILED_OPERATION__EMAIL_CONTENT_TOOLARGE,
            say(
                "The mail has {size} octets of content; {most} are allowed.",
                size=size,
                most=LARGEST,
            ),
        )
    return None


def _octets(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())
