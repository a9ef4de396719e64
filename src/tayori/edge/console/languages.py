"""The languages of the console: catalogues read from `locale/`, and which one a visitor gets.

English stands in the sources. `locale/<language>/<area>.po` translates the texts of one area, and
`shared.po` those of the frame and of what several areas say. They are read once; no compiled
files exist. A text without translation is shown in English; the repository's tests let none pass.
"""

import gettext
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import wtforms
from babel.messages.pofile import read_po

from tayori.edge.accept_language import tags_by_weight
from tayori.refusal.saying import Saying
from tayori.refusal.table import Language
from tayori.refusal.telling import tell

NAMES: Final[Mapping[Language, str]] = {
    Language.EN: "English",
    Language.JA: "日本語",
    Language.ZH: "中文",
}
"""Languages as their speakers call them, in the order of the switch."""
TAGS: Final[Mapping[Language, str]] = {
    Language.EN: "en",
    Language.JA: "ja",
    Language.ZH: "zh-Hans",
}
"""What `lang` of a page says (BCP 47)."""
LOCALES: Final[Mapping[Language, str]] = {
    Language.EN: "en",
    Language.JA: "ja",
    Language.ZH: "zh_Hans_CN",
}
"""Babel's locale of each language."""


def N_(text: str) -> str:  # noqa: N802 - the word that extraction tools know
    """Mark a text that is translated later, such as a label of a form; return it as it is."""
    return text


class Catalogue:
    """The translations of one language; the texts themselves are the keys."""

    def __init__(
        self, texts: Mapping[str, str] | None = None, plurals: Mapping[str, str] | None = None
    ) -> None:
        self._texts = texts or {}
        self._plurals = plurals or {}

    def gettext(self, text: str) -> str:
        """Return the text in this language."""
        return self._texts.get(text, text)

    def pgettext(self, context: str, text: str) -> str:
        """Return the text as it is said in this context, such as "verb" or "month"."""
        return self._texts.get(_in_context(context, text), text)

    def ngettext(self, one: str, several: str, number: int) -> str:
        """Return the form for this number; Chinese and Japanese have one for all."""
        known = self._plurals.get(one)
        if known is not None:
            return known
        return one if number == 1 else several

    def knows(self, text: str) -> bool:
        """Tell whether the text has a translation."""
        return text in self._texts


class FormTexts:
    """What WTForms asks for: its own sentences and ours in one language."""

    def __init__(self, language: Language) -> None:
        self._ours = catalogue(language)
        self._theirs = _wtforms(language)

    def gettext(self, text: str) -> str:
        """Return a sentence of ours, else of WTForms."""
        if self._ours.knows(text):
            return self._ours.gettext(text)
        return self._theirs.gettext(text)

    def ngettext(self, one: str, several: str, number: int) -> str:
        """Return the form for this number, ours first."""
        ours = self._ours.ngettext(one, several, number)
        if ours not in {one, several}:
            return ours
        return self._theirs.ngettext(one, several, number)


@cache
def catalogue(language: Language) -> Catalogue:
    """Return the catalogue of a language, read at the first call."""
    texts: dict[str, str] = {}
    plurals: dict[str, str] = {}
    for file in _files(language):
        with file.open("rb") as opened:
            for message in read_po(opened, locale=LOCALES[language]):
                if not message.id or message.fuzzy:
                    continue
                if isinstance(message.id, tuple | list):
                    plurals[message.id[0]] = _first(message.string)
                else:
                    key = _in_context(message.context, message.id)
                    texts[key] = _first(message.string) or message.id
    return Catalogue(texts, plurals)


@cache
def form_texts(language: Language) -> FormTexts:
    """Return the sentences of forms in a language."""
    return FormTexts(language)


def told(values: Mapping[str, object], language: Language) -> dict[str, object]:
    """Return values for the holes of a text, the sayings among them told in the language."""
    return {
        name: tell(value, language) if isinstance(value, Saying) else value
        for name, value in values.items()
    }


def by_accept_language(header: str) -> Language:
    """Return the visitor's language among ours, by Accept-Language (RFC 9110 12.5.4)."""
    for tag in tags_by_weight(header):
        primary = tag.partition("-")[0]
        if primary in tuple(Language):
            return Language(primary)
    return Language.EN


def known_language(text: str) -> Language | None:
    """Return the language of this code, None for what is none of ours."""
    return Language(text) if text in tuple(Language) else None


def _files(language: Language) -> list[Traversable]:
    folder = files("tayori.edge.console").joinpath("locale", language.value)
    if not folder.is_dir():
        return []
    return sorted(
        (file for file in folder.iterdir() if file.name.endswith(".po")), key=lambda file: file.name
    )


def _in_context(context: str | None, text: str) -> str:
    # The separator is the one of gettext's own files.
    return f"{context}\x04{text}" if context else text


def _first(string: object) -> str:
    if isinstance(string, tuple | list):
        return str(string[0])
    return str(string)


def _wtforms(language: Language) -> gettext.NullTranslations:
    folder = files(wtforms).joinpath("locale")
    names = {Language.JA: ["ja"], Language.ZH: ["zh"], Language.EN: ["en"]}[language]
    return gettext.translation("wtforms", str(folder), names, fallback=True)
