"""A template says something by itself: at most one variable to five characters of its text."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found
from tayori.screen.normal import variables_in

CHARACTERS_PER_VARIABLE = 5
_FEW = 1
"""One variable in a short sentence, such as a greeting, is no template of variables."""


def check_variables(looked: Looked) -> Iterable[Finding]:
    """Count each place of a variable in the text that is shown; those in addresses do not count."""
    count = len(variables_in(looked.page.text))
    letters = looked.page.letters
    if count and not letters:
        yield found(Reason.VARIABLES_ONLY)
    elif count > _FEW and letters < CHARACTERS_PER_VARIABLE * count:
        yield found(Reason.TOO_MANY_VARIABLES, count=count, letters=letters)
