import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.catalog.content import check_content, name_fault, read_content
from tayori.catalog.model import TemplateContent
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal

WRONG = Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_WRONG


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def content(html="", text=""):
    return TemplateContent(html=html, text=text)


def test_both_parts_are_base64_of_utf8_and_either_may_be_absent():
    assert read_content(encoded("<p>便り</p>"), None) == content(html="<p>便り</p>")
    assert read_content("", "aGVs\r\nbG8=") == content(text="hello")
    assert read_content(None, None) == content()


@pytest.mark.parametrize(
    "bad", ["<p>", "abc", "a===", "\u00e9", base64.b64encode(b"\xff").decode()]
)
def test_what_is_no_base64_of_utf8_is_refused_by_its_name(bad):
    refused = read_content(bad, None)
    assert refused.code is WRONG
    assert refused.detail.startswith("Html")
    assert read_content(None, bad).detail.startswith("Text")


@given(st.text() | st.none(), st.text())
def test_strangers_text_is_read_or_refused(html, text):
    read = read_content(html, text)
    assert isinstance(read, TemplateContent | Refusal)


@given(st.text(), st.text(alphabet="{} ab"))
def test_strangers_content_is_fine_or_refused(html, text):
    assert isinstance(check_content(content(html, text)), Refusal | None)


def test_good_content_passes():
    assert check_content(content(html="<p>Hello {{ name }}</p>")) is None
    assert check_content(content(text="{{a}}{{b}} {single} }}")) is None


def test_no_content_is_refused():
    for empty in ("", " \r\n\t"):
        refused = check_content(content(empty, empty))
        assert refused.code is Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_NULL


def test_more_than_a_megabyte_is_refused():
    half = "é" * (1_048_576 // 4)
    assert check_content(content(half, half)) is None
    refused = check_content(content(half, half + "x"))
    assert refused.code is Code.FAILED_OPERATION__TEMPLATE_CONTENT_TOOLARGE
    assert "1048577" in refused.detail


@pytest.mark.parametrize("bad", ["{{name", "{{}}", "a {{ 1x }}", "{{a b}}", "{{a}} {{b}", "x\x00"])
def test_braces_that_are_no_variable_are_refused_naming_the_place(bad):
    refused = check_content(content(html=bad))
    assert refused.code is WRONG
    assert refused.detail.startswith("Html")
    assert check_content(content(html="fine", text=bad)).detail.startswith("Text")


def test_the_fault_shows_the_braces():
    assert "{{name here" in check_content(content(text="ab {{name here")).detail
    assert check_content(content(text="\ud800")).code is WRONG


def test_names():
    assert not name_fault("Welcome 便り")
    assert not name_fault("x" * 128)
    assert all(name_fault(bad) for bad in ("", "x" * 129, "a\nb", "a\x00", "\ud800"))
