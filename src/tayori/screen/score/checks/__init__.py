"""What is looked at for a score, one file per matter, in the order of a mail's way."""

from collections.abc import Callable, Iterable

from tayori.screen.score.checks.attachments import check_attachments
from tayori.screen.score.checks.authentication import check_authentication
from tayori.screen.score.checks.headers import check_headers
from tayori.screen.score.checks.html import check_html
from tayori.screen.score.checks.images import check_images
from tayori.screen.score.checks.links import check_links
from tayori.screen.score.checks.looks import check_looks
from tayori.screen.score.checks.passage import check_passage
from tayori.screen.score.checks.size import check_size
from tayori.screen.score.checks.subject import check_subject
from tayori.screen.score.checks.text import check_text
from tayori.screen.score.checks.unsubscribe import check_unsubscribe
from tayori.screen.score.checks.verdict import check_verdict
from tayori.screen.score.checks.words import check_words
from tayori.screen.score.evidence import Evidence
from tayori.screen.score.model import Loss

CHECKS: tuple[Callable[[Evidence], Iterable[Loss]], ...] = (
    check_passage,
    check_authentication,
    check_headers,
    check_subject,
    check_text,
    check_images,
    check_looks,
    check_html,
    check_links,
    check_unsubscribe,
    check_words,
    check_size,
    check_attachments,
    check_verdict,
)
