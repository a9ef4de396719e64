"""The table of refusals is complete, consistent and always able to speak."""

import re
import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.refusal.table import Language, entry, holes_of, language_of, message, table

RAW = tomllib.loads(files("tayori.refusal").joinpath("messages.toml").read_text("utf-8"))


def test_the_table_has_exactly_the_codes_of_the_enumeration():
    assert set(RAW["codes"]) == {code.value for code in Code}
    assert list(RAW["codes"]) == [code.value for code in Code]


@pytest.mark.parametrize("code", list(Code))
def test_every_row_is_complete(code):
    assert set(RAW["codes"][code.value]) == {"meaning", "temporary", "smtp", "en", "zh", "ja"}
    row = entry(code)
    assert row.meaning.endswith(".")
    assert row.sentences[Language.EN].rstrip("`").endswith(".")
    assert row.sentences[Language.ZH].endswith("。")
    assert row.sentences[Language.JA].endswith("。")
    assert re.search("[\u4e00-\u9fff]", row.sentences[Language.ZH])
    assert re.search("[\u3040-\u30ff]", row.sentences[Language.JA])


@pytest.mark.parametrize("code", list(Code))
def test_holes_are_the_same_in_every_language_and_known(code):
    sentences = entry(code).sentences
    holes = {holes_of(sentence) for sentence in sentences.values()}
    assert len(holes) == 1
    assert holes.pop() <= set(table().holes)


def test_every_hole_of_the_table_is_used_somewhere():
    used = set().union(*(holes_of(entry(code).sentences[Language.EN]) for code in Code))
    assert used == set(table().holes)


@pytest.mark.parametrize("code", list(Code))
def test_smtp_replies_agree_with_temporary(code):
    row = entry(code)
    assert re.fullmatch(r"[45]\d\d", str(row.smtp_code))
    assert re.fullmatch(r"[45]\.\d{1,3}\.\d{1,3}", row.enhanced)
    assert row.enhanced[0] == str(row.smtp_code)[0]
    if row.temporary:
        assert 400 <= row.smtp_code < 500


@pytest.mark.parametrize("code", list(Code))
@pytest.mark.parametrize("language", list(Language))
def test_every_code_speaks_without_fields(code, language):
    said = message(Refusal(code), language)
    assert "{p" not in said
    assert "{l" not in said


def test_fields_fill_the_holes_and_the_detail_follows():
    refusal = refuse(
        Code.MISSING_PARAMETER, say("It names the sender."), parameter="FromEmailAddress"
    )
    assert message(refusal) == (
        "The parameter FromEmailAddress is missing. Give it a value. It names the sender."
    )
    assert message(refusal, Language.ZH).startswith("缺少参数 FromEmailAddress")
    assert message(refusal, Language.JA).startswith("パラメーター FromEmailAddress")


def test_the_texts_that_clients_know():
    failure, unknown = (
        Code.AUTH_FAILURE__SIGNATURE_FAILURE,
        Code.AUTH_FAILURE__SECRET_ID_NOT_FOUND,
    )
    assert message(Refusal(failure)) == (
        "The provided credentials could not be validated. Please check your signature is correct."
    )
    assert (
        message(Refusal(failure), Language.ZH) == "请求签名验证失败，请检查您的签名计算是否正确。"
    )
    assert message(Refusal(unknown)) == (
        "The SecretId is not found, please ensure that your SecretId is correct."
    )


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-CN", Language.ZH),
        ("zh", Language.ZH),
        ("zh_TW", Language.ZH),
        ("en-US", Language.EN),
        ("ja-JP", Language.JA),
        ("JA", Language.JA),
        ("", Language.EN),
        ("de-DE", Language.EN),
        ("\x00", Language.EN),
    ],
)
def test_language_tags(tag, language):
    assert language_of(tag) is language


@given(
    st.sampled_from(list(Code)),
    st.dictionaries(st.sampled_from(["parameter", "limit", "domain", "x"]), st.text()),
    st.sampled_from(list(Language)),
)
def test_strangers_text_never_breaks_the_sentence(code, fields, language):
    said = message(Refusal(code, fields), language)
    assert said.isprintable()
    assert len(said) < 2_000
