"""The parts of review: what is read, which words count, due dates, sentences."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.review import reviewer

from tayori.config.rules import RuleFileError
from tayori.refusal.table import Language, holes_of
from tayori.screen.due import BusinessDays
from tayori.screen.hosts import organisation, read_hosts
from tayori.screen.model import Finding, Reason, Severity, found
from tayori.screen.normal import normal
from tayori.screen.page import read_page
from tayori.screen.reasons import decode_findings, encode_findings, reasons, sentence
from tayori.screen.review import MOST_OF_A_REASON, Reviewer
from tayori.screen.words import word_list

HOUR = 3_600_000
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize(
    ("came", "days", "due"),
    [
        ("2026-11-26T10:00+08:00", 1, "2026-11-27T10:00+08:00"),
        ("2026-11-27T10:00+08:00", 1, "2026-11-30T10:00+08:00"),  # Friday to Monday
        ("2026-11-28T10:00+08:00", 1, "2026-12-01T00:00+08:00"),  # came on a Saturday
        ("2026-12-30T23:30+08:00", 2, "2027-01-04T23:30+08:00"),  # New Year, then a Saturday worked
    ],
)
def test_a_due_date_counts_business_days_of_the_zone(came, days, due):
    calendar = BusinessDays(
        zone=SHANGHAI,
        holidays={date(2027, 1, 1), date(2026, 12, 31)},
        extra_workdays={date(2027, 1, 2)},
    )
    assert calendar.due(at(came), days) == at(due)


def test_every_finding_has_a_sentence_in_every_language_with_the_same_holes():
    table = reasons()["reasons"]
    assert set(table) == {reason.value for reason in Reason}
    for name, texts in table.items():
        assert set(texts) == {language.value for language in Language}, name
        assert len({frozenset(holes_of(text)) for text in texts.values()}) == 1, name


def test_every_topic_of_the_lists_has_a_name():
    assert set(reasons()["topics"]) == set(reviewer().lists.words.topics)


def test_findings_are_kept_and_told_in_the_readers_language():
    findings = (
        found(Reason.FORBIDDEN_TOPIC, topic="gambling", words="online casino"),
        found(Reason.VAGUE_LINK, Severity.PERSON, link="{{link}}"),
    )
    kept = decode_findings(encode_findings(findings))
    assert kept == findings
    assert "gambling" in sentence(kept[0])
    assert "赌博" in sentence(kept[0], Language.ZH)
    assert "{{path}}" in sentence(kept[1], Language.JA)
    assert decode_findings(encode_findings(())) == ()
    strange = Finding(Reason.FORBIDDEN_TOPIC, {"topic": "knitting", "words": "wool"})
    assert "knitting" in sentence(strange, Language.JA)


def test_tricks_with_letters_do_not_hide_words():
    for text in ("ｃａｓｉｎｏ", "c\u200basi\u00adno", "c a s i n o", "C.A.S.I.N.O", "сasinо"):
        assert normal(text) == "casino", text
    assert normal("博 彩") == "博彩"
    assert normal("привет мир") == "привет мир"


def test_an_operators_list_adds_and_takes_away(tmp_path):
    own = tmp_path / "rules/words"
    own.mkdir(parents=True)
    (own / "en.toml").write_text(
        '[knitting]\nstrong = ["cheap wool"]\n[flash_sale]\nwithout = ["flash sale"]\n'
    )
    (own / "hosts.toml").write_text('[shorteners]\nhosts = ["go.example"]\nwithout = ["bit.ly"]\n')
    desk = Reviewer(tmp_path)
    long = " We tell you about what we do here, and about the weather on the hills."
    topics = desk.review("", "Cheap wool today!" + long).findings
    assert [one.fields["topic"] for one in topics] == ["knitting"]
    assert not desk.review("", "Flash sale today!" + long).findings
    assert [one.reason for one in desk.review("", "See https://go.example/1" + long).findings] == [
        "shortened_link"
    ]
    assert not desk.review("", "See https://bit.ly/1" + long).findings


def test_lists_are_taken_up_while_running_and_a_mistake_changes_nothing(tmp_path):
    desk = Reviewer(tmp_path)
    own = tmp_path / "rules/words/en.toml"
    own.parent.mkdir(parents=True)
    text = "Cheap wool! We tell you about what we do here, and about the weather."
    assert not desk.refresh()
    own.write_text('[knitting]\nstrong = ["cheap wool"]\n')
    assert desk.refresh()
    assert desk.review("", text).refused
    own.write_text("[knitting]\nstrong = 7\n")
    assert not desk.refresh()
    assert desk.review("", text).refused


@pytest.mark.parametrize(
    "tables",
    [
        {"x": []},
        {"x": {"strong": "word"}},
        {"x": {"strong": ["a"]}},
        {"x": {"strongest": ["word"]}},
    ],
)
def test_a_list_that_is_wrong_says_so(tables):
    with pytest.raises(RuleFileError, match="Words about x"):
        word_list([[tables]])


def test_hosts_are_compared_by_who_owns_them():
    assert organisation("a.b.example.com") == "example.com"
    assert organisation("shop.example.co.jp") == "example.co.jp"
    assert organisation("localhost") == "localhost"
    with pytest.raises(RuleFileError, match="shorteners or redirectors"):
        read_hosts([{"others": {}}])


def test_no_web_links_at_all_is_a_setting():
    desk = Reviewer(web_links=False)
    review = desk.review(
        "", "The minutes of our meeting lie on https://club.example/m for everyone to read."
    )
    assert [one.reason for one in review.findings] == ["web_link"]


def test_a_page_is_read_as_its_reader_meets_it():
    html = (
        "<head><title>T</title></head><body><p>Hi {{name}}</p><div hidden>no</div>"
        '<a href=" https://A.example/x?b=1&amp;c=2 ">go <img alt="pic" src="i.png"></a></body>'
    )
    page = read_page(html, "see www.b.example/y, please")
    assert " ".join(page.text.split()) == "Hi {{name}} go"
    assert page.hidden == "no"
    assert [(link.target, link.text, link.host) for link in page.links] == [
        ("https://A.example/x?b=1&c=2", "go pic", "a.example"),
        ("www.b.example/y", "www.b.example/y", "www.b.example"),
    ]
    assert page.images == ("i.png",)
    assert page.letters == 4


@given(
    html=st.text(alphabet="<>/=\"' adivtblestyh:{}&;#\x00\ud7ff", max_size=300),
    text=st.text(max_size=100),
)
@settings(max_examples=150, deadline=None)
def test_any_content_is_reviewed(html, text):
    review = reviewer().review(html, text)
    for finding in review.findings:
        assert sentence(finding, Language.JA)


def test_deep_nesting_and_much_text_take_no_time_to_speak_of():
    deep = reviewer().review("<div>" * 200_000, "")
    assert "broken_html" in [one.reason.value for one in deep.findings]
    wide = "<p>" + "a b c d " * 60_000 + "</p>"
    assert reviewer().review(wide, "").findings == ()


def test_a_thousand_bad_links_give_a_reason_that_can_be_read():
    html = "".join(f'<a href="https://bit.ly/{n}{"x" * 900}">x</a>' for n in range(1_000))
    review = reviewer().review(html, "")
    shortened = [one for one in review.findings if one.reason is Reason.SHORTENED_LINK]
    assert len(shortened) == MOST_OF_A_REASON
    assert len(encode_findings(review.findings)) < 10_000
