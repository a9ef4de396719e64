"""Made-up content of three languages with the decision that review must take."""

import tomllib
from pathlib import Path

import pytest
from tests.support.review import reviewer

DATA = Path(__file__).parents[2] / "data/screen"
LANGUAGES = ("en", "zh", "ja")


def read(name):
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def look(text):
    html = text if text.startswith("<") else ""
    return reviewer().review(html, "" if html else text)


GOOD = [
    (f"{language}-{business}-{number}", business, text)
    for language in LANGUAGES
    for business, texts in read(f"good_{language}.toml").items()
    for number, text in enumerate(texts)
]
BAD = [
    (f"{language}-{topic}-{number}", topic, text)
    for language in LANGUAGES
    for topic, texts in read(f"topics_{language}.toml").items()
    for number, text in enumerate(texts)
]
SHAPES = list(enumerate(read("shapes.toml")["mail"]))


@pytest.mark.parametrize(("business", "text"), [row[1:] for row in GOOD], ids=[r[0] for r in GOOD])
def test_good_content_is_approved_for_what_it_is(business, text):
    review = look(text)
    assert review.findings == ()
    assert review.business.value == business


@pytest.mark.parametrize(("topic", "text"), [row[1:] for row in BAD], ids=[r[0] for r in BAD])
def test_a_forbidden_topic_is_refused_by_its_name(topic, text):
    review = look(text)
    topics = {one.fields["topic"] for one in review.findings if one.reason == "forbidden_topic"}
    assert topic in topics
    assert review.refused


@pytest.mark.parametrize("mail", [mail for _, mail in SHAPES], ids=[str(n) for n, _ in SHAPES])
def test_form_links_and_length(mail):
    repeated = "".join(
        mail.get("repeat", "").replace("{n}", str(n)) for n in range(mail.get("times", 0))
    )
    html = mail.get("html", "") + repeated + mail.get("tail", "")
    review = reviewer().review(html, mail.get("text", ""))
    assert [one.reason.value for one in review.findings] == mail["reasons"]
    decision = "refused" if review.refused else "person" if review.doubtful else "approved"
    assert decision == mail["decision"]


def test_the_corpus_is_large_enough_and_covers_every_topic():
    assert len(GOOD) + len(BAD) + len(SHAPES) >= 300
    for language in LANGUAGES:
        topics = set(read(f"topics_{language}.toml"))
        assert topics == set(read("topics_en.toml"))
