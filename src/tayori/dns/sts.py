"""MTA-STS as text: the record that announces a policy, the policy, and its patterns (RFC 8461).

Pure. What strangers wrote is read exactly by the grammar; what cannot be read is a sentence.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_POLICY: Final = 64 * 1024
"""Octets of a policy that are read (RFC 8461 3.3 recommends this limit)."""
LONGEST_AGE_S: Final = 31_557_600
"""About a year (RFC 8461 3.2)."""
MOST_PATTERNS: Final = 200
_RECORD: Final = re.compile(r"v=STSv1[ \t]*;(?P<fields>.*)", re.DOTALL)
_FIELD: Final = re.compile(r"[ \t]*([A-Za-z0-9][A-Za-z0-9_.-]{0,31})=([!-:<>-~]+)[ \t]*")
_ID: Final = re.compile(r"[A-Za-z0-9]{1,32}")
_LINE: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:[ \t]*(.*?)[ \t]*")
_PATTERN: Final = re.compile(
    r"(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_LONGEST_NAME: Final = 253


class StsMode(StrEnum):
    """What a policy asks of senders (RFC 8461 3.2)."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class StsPolicy:
    """One version of a domain's policy."""

    mode: StsMode
    mx: tuple[str, ...]
    """Patterns in lower case, "*." for exactly one label."""
    max_age_s: int

    def permits(self, host: str) -> bool:
        """Tell whether a pattern matches an MX host (RFC 8461 4.1)."""
        return any(_matches(pattern, host.lower().rstrip(".")) for pattern in self.mx)


def policy_id(texts: tuple[bytes, ...]) -> str:
    """Return the id of the policy that TXT records at _mta-sts announce, "" when none does.

    Records that do not begin with the version are not for us; of two that do, none counts
    (RFC 8461 3.1).
    """
    ours = [text for text in texts if text.startswith(b"v=STSv1")]
    if len(ours) != 1:
        return ""
    try:
        found = _RECORD.fullmatch(ours[0].decode("ascii"))
    except UnicodeDecodeError:
        return ""
    if found is None:
        return ""
    parts = found["fields"].split(";")
    if parts and not parts[-1].strip(" \t"):
        parts.pop()
    values: dict[str, str] = {}
    for part in parts:
        field = _FIELD.fullmatch(part)
        if field is None:
            return ""
        values.setdefault(field[1], field[2])
    number = values.get("id", "")
    return number if _ID.fullmatch(number) else ""


def parse_policy(text: bytes) -> StsPolicy | str:
    """Return the policy, or a sentence that says what is wrong with it (RFC 8461 3.2).

    Lines end with CRLF or LF; unknown keys are ignored; of a key that stands there twice the first
    counts, except mx.
    """
    if len(text) > LONGEST_POLICY:
        return f"The policy is longer than {LONGEST_POLICY} octets."
    values: dict[str, str] = {}
    patterns: list[str] = []
    try:
        lines = text.decode("utf-8").replace("\r\n", "\n").split("\n")
    except UnicodeDecodeError:
        return "The policy is not UTF-8."
    for number, line in enumerate(lines, start=1):
        if not line.strip(" \t"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            return f"Line {number} of the policy is no pair of key and value."
        if found[1] == "mx":
            patterns.append(found[2].lower().rstrip("."))
        else:
            values.setdefault(found[1], found[2])
    return _policy(values, patterns)


def _policy(values: dict[str, str], patterns: list[str]) -> StsPolicy | str:  # noqa: PLR0911 - one sentence per fault
    if values.get("version") != "STSv1":
        return "The policy does not say version: STSv1."
    try:
        mode = StsMode(values.get("mode", ""))
    except ValueError:
        return "The mode of the policy is none of enforce, testing, none."
    age = values.get("max_age", "")
    if not (age.isascii() and age.isdigit() and len(age) <= 10):  # noqa: PLR2004 - RFC 8461 3.2: 1 to 10 digits
        return "The policy has no max_age of 1 to 10 digits."
    if len(patterns) > MOST_PATTERNS:
        return f"The policy has more than {MOST_PATTERNS} mx patterns."
    for pattern in patterns:
        if not _PATTERN.fullmatch(pattern) or len(pattern) > _LONGEST_NAME:
            return "An mx pattern of the policy is no host name."
    if not patterns and mode is not StsMode.NONE:
        return "The policy names no mx."
    return StsPolicy(mode=mode, mx=tuple(patterns), max_age_s=min(int(age), LONGEST_AGE_S))


def _matches(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        label, dot, rest = host.partition(".")
        return bool(label and dot) and rest == pattern[2:]
    return host == pattern
