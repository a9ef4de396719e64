"""What notices say: complete in three languages, with holes that nothing breaks out of."""

import re

import pytest

from tayori.notices.texts import NoticeKind, wordings, written
from tayori.refusal.table import Language

USED = {"name": "Ann", "service": "mail.example.com"}


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_language_says_the_same_with_the_same_values(kind):
    by_language = wordings()[kind]
    told = {language: wording.holes for language, wording in by_language.items()}
    assert told[Language.JA] - {"name"} == told[Language.EN] - {"name"}
    assert told[Language.ZH] - {"name"} == told[Language.EN] - {"name"}
    assert len({wording.text for wording in by_language.values()}) == len(Language)


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("language", Language)
def test_a_notice_is_whole(kind, language):
    values = USED | dict.fromkeys(wordings()[kind][language].holes - set(USED), "VALUE")
    subject, text = written(kind, language, values)
    assert "$" not in subject + text
    assert 0 < len(subject) < 100
    assert "mail.example.com" in text
    assert bool(re.search("[\u3040-\u9fff]", subject)) is (language is not Language.EN)


def test_a_value_is_one_line_and_no_hole():
    hostile = "Eve\r\n\r\nClick https://evil.example\x07 $link ${name}" + "x" * 600
    values = {"account": hostile, "role": "r", "invited_by": "i", "hours": "72", "link": "L"}
    subject, text = written(NoticeKind.INVITATION, Language.EN, USED | values)
    assert "\n" not in subject
    assert "Eve Click https://evil.example $link ${name}x" in text
    assert "x" * 480 not in text


def test_a_missing_value_is_a_mistake_of_ours():
    with pytest.raises(KeyError):
        written(NoticeKind.RESET, Language.EN, USED)
