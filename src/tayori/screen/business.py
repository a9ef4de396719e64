"""What a template is for, told by its words (pure).

The API has no field for it, so it is read: who names offers markets; who names a code, a receipt or
what the reader just did answers them; everything else is a notice.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tayori.config.rules import RuleFileError
from tayori.screen.model import Business
from tayori.screen.normal import normal, variables_in
from tayori.screen.page import Page
from tayori.screen.words import Phrase, WordList

_SURE = 2
"""Different words of marketing that make it marketing."""
_LONGEST_TRIGGER = 1_500
"""Characters; who writes more than that is not merely answering."""


@dataclass(frozen=True, slots=True)
class BusinessWords:
    """The words of `rules/words/business.toml`."""

    marketing: WordList
    trigger: WordList

    def business_of(self, page: Page, subject: str = "") -> Business:
        """Return what the content is for."""
        text = f"{subject}\n{page.text}\n{page.plain}"
        marketing = _different(self.marketing, text)
        if marketing >= _SURE:
            return Business.MARKETING
        short = page.letters <= _LONGEST_TRIGGER
        if short and _different(self.trigger, text):
            return Business.TRIGGER
        if short and not marketing and not page.images and variables_in(page.text):
            # A few words with a value in them are an answer to one person.
            return Business.TRIGGER
        return Business.NOTICE


def business_words(layers: Sequence[Mapping[str, Any]]) -> BusinessWords:
    """Read the tables `marketing` and `trigger`, lists of phrases by language; RuleFileError."""
    return BusinessWords(
        marketing=_words(layers, Business.MARKETING), trigger=_words(layers, Business.TRIGGER)
    )


def _words(layers: Iterable[Mapping[str, Any]], business: Business) -> WordList:
    phrases: list[Phrase] = []
    for tables in layers:
        lists = tables.get(business.value, {})
        if not isinstance(lists, Mapping):
            raise RuleFileError(f"Words of business: {business.value} is a table of lists.")
        for texts in lists.values():
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise RuleFileError(f"Words of business: {business.value} holds lists of texts.")
            # Each phrase is a topic of its own, so that different ones can be counted.
            phrases += [Phrase(normal(text), normal(text), strong=True) for text in texts]
    return WordList(phrases, {})


def _different(words: WordList, text: str) -> int:
    return len(words.find(text))
