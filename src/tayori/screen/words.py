"""Words that may not be written about: lists per language and topic, found with their context.

A list (`rules/words/en.toml`, `zh.toml`, `ja.toml`) has a table per topic: one `strong` phrase is
enough, `weak` ones count when two different ones come together, and a sentence that holds one of
the `unless` phrases, or stands beside one that does, does not count: who warns of a fraud commits
none. An operator's file
of the same name in the data directory adds phrases to a topic, or takes them away by `without`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ahocorasick_rs import AhoCorasick

from tayori.config.rules import RuleFileError
from tayori.screen.normal import normal, pulled_apart, same_letters

LANGUAGES: Final = ("en", "zh", "ja")
EXCUSES: Final = "excuses"
"""The table of a list whose `unless` holds for every topic."""
_KEYS: Final = frozenset({"strong", "weak", "unless", "without"})
_SENTENCE_END: Final = re.compile("[.!?;\u3002\uff01\uff1f\uff1b]+(?=\\s|$|[^\x00-\x7f])|\n")
_ASCII: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


@dataclass(frozen=True, slots=True)
class Phrase:
    """One phrase in its normal form."""

    text: str
    topic: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """A forbidden topic and the phrases that show it."""

    topic: str
    phrases: tuple[str, ...]


class WordList:
    """Phrases of all languages, found in one pass over a text."""

    def __init__(self, phrases: Iterable[Phrase], unless: Mapping[str, frozenset[str]]) -> None:
        self._phrases = tuple(phrases)
        self._whole = [phrase.text[0] in _ASCII for phrase in self._phrases]
        self._search = AhoCorasick([phrase.text for phrase in self._phrases])
        self._unless = unless
        self.topics = frozenset(unless) - {EXCUSES}

    def find(self, text: str) -> list[Hit]:
        """Return the topics that the text is about; `text` is as people wrote it."""
        return self.read(text) if self._suspicious(text) else []

    def read(self, text: str) -> list[Hit]:
        """Return the same as `find`, without the quick look that lets most texts pass."""
        found: dict[str, dict[str, bool]] = defaultdict(dict)
        sentences = [normal(sentence) for sentence in _SENTENCE_END.split(text)]
        for place, plain in enumerate(sentences):
            for phrase in self._of(plain):
                around = " ".join(sentences[max(0, place - 1) : place + 2])
                if not self._excused(phrase.topic, around):
                    found[phrase.topic][phrase.text] = phrase.strong
        return [
            Hit(topic, tuple(phrases))
            for topic, phrases in found.items()
            if any(phrases.values()) or len(phrases) > 1
        ]

    def _suspicious(self, text: str) -> bool:
        """Tell whether enough phrases stand in the text, whatever excuses them.

        One pass over all of it, since most texts hold none: only what is suspicious is read
        sentence by sentence. Letters that are pulled apart may run from one line into the next, so
        whoever does that is always read.
        """
        plain = same_letters(text)
        if pulled_apart(plain):
            return True
        found: dict[str, set[str]] = defaultdict(set)
        for phrase in self._of(plain):
            found[phrase.topic].add(phrase.text)
            if phrase.strong or len(found[phrase.topic]) > 1:
                return True
        return False

    def _of(self, plain: str) -> Iterable[Phrase]:
        """Yield the phrases in a text in its normal form; words of Latin letters stand alone."""
        for number, start, end in self._search.find_matches_as_indexes(plain, overlapping=True):
            if self._whole[number] and (
                plain[start - 1 : start] in _ASCII or plain[end : end + 1] in _ASCII
            ):
                continue
            yield self._phrases[number]

    def _excused(self, topic: str, plain: str) -> bool:
        excuses = self._unless.get(topic, frozenset()) | self._unless.get(EXCUSES, frozenset())
        return any(excuse in plain for excuse in excuses)


def word_list(files: Iterable[Sequence[Mapping[str, Any]]]) -> WordList:
    """Return the list of all files, each as (shipped tables, operator's tables); RuleFileError."""
    phrases: dict[tuple[str, str], Phrase] = {}
    unless: dict[str, set[str]] = defaultdict(set)
    for layers in files:
        for tables in layers:
            for topic, lists in tables.items():
                _check(topic, lists)
                for key in ("weak", "strong"):
                    for text in map(normal, lists.get(key, ())):
                        phrases[topic, text] = Phrase(text, topic, key == "strong")
                for text in map(normal, lists.get("without", ())):
                    phrases.pop((topic, text), None)
                unless[topic].update(map(normal, lists.get("unless", ())))
    frozen = {topic: frozenset(texts) for topic, texts in unless.items()}
    return WordList(phrases.values(), frozen)


def _check(topic: str, lists: object) -> None:
    if not isinstance(lists, Mapping) or not _KEYS.issuperset(lists):
        raise RuleFileError(
            f"Words about {topic}: a topic is a table of the lists strong, weak, unless, without."
        )
    for key, texts in lists.items():
        bad = not isinstance(texts, list) or not all(
            isinstance(text, str) and len(normal(text)) > (key != "unless") for text in texts
        )
        if bad:
            raise RuleFileError(
                f"Words about {topic}: {key} is a list of texts of two characters or more."
            )
