import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.catalog.variables import (
    MissingVariable,
    VariableFault,
    VariableText,
    split_variables,
)


def test_variables_are_filled_and_escaped_in_html():
    text = split_variables("Hi {{ name }}, code {{code-1}} {single} {{näme}}")
    assert text.names == ("name", "code-1", "näme")
    values = {"name": "<b>&", "code-1": "7", "näme": "x"}
    assert text.fill(values) == "Hi <b>&, code 7 {single} x"
    assert text.fill(values, escape=True) == "Hi &lt;b&gt;&amp;, code 7 {single} x"


def test_a_value_that_looks_like_a_variable_stays_text():
    assert split_variables("{{a}}").fill({"a": "{{b}}", "b": "no"}) == "{{b}}"


def test_a_missing_value_is_named():
    assert split_variables("{{a}} {{b}}").fill({"a": "1"}) == MissingVariable("b")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{{", 0),
        ("abc {{name", 4),
        ("{{}}", 0),
        ("{{1a}}", 0),
        ("{{ok}} {{a b}}", 7),
        ("{{{{a}}", 0),
        ("x{{" + "a" * 129 + "}}", 1),
    ],
)
def test_braces_that_are_no_variable_are_named_by_place(text, place):
    fault = split_variables(text)
    assert isinstance(fault, VariableFault)
    assert fault.place == place
    assert str(place + 1) in fault.sentence


@given(st.text(alphabet="{} a1_.\n", max_size=60))
def test_any_text_splits_or_is_a_fault(text):
    found = split_variables(text)
    if isinstance(found, VariableText):
        assert len(found.constants) == len(found.names) + 1
        assert "{{" not in "".join(found.constants[:1])
        filled = found.fill(dict.fromkeys(found.distinct, "V"))
        assert isinstance(filled, str)
    else:
        assert text[found.place : found.place + 2] == "{{"
