"""Screening at the door: the corpus, values of approved templates, what is remembered."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import files
from tests.support.review import reviewer

from tayori.compose.content import compile_template
from tayori.config.screening import ScreeningSettings
from tayori.runtime.clock import SettableClock
from tayori.screen.mail import MOST_TOLD, MailScreen
from tayori.screen.review import Reviewer

DATA = Path(__file__).parents[2] / "data/screen"
DOOR = frozenset(
    {
        *("forbidden_topic", "shortened_link", "redirecting_link", "disguised_link"),
        *("hidden_text", "script", "form", "active_content", "embedded_data"),
    }
)


def read(name):
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def texts(name):
    return [
        (f"{language}-{key}-{number}", key, text)
        for language in ("en", "zh", "ja")
        for key, found in read(f"{name}_{language}.toml").items()
        for number, text in enumerate(found)
    ]


def screen(**settings):
    return MailScreen(reviewer(), ScreeningSettings(**settings), SettableClock(0))


async def reasons(text, **settings):
    html = text if text.startswith("<") else ""
    found = await screen(**settings).content("", html, "" if html else text)
    return [finding.reason.value for finding in found]


GOOD, BAD = texts("good"), texts("topics")
SHAPES = read("shapes.toml")["mail"]


@pytest.mark.parametrize("text", [row[2] for row in GOOD], ids=[row[0] for row in GOOD])
async def test_no_good_mail_is_refused_at_the_door(text):
    assert await reasons(text) == []


@pytest.mark.parametrize("text", [row[2] for row in BAD], ids=[row[0] for row in BAD])
async def test_forbidden_topics_are_refused_at_the_door(text):
    assert "forbidden_topic" in await reasons(text)


@pytest.mark.parametrize("mail", SHAPES, ids=map(str, range(len(SHAPES))))
async def test_of_form_and_links_the_door_refuses_what_harms(mail):
    repeated = "".join(
        mail.get("repeat", "").replace("{n}", str(n)) for n in range(mail.get("times", 0))
    )
    html = mail.get("html", "") + repeated + mail.get("tail", "")
    found = await screen().content("", html, mail.get("text", ""))
    expected = {reason for reason in mail["reasons"] if reason in DOOR}
    if mail["decision"] != "refused":
        expected = set()
    assert {finding.reason.value for finding in found} == expected


async def test_what_the_settings_allow_passes():
    html = '<p>Hello</p><img src="data:image/png;base64,AAAA"><script>x</script>'
    assert await reasons(html) == ["script", "embedded_data"]
    assert await reasons(html, allow=("embedded_data",)) == ["script"]
    assert await reasons(html, allow=("embedded_data", "script")) == []


async def test_a_mail_of_a_thousand_bad_links_names_some():
    html = "".join(f'<a href="https://bit.ly/{number}">x</a>' for number in range(1_000))
    assert len(await screen().content("", html, "")) == MOST_TOLD


async def test_large_mails_are_read_as_well():
    assert await reasons("<p>Hello</p>" * 20_000 + "<form></form>") == ["form"]


async def test_changed_lists_count_for_what_was_seen_before(tmp_path):
    (tmp_path / "rules/words").mkdir(parents=True)
    clock = SettableClock(0)
    found = MailScreen(Reviewer(tmp_path), ScreeningSettings(), clock)
    assert await found.content("", "", "Our tobacco is fresh.") == ()
    (tmp_path / "rules/words/en.toml").write_text('[tobacco]\nstrong = ["tobacco"]\n')
    clock.advance(60_000)
    (finding,) = await found.content("", "", "Our tobacco is fresh.")
    assert finding.fields["topic"] == "tobacco"


HTML = (
    '<p>Dear {{name}}, see <a href="{{link}}">your order</a> or '
    '<a href="https://shop.example/help/{{page}}">help</a>, '
    '<a href="https://{{region}}.shop.example/">here</a>.</p>'
)
TEMPLATE = compile_template(HTML, "Dear {{name}}, {{link}} https://shop.example/help/{{page}}")
VALUES = {
    "name": "Ms Mori",
    "link": "https://mail.example.org/order/1?x=2",
    "page": "returns",
    "region": "eu",
}


def of_values(changes, subject="Your order", **settings):
    found = screen(**settings).values(
        (1, 1),
        (TEMPLATE.html, TEMPLATE.text),
        VALUES | changes,
        subject=subject,
        domain="mail.example.org",
    )
    return [finding.reason.value for finding in found]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"link": "https://shop.example/a"},
        {"link": "https://www.shop.example/a#b"},
        {"link": "https://example.org/magic?token=a%2Fb"},
        {"link": "mailto:help@elsewhere.example"},
        {"link": "/relative"},
        {"name": "Ann <ann@elsewhere.example>"},
        {"name": "ann@elsewhere.example"},
        {"name": "Booking.com"},
        {"name": "Node.js/React and/or 24/7, 2026/11/28 10:00"},
        {"name": "List<String>, a < b"},
        {"name": "株式会社 森 様"},
        {"name": "It costs 3:1 // twice"},
        {"page": "a/b?c=d"},
        {"region": "www"},
        {"region": ""},
    ],
)
def test_values_as_honest_senders_give_them_pass(changes):
    assert of_values(changes) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "your account is closed, log in at https://evil.example/now"}, "value_link"),
        ({"name": "see www.evil.example"}, "value_link"),
        ({"name": "see evil.example/login now"}, "value_link"),
        ({"link": "https://evil.example/"}, "value_link"),
        ({"link": "HTTPS://EVIL.EXAMPLE"}, "value_link"),
        ({"link": "//evil.example"}, "value_link"),
        ({"link": "https:evil.example"}, "value_link"),
        ({"link": r"\\evil.example"}, "value_link"),
        ({"link": "ht\ntps://evil.example"}, "value_link"),
        ({"link": "https://mail.example.org@evil.example/"}, "value_link"),
        ({"link": "https://notshop.example/"}, "value_link"),
        ({"link": "https://mail.example.org/go?url=https://evil.example"}, "redirecting_link"),
        ({"link": "https://bit.ly/abc"}, "shortened_link"),
        ({"link": "javascript:alert(1)"}, "script"),
        ({"link": "data:text/html,x"}, "script"),
        ({"region": "evil.example/"}, "value_link"),
        ({"region": "evil.example#"}, "value_link"),
        ({"region": "a@evil.example?"}, "value_link"),
        ({"name": '<a href="x">win</a>'}, "value_markup"),
        ({"name": "<b>Ann</b>"}, "value_markup"),
        ({"name": "<!-- x"}, "value_markup"),
        ({"name": "you have won the lottery! Call us at once."}, "forbidden_topic"),
    ],
)
def test_values_that_smuggle_are_told(changes, reason):
    assert reason in of_values(changes)


def test_the_subject_of_a_request_is_read_too():
    assert of_values({}, subject="The best online casino") == ["forbidden_topic"]


def test_more_hosts_by_setting():
    assert of_values({"link": "https://track.dhl.example/1"}) == ["value_link"]
    assert of_values({"link": "https://track.dhl.example/1"}, link_hosts=("dhl.example",)) == []
    assert of_values({"link": "https://evil.example/1"}, link_hosts=("dhl.example",)) != []
    assert of_values({"link": "https://evil.example/1"}, link_hosts=("*",)) == []


@given(st.dictionaries(st.sampled_from(list(VALUES)), st.text(max_size=60)))
def test_any_values_get_an_answer(changes):
    assert len(of_values(changes)) <= MOST_TOLD


async def test_files_are_looked_at_small_and_large():
    found = screen()
    large = files.zipped({"a.bin": bytes(range(256)) * 1_000, "b.exe": b"x"}, store=True)
    for content in (files.zipped({"b.exe": b"x"}), large):
        (finding,) = await found.files([("a.pdf", files.PDF), ("a.zip", content)])
        assert finding.reason == "program"
        assert await found.files([("a.zip", content)]) == (finding,)
    assert await screen(allow=("program",)).files([("a.zip", large)]) == ()
