"""Finds where a report stops to speak and begins to quote the mail that it is about."""

import re
from typing import Final

_MARK: Final = re.compile(
    r"\W*(?:(?:possibly )?truncated |the |this is (?:a |the )?|below is (?:a |the )?|a "
    r"|header of the )*"
    r"(?:copy of (?:the |your |this )?(?:original )?message.{0,40}"
    r"|(?:original|returned|unsent) (?:message|mail)(?: headers?| text| body)?(?: is| are)?"
    r"(?: follow(?:s|ing)?| below)?"
    r"|message (?:text|headers?|body)(?: is| are)?(?: follow(?:s|ing)?| below)?"
    r"|below this line.{0,40}"
    r"|(?:message|en-têtes) d'origine|ursprüngliche nachricht|mensaje original"
    r"|messaggio originale|mensagem original|исходное сообщение|原始邮件|原始郵件|元のメッセージ"
    r"|returned message headers)\W*\Z",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"(?:received|return-path|message-id|delivered-to|dkim-signature|mime-version|from|date"
    r"|x-[a-z0-9-]{1,60}|authentication-results|arc-seal) ?:",
    re.IGNORECASE,
)
_ANY_HEADER: Final = re.compile(r"[a-z][a-z0-9-]{1,60} ?:|[ \t]+\S", re.IGNORECASE)
_LONGEST_MARK: Final = 120


def split_quoted(text: str) -> tuple[str, str]:
    """Return what a report says itself, and the quoted mail from its header on; "" without one."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if len(line) <= _LONGEST_MARK and _MARK.match(line.strip()):
            return _at(lines, number, number + 1)
        if _HEADER.match(line) and _goes_on(lines, number):
            return _at(lines, number, number)
    return text, ""


def _at(lines: list[str], end: int, begin: int) -> tuple[str, str]:
    return "\n".join(lines[:end]), "\n".join(lines[begin:]).lstrip()


def _goes_on(lines: list[str], number: int) -> bool:
    """Tell whether more of a header follows, so that one line that looks like it is not enough."""
    return number + 1 < len(lines) and bool(_ANY_HEADER.match(lines[number + 1]))
