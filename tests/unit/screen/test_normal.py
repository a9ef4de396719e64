"""The form in which words are looked for."""

from hypothesis import example, given
from hypothesis import strategies as st

from tayori.screen.normal import same_letters


@given(st.text(st.characters(max_codepoint=127)))
@example("  A\tb \x1c\n  C\x1f ")
def test_ascii_has_the_form_of_words_in_lower_case_with_single_spaces(text: str) -> None:
    assert same_letters(text) == " ".join(text.casefold().split())
    # The way of all other text comes to the same.
    assert same_letters(f"{text} \u00ff").split()[:-1] == text.casefold().split()
