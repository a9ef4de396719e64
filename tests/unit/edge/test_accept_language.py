"""Which languages a client asks for, the one wanted most first."""

import pytest

from tayori.edge.accept_language import tags_by_weight
from tayori.edge.console.languages import by_accept_language
from tayori.edge.public.pages import language_of
from tayori.refusal.table import Language


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("", []),
        (",;,", []),
        ("ja", ["ja"]),
        ("en;q=0.5, JA-JP ; q=0.9, zh", ["zh", "ja-jp", "en"]),
        ("de, fr, it", ["de", "fr", "it"]),
        ("ja;q=0, zh;q=2, en;q=x, fr;q=-1, ko;q=nan", []),
        ("ja;level=1", ["ja"]),
        (", ".join(f"x{number}" for number in range(100)), [f"x{n}" for n in range(20)]),
    ],
)
def test_tags_come_by_weight_and_then_as_they_stand(header: str, tags: list[str]) -> None:
    assert tags_by_weight(header) == tags


@pytest.mark.parametrize(
    ("header", "console", "page"),
    [
        ("de;q=0.9, zh-HK, ja;q=0.5", Language.ZH, "zh-TW"),
        ("tlh", Language.EN, "en"),
        ("fr, ja;q=0.1", Language.JA, "fr"),
    ],
)
def test_the_first_of_ours_is_taken(header: str, console: Language, page: str) -> None:
    assert by_accept_language(header) is console
    assert language_of(header) == page
