"""Attachments: how many, how large, what they may be called (wire facts 4.8)."""

import re

from tayori.accept.facts import Facts
from tayori.accept.submission import Submission
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import NOTHING, Saying, say
from tayori.tenants.model import Permission

MOST = 10
LARGEST_TOTAL = 4 * 1024 * 1024
"""Octets of all attachments together, decoded."""
LONGEST_NAME = 255
_FORBIDDEN_IN_NAME = re.compile(r'[?\\*|"<>:/\x00-\x1f\x7f]')
_SPACE = re.compile(r"\s")
ALLOWED = frozenset(
    {
        *("xlsx", "xls", "ods", "docx", "docm", "doc", "csv", "pdf", "txt", "gif", "jpg", "jpeg"),
        *("png", "tif", "tiff", "rtf", "bmp", "cgm", "css", "shtml", "html", "htm", "zip", "xml"),
        *("ppt", "pptx", "tar", "ez", "ics", "mobi", "msg", "pub", "eps", "odt", "mp3", "m4a"),
    }
)
"""Extensions that may be sent; everything else may not."""


def check_attachments(submission: Submission, _facts: Facts) -> Refusal | None:
    """Refuse too many, too large, badly named, and forbidden kinds of files."""
    files = submission.attachments
    if not files:
        return None
    if not submission.account.may(Permission.ATTACHMENTS):
        return refuse(
            Code.FAILED_OPERATION__NO_ATTACH_PERMISSION,
            say("This account may not send attachments."),
        )
    if len(files) > MOST:
        return refuse(
            Code.FAILED_OPERATION__TOO_MANY_ATTACHMENTS,
            say("{count} attachments; {most} are allowed.", count=len(files), most=MOST),
        )
    for file in files:
        # The API forbids spaces in file names; applications that speak SMTP never heard of that.
        fault = _name_fault(file.file_name, spaces=submission.raw is not None)
        if fault:
            return refuse(Code.FAILED_OPERATION__INVALID_ATTACH_NAME, fault)
    total = sum(len(file.content) for file in files)
    if total > LARGEST_TOTAL:
        return refuse(
            Code.FAILED_OPERATION__ATTACH_CONTENT_TOOLARGE,
            say(
                "The attachments have {total} octets together; {most} are allowed.",
                total=total,
                most=LARGEST_TOTAL,
            ),
        )
    return None


def _name_fault(name: str, *, spaces: bool) -> Saying:
    if not 1 <= len(name) <= LONGEST_NAME:
        return say("A file name has 1 to {most} characters.", most=LONGEST_NAME)
    if _FORBIDDEN_IN_NAME.search(name) or (not spaces and _SPACE.search(name)):
        return say(
            'The file name {name} holds a space, a control character or one of ?\\*|"<>:/',
            name=repr(name[:80]),
        )
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in ALLOWED:
        return say("Files of type {kind} cannot be sent.", kind=repr(extension[:20] or "unknown"))
    return NOTHING
