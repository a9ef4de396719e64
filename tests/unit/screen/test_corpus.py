"""Made-up content of three languages with the decision that review must take."""

import pytest
from tests.support.screen_corpus import LANGUAGES, look, look_at_shape, read, tallies

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
    review = look_at_shape(mail)
    assert [one.reason.value for one in review.findings] == mail["reasons"]
    decision = "refused" if review.refused else "person" if review.doubtful else "approved"
    assert decision == mail["decision"]


def test_the_corpus_is_large_enough_and_covers_every_topic():
    assert len(GOOD) + len(BAD) + len(SHAPES) >= 300
    for language in LANGUAGES:
        topics = set(read(f"topics_{language}.toml"))
        assert topics == set(read("topics_en.toml"))


def test_every_rule_finds_what_it_must_and_nothing_else():
    counted = tallies()
    assert {name: one for name, one in counted.items() if one.missed or one.wrong} == {}
    rare = {"web_link", "other_business"}
    assert {name for name, one in counted.items() if not one.hits} == rare
