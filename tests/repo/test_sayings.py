"""Rules for sayings: each is a literal with all its holes filled, and told in every language."""

import ast
import string

import pytest
from tests.repo.tree import ROOT, name_of, tracked
from tools.saying_catalogues import LOCALES, catalogue, said, templates, words

SOURCES = ROOT / "src/tayori"
MAKERS = SOURCES / "refusal"
"""The one room that makes sayings out of templates that it does not know."""


def _holes(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def _calls():
    for file in tracked():
        if SOURCES in file.parents and file.suffix == ".py" and MAKERS not in file.parents:
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call):
                    yield file, node


def test_a_saying_is_a_literal():
    # The catalogues are made from the sources, so a template that is put together has no entry.
    assert [one.place for one in said() if one.template is None] == []


def test_every_hole_has_a_value():
    wrong = [
        one.place
        for one in said()
        if one.template is not None and one.values and _holes(one.template) != one.values
    ]
    assert not wrong
    # Without values a template is taken literally, so a hole in it would be shown.
    assert [one.place for one in said() if not one.values and _holes(one.template or "")] == []


def test_sayings_are_made_by_say():
    direct = [
        f"{name_of(file)}:{call.lineno}"
        for file, call in _calls()
        if isinstance(call.func, ast.Name) and call.func.id == "Saying"
    ]
    assert not direct


def test_no_sentence_of_ours_is_quoted():
    """`quote` is for what strangers and operators wrote; a sentence of ours goes through `say`."""
    slipped = [
        f"{name_of(file)}:{call.lineno}"
        for file, call in _calls()
        if isinstance(call.func, ast.Name)
        and call.func.id in {"quote", "refuse"}
        and any(isinstance(given, ast.JoinedStr | ast.Constant) for given in call.args)
    ]
    assert not slipped


@pytest.mark.parametrize("language", LOCALES)
def test_every_saying_is_told_in_every_language(language):
    missing = []
    for room, wanted in templates().items():
        known = {message.id: message for message in catalogue(language, room) if message.id}
        missing += [
            f"{language}/{room}.po: {template}"
            for template in wanted
            if template not in known or not known[template].string or known[template].fuzzy
        ]
    assert not missing, "Run `make catalogues` and translate: " + "; ".join(missing)


@pytest.mark.parametrize("language", LOCALES)
def test_translations_keep_the_holes(language):
    wrong = [
        f"{language}/{room}.po: {message.id}"
        for room in templates()
        for message in catalogue(language, room)
        if message.id and _holes(message.id) != _holes(message.string)
    ]
    assert not wrong


@pytest.mark.parametrize("language", LOCALES)
def test_no_translation_is_left_over(language):
    wanted = templates()
    folder = SOURCES / "refusal/locale" / language
    left = [
        f"{language}/{file.name}: {message.id}"
        for file in sorted(folder.glob("*.po"))
        for message in catalogue(language, file.stem)
        if message.id and message.id not in wanted.get(file.stem, ())
    ]
    assert not left


def test_the_catalogue_sees_words_outside_of_holes():
    assert words("{name}: {fault}") == ""
    assert words("{count} files") == "files"
