"""Lines of text."""

from hypothesis import given
from hypothesis import strategies as st

from tayori.mail.lines import has_long_line


@given(st.lists(st.integers(0, 30), max_size=20), st.integers(0, 30), st.booleans())
def test_long_lines_are_found(lengths: list[int], limit: int, ended: bool) -> None:
    content = b"\r\n".join(b"x" * length for length in lengths) + (b"\r\n" if ended else b"")
    assert has_long_line(content, limit) == any(length > limit for length in lengths)
