"""Rules for the console: every text is translated, nothing unescaped or inline, every page has a right."""

import re
from html.parser import HTMLParser

import pytest
from tests.repo.tree import ROOT, name_of, tracked
from tools.console_catalogues import LOCALES, SHARED, area_of, catalogue, key_of, texts

from tayori.edge.console.access import Page, Right
from tayori.edge.console.assets import Assets
from tayori.edge.console.pages.areas import AREAS

CONSOLE = ROOT / "src/tayori/edge/console"
EXPRESSION = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
UNSAFE = re.compile(r"\|\s*safe\b|autoescape\s+false|\bMarkup\(")
ICON = re.compile(r"icon\(\s*\"([a-z0-9-]+)\"|picture\s*=\s*\"([a-z0-9-]+)\"")
WORD = re.compile(r"[^\W\d_]{2,}")
NAMES = {"Tayori", "CSV", "HTML", "SMTP", "API", "DKIM", "SPF", "DMARC", "MX", "TXT"}
"""What is the same in every language."""
SAID = {"aria-label", "title", "alt", "placeholder", "label"}
"""Attributes that people read or hear."""


def _templates():
    return [file for file in tracked() if file.suffix == ".j2" and CONSOLE in file.parents]


def _areas(language):
    folder = CONSOLE / "locale" / language
    return sorted(file.stem for file in folder.glob("*.po"))


@pytest.mark.parametrize("language", LOCALES)
def test_every_text_is_translated(language):
    shared = {key_of(message): message for message in catalogue(language, SHARED) if message.id}
    missing = []
    for area, said in texts().items():
        own = {key_of(message): message for message in catalogue(language, area) if message.id}
        for text in said:
            found = own.get(text) or shared.get(text)
            strings = found.string if found is not None else ""
            whole = strings if isinstance(strings, tuple) else (strings,)
            if not all(whole) or found.fuzzy:
                missing.append(f"{language}/{area}.po: {text[1]}")
    assert not missing, "Run `make catalogues` and translate: " + "; ".join(missing)


@pytest.mark.parametrize("language", LOCALES)
def test_no_translation_is_left_over(language):
    said = texts()
    everything = {text for found in said.values() for text in found}
    left = []
    for area in _areas(language):
        used = everything if area == SHARED else set(said.get(area, ()))
        left += [
            f"{language}/{area}.po: {message.id}"
            for message in catalogue(language, area)
            if message.id and key_of(message) not in used
        ]
        left += [
            f"{language}/{area}.po: {message}" for message in catalogue(language, area).obsolete
        ]
    assert not left


@pytest.mark.parametrize("language", LOCALES)
def test_a_text_has_one_translation(language):
    # At run time all areas are one catalogue.
    seen, twice = {}, []
    for area in _areas(language):
        for message in catalogue(language, area):
            key = key_of(message)
            if message.id and seen.setdefault(key, message.string) != message.string:
                twice.append(f"{language}/{area}.po: {message.id}")
    assert not twice


@pytest.mark.parametrize("language", LOCALES)
def test_translations_keep_the_holes(language):
    hole = re.compile(r"%\((\w+)\)s")
    wrong = []
    for area in _areas(language):
        for message in catalogue(language, area):
            whole = message.id if isinstance(message.id, tuple | list) else (message.id,)
            strings = message.string if isinstance(message.string, tuple) else (message.string,)
            wanted = set(hole.findall(whole[-1]))
            wrong += [str(whole) for text in strings if set(hole.findall(text)) != wanted]
    assert not wrong


class _Said(HTMLParser):
    """Collects what people read in a template, and what may not stand in one."""

    def __init__(self):
        super().__init__()
        self.words, self.inline, self._within = [], [], []

    def handle_starttag(self, tag, attributes):
        self._within.append(tag)
        for name, value in attributes:
            if name.startswith("on") or name == "style" or (value or "").startswith("javascript:"):
                self.inline.append(f"<{tag} {name}>")
            if name in SAID:
                self.words += WORD.findall(value or "")
        if tag == "style" or (tag == "script" and "src" not in dict(attributes)):
            self.inline.append(f"<{tag}>")

    def handle_data(self, data):
        self.words += WORD.findall(data)


def _read(file):
    said = _Said()
    said.feed(EXPRESSION.sub("", file.read_text()))
    return said


def test_no_words_stand_in_templates_outside_of_catalogues():
    found = {
        name_of(file): words
        for file in _templates()
        if (words := [word for word in _read(file).words if word not in NAMES])
    }
    assert not found


def test_nothing_is_inline_or_unescaped():
    inline = {name_of(file): found for file in _templates() if (found := _read(file).inline)}
    assert not inline
    unsafe = [name_of(file) for file in _templates() if UNSAFE.search(file.read_text())]
    assert not unsafe
    marking = [
        name_of(file)
        for file in tracked()
        if CONSOLE in file.parents and file.suffix == ".py" and "Markup(" in file.read_text()
    ]
    # One place makes markup, out of constants alone.
    assert marking == ["src/tayori/edge/console/rendering.py"]


def test_every_page_states_a_right_and_is_there_once():
    pages = [page for area in AREAS for page in area()]
    assert all(isinstance(page, Page) and isinstance(page.right, Right) for page in pages)
    assert {page.method for page in pages} <= {"GET", "POST"}
    places = [(page.method, page.path) for page in pages]
    assert len(places) == len(set(places))


def test_every_icon_is_in_the_list():
    known = Assets().icons
    files = [*_templates(), *(file for file in CONSOLE.rglob("*.py") if file.name != "assets.py")]
    missing = [
        f"{name_of(file)}: {name}"
        for file in files
        for pair in ICON.findall(file.read_text())
        if (name := pair[0] or pair[1]) not in known
    ]
    assert not missing


def test_files_belong_to_areas():
    areas = {area_of(file) for file in _templates()} - {SHARED}
    modules = {area_of(file) for file in (CONSOLE / "pages").rglob("*.py")}
    assert areas <= modules
