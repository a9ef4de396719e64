"""The door's look at what a mail says and carries, after every cheaper check has passed it.

Failure rules: what is found is a refusal with all its reasons, or a line in the log where the
settings say so; content of forwarded mail is the business of who wrote it, and is not looked at.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from tayori.accept.facts import Facts
from tayori.accept.submission import Source, Submission
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import in_each_language
from tayori.refusal.table import Language
from tayori.runtime import log, metrics
from tayori.screen.mail import MailScreen
from tayori.screen.model import Finding, Reason
from tayori.screen.reasons import sentence

_TOLD: Final = 5
"""Reasons that a refusal names; more would not fit into an SMTP reply that people read."""
_CODES: Final = {
    Reason.SHORTENED_LINK: Code.FAILED_OPERATION__ILLEGAL_URL,
    Reason.REDIRECTING_LINK: Code.FAILED_OPERATION__ILLEGAL_URL,
    Reason.DISGUISED_LINK: Code.FAILED_OPERATION__ILLEGAL_URL,
    Reason.VALUE_LINK: Code.FAILED_OPERATION__ILLEGAL_URL,
    Reason.WEB_LINK: Code.FAILED_OPERATION__URL_FORBIDDEN,
    Reason.VALUE_MARKUP: Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA,
    Reason.PROGRAM: Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG,
    Reason.MACROS: Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG,
    Reason.DISGUISED_FILE: Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG,
    Reason.LOCKED_ARCHIVE: Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG,
    Reason.ARCHIVE_BOMB: Code.INVALID_PARAMETER_VALUE__ATTACH_CONTENT_IS_WRONG,
}
"""What the API calls it; everything else is wrong content (wire facts 1.5)."""
DECEIT: Final = frozenset(
    {
        Reason.FORBIDDEN_TOPIC,
        Reason.SHORTENED_LINK,
        Reason.REDIRECTING_LINK,
        Reason.DISGUISED_LINK,
        Reason.VALUE_LINK,
        Reason.HIDDEN_TEXT,
        Reason.PROGRAM,
        Reason.MACROS,
        Reason.DISGUISED_FILE,
        Reason.ARCHIVE_BOMB,
    }
)
"""Findings that count against the account; the others are mistakes that honest people make."""

OnDeceit: TypeAlias = Callable[[int, str, str], Awaitable[None]]
"""Hears of a mail that counts against its account: account, what names the mail, and why."""


class DoorScreening:
    """Screens submissions; with `refuses` False it only logs what it finds."""

    def __init__(
        self, screen: MailScreen, *, refuses: bool = True, on_deceit: OnDeceit | None = None
    ) -> None:
        self._screen = screen
        self._refuses = refuses
        self._on_deceit = on_deceit

    async def check(self, submission: Submission, facts: Facts) -> Refusal | None:
        """Return why the mail is refused, with every reason that was found."""
        if submission.source is Source.FORWARD:
            return None
        findings = [*await self._content(submission, facts), *await self._files(submission)]
        if not findings:
            return None
        source = submission.source.value
        for reason in {finding.reason for finding in findings}:
            metrics.SCREENED.labels(source, reason.value).inc()
        if not self._refuses:
            log.get("screen").warning(
                "would_be_refused",
                account=submission.account.id,
                source=source,
                reasons=sorted({finding.reason.value for finding in findings}),
            )
            return None
        counted = [finding for finding in findings if finding.reason in DECEIT]
        if counted and self._on_deceit is not None:
            why = ", ".join(sorted({finding.reason.value for finding in counted}))
            await self._on_deceit(submission.account.id, _find_key(submission), why)
        return refusal_of(findings)

    async def _content(self, submission: Submission, facts: Facts) -> tuple[Finding, ...]:
        if facts.template is None:
            return await self._screen.content(
                submission.subject, submission.html or "", submission.text or ""
            )
        if facts.content is None:
            return ()
        template = facts.template.template
        return self._screen.values(
            (template.id, template.version),
            (facts.content.html, facts.content.text),
            submission.values,
            subject=submission.subject,
            domain=submission.sender.address.domain,
        )

    async def _files(self, submission: Submission) -> tuple[Finding, ...]:
        files = submission.attachments
        return await self._screen.files([(one.file_name, one.content) for one in files])


def _find_key(submission: Submission) -> str:
    """Return what names a mail: a bulk task counts once, and so does a mail that is tried again."""
    if submission.task_id is not None:
        return f"task {submission.task_id}"
    digest = hashlib.blake2b(digest_size=16)
    texts = (submission.subject, submission.html or "", submission.text or "")
    for text in (*texts, *submission.values.values()):
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    for file in submission.attachments:
        digest.update(hashlib.blake2b(file.content).digest())
    return f"mail {digest.hexdigest()}"


def refusal_of(findings: Sequence[Finding]) -> Refusal:
    """Return the refusal for findings, with the code of the first and the sentences of several."""
    told = findings[:_TOLD]
    said = {one.value: " ".join(sentence(finding, one) for finding in told) for one in Language}
    return Refusal(
        code=_CODES.get(findings[0].reason, Code.INVALID_PARAMETER_VALUE__EMAIL_CONTENT_IS_WRONG),
        saying=in_each_language(said),
    )
