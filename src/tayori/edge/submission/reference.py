"""The page `docs/smtp-replies.md`, made from the one refusal table and from the server itself.

`python -m tayori.edge.submission.reference` prints it; a test tells when the file is old.
"""

from collections.abc import Iterator
from typing import Final

from tayori.edge.submission import answers, handler, logins
from tayori.edge.submission.options import DESCRIPTIONS
from tayori.edge.submission.server import MAX_MESSAGE, MAX_RECIPIENTS
from tayori.mail.entity import MAX_HEAD, MAX_LINE
from tayori.mail.reply import Reply
from tayori.refusal.codes import Code
from tayori.refusal.table import entry
from tayori.smtp import handler as smtp_handler
from tayori.smtp import replies
from tayori.smtp.replies import Wording

CHANGING: Final = "…"
"""In the table this stands for a word that changes."""
MODULES: Final = (replies, smtp_handler, handler, logins, answers)
"""All modules that have replies; each is a name of its module."""

_HEAD = """\
# SMTP submission: replies, options and limits

This page is generated: `python -m tayori.edge.submission.reference > docs/smtp-replies.md`.

A client logs in with a sender address and its SMTP password, by PLAIN or LOGIN, after STARTTLS or
on the port with TLS from the first octet. `From` is that address or another sender of the same
domain. `MAIL FROM` may be any address: the service puts its own return path there. `RCPT TO` names
the recipients; `Bcc` is removed from the mail.

A `250` to the content is said after the mail is stored for good, and names its MessageId:

    250 2.0.0 Ok qcloudses-30-1300000001-date-20260921101010-abcdefghijklm

A refusal carries the same code as the API and a sentence. 5yz is final; after 4yz the same mail may
be tried again later, unchanged.

    554 5.7.1 FailedOperation.NotAuthenticatedSender: ...
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_options(), *_limits(), *_refusals(), *_own()])


def _options() -> Iterator[str]:
    yield "## Options in headers\n"
    yield "They are read from the mail and removed before it is sent. A misspelt one refuses it.\n"
    yield "| header | meaning |"
    yield "|---|---|"
    for name, sentence in DESCRIPTIONS.items():
        yield f"| `{name}` | {sentence} |"
    yield "| `X-Tencentcloudses-Cb-*` | Told to callbacks as it stands; it stays in the mail. |"
    yield ""


def _limits() -> Iterator[str]:
    yield "## Limits\n"
    yield "| what | limit |"
    yield "|---|---|"
    yield f"| recipients of a mail | {MAX_RECIPIENTS} |"
    yield f"| octets of a mail as it travels, told in SIZE | {MAX_MESSAGE:,} |"
    yield "| content: texts, files and images, decoded | 4 MB |"
    yield f"| octets of a line of the mail | {MAX_LINE} |"
    yield f"| octets of a header | {MAX_HEAD:,} |"
    yield ""


def _refusals() -> Iterator[str]:
    yield "## Refusals\n"
    yield "| reply | code | meaning | again later? |"
    yield "|---|---|---|---|"
    for code in sorted(Code, key=lambda code: (entry(code).smtp_code, code.value)):
        row = entry(code)
        again = "yes" if row.smtp_code < 500 else "no"  # noqa: PLR2004 - RFC 5321 4.2.1
        yield f"| {row.smtp_code} {row.enhanced} | `{code.value}` | {row.meaning} | {again} |"
    yield ""


def _own() -> Iterator[str]:
    yield "## Replies of the protocol\n"
    yield f"{CHANGING} stands for what changes: a name, a number, a MessageId.\n"
    yield "| reply | text |"
    yield "|---|---|"
    found = {
        (value.code, value.enhanced, value.text.replace("{}", CHANGING))
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, Reply | Wording)
    }
    for code, enhanced, text in sorted(found):
        yield f"| {' '.join(filter(None, (str(code), enhanced)))} | {text} |"
    yield ""


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - that is what the command is for
