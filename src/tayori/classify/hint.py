"""Finds in a reply how long the receiver asks us to wait ("try again in 5 minutes")."""

import re

LONGEST_S = 86_400.0
"""What a receiver asks for beyond a day is not meant for a machine."""

_UNITS = {"s": 1, "m": 60, "h": 3600}
_AMOUNT = r"(\d{1,5}) ?(s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hour|hours)\b"
_HINTS = (
    # "try again in 300 seconds", "retry after 5 minutes", "greylisted for 60 seconds"
    re.compile(
        r"(?:again|retry|later|back|wait|delay|gr[ae]y-?list\w{0,3}|defer\w{0,3}|reject\w{0,2}|"
        r"blocked|allowed)"
        rf"[^.;\d]{{0,30}}\b(?:in|after|for|within|at least|least|wait)[: ]{{1,2}}{_AMOUNT}"
    ),
    re.compile(rf"\b(?:wait|retry|in) {_AMOUNT}"),
    # Milters and policy servers: "retry in 00:04:59", as postgrey and sqlgrey do with seconds.
    re.compile(r"(?:again|retry|later|back)[^.;\d]{0,30}\bin (\d{1,2}):(\d{2}):(\d{2})\b"),
)


def retry_hint_s(text: str) -> float | None:
    """Return the seconds that a text in lower case asks to wait, None when it names none."""
    for pattern in _HINTS:
        found = pattern.search(text)
        if found is None:
            continue
        groups = found.groups()
        if len(groups) == 3:  # noqa: PLR2004 - hours, minutes, seconds
            hours, minutes, seconds = (int(part) for part in groups)
            amount = hours * 3600 + minutes * 60 + seconds
        else:
            amount = int(groups[0]) * _UNITS[groups[1][0]]
        if 0 < amount <= LONGEST_S:
            return float(amount)
    return None
