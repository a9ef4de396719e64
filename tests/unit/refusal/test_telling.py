"""Sayings in the reader's language."""

import pytest

from tayori.refusal.codes import Code
from tayori.refusal.refusal import refuse
from tayori.refusal.saying import in_each_language, keep, quote, recall, say, together
from tayori.refusal.table import Language, message
from tayori.refusal.telling import is_ours, sayings, tell

NO_AT = say("The address has no @.")


def test_a_sentence_is_told():
    assert tell(NO_AT, "en") == "The address has no @."
    assert tell(NO_AT, "ja") == "アドレスに @ がありません。"
    assert tell(NO_AT, "zh") == "地址中没有 @。"


def test_holes_are_filled_and_sayings_in_them_are_told():
    told = say("Subject: {fault}", fault=NO_AT)
    assert tell(told, "ja") == "件名：アドレスに @ がありません。"
    counted = say("{count} attachments; {most} are allowed.", count=12, most=10)
    assert tell(counted, "zh") == "附件有 12 个，最多允许 10 个。"


@pytest.mark.parametrize("language", ["en", "ja", "zh", "fr", "../en"])
def test_what_is_not_ours_stays_as_it_is(language):
    assert tell(quote("The address has no @."), language) == "The address has no @."
    assert tell(say("Nobody translated {this}.", this="x"), language) == "Nobody translated x."


def test_there_is_no_catalogue_of_english():
    assert sayings("en") == {}


@pytest.mark.parametrize(("language", "end"), [("ja", "がありません。"), ("zh", "没有 @。")])
def test_refusals_are_told(language, end):
    refusal = refuse(Code.INVALID_PARAMETER_VALUE, NO_AT, parameter="Sender")
    assert message(refusal, Language(language)).endswith(end)
    assert message(refusal).endswith(" The address has no @.")
    assert refusal.detail == "The address has no @."


def test_a_sentence_with_translations_of_its_own_is_told_and_kept():
    said = in_each_language(
        {"en": "It {has} a bad link.", "ja": "リンクが不正です。", "zh": "链接有误。"}
    )
    assert said.english == "It {has} a bad link."
    for language, text in (
        ("ja", "リンクが不正です。"),
        ("zh", "链接有误。"),
        ("en", said.english),
    ):
        assert tell(said, language) == text
        assert tell(recall(keep(said)), language) == text
        assert tell(together([quote("550"), said]), language) == f"550 {text}"
    assert is_ours(said)
