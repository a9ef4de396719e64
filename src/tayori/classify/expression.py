"""Compiles the regular expressions of rules, and only those that no text can make slow.

Python's engine tries alternatives one after the other and has no time limit. An expression is
accepted if its repeats are bounded, do not nest, and can be combined in few ways.
"""

import re
import warnings

MOST_CHOICES = 2_000
"""Ways in which the repeats of one expression may be combined."""
LONGEST_REPEAT = 120
"""Characters that one repeat may span."""

_ESCAPED = re.compile(r"\\.")
_LETTER_ESCAPE = re.compile(r"\\[A-Za-z]")
_SET = re.compile(r"\[\^?\]?[^\]]*\]")
_REPEAT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_OPTIONAL = re.compile(r"\?")


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern for text in lower case; ValueError says what is wrong with it."""
    plain = _SET.sub("x", _ESCAPED.sub("x", pattern)).replace("(?:", "(")
    literal = _LETTER_ESCAPE.sub("", pattern)
    for wrong, reason in (
        ("(?" in plain, "of the (? forms only (?: ) is allowed."),
        (re.search(r"\)[*+{]", plain), "a group may not be repeated."),
        (re.search(r"[*+]", plain), "* and + have no bound; write {0,40} or {1,40}."),
        (re.search(r"\\\d", pattern), "references to groups are not allowed."),
        (literal != literal.lower(), "texts are compared in lower case; write it in lower case."),
        (_choices(plain) > MOST_CHOICES, "its repeats can be combined in too many ways."),
    ):
        if wrong:
            raise ValueError(f"regex: {reason}")
    try:
        with warnings.catch_warnings():
            # What Python only warns of may mean something else in its next version.
            warnings.simplefilter("error")
            return re.compile(pattern)
    except (re.error, FutureWarning) as error:
        raise ValueError(f"regex: {error}.") from error


def _choices(plain: str) -> int:
    choices: int = 2 ** len(_OPTIONAL.findall(plain))
    for low, comma, high in _REPEAT.findall(plain):
        if comma and not high:
            raise ValueError("regex: a repeat needs an upper bound.")
        most = int(high or low)
        if most > LONGEST_REPEAT:
            raise ValueError(f"regex: a repeat may span {LONGEST_REPEAT} characters at most.")
        choices *= most - int(low) + 1
    return choices
