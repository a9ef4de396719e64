"""Scores of mails as receivers get them, each point explained."""

from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.review import reviewer

from tayori.refusal.table import Language, holes_of
from tayori.screen.scanners.model import Clean, Infected, Spam, Unavailable
from tayori.screen.score.evidence import (
    Authentication,
    Passage,
    Result,
    Signature,
    evidence_of_content,
    evidence_of_mail,
)
from tayori.screen.score.grade import cost, explain, grade, table
from tayori.screen.score.model import Check, Loss

NEWS = (
    "Newsletter of the Blue Bakery: this month we introduce a rye bread that stays fresh for a week, a course on "
    "sourdough for beginners, and a new coffee from the hills. Subscribers get a coupon for a free roll with every "
    "loaf until the end of the month, and may bring a friend to the course."
)
NOTICE = "The general meeting takes place on Thursday at seven in the evening in the hall on the ground floor."
SIGNED = Authentication(
    from_domain="bakery.example",
    signatures=(Signature(domain="bakery.example", result=Result.PASS),),
    spf=Result.PASS,
    dmarc=Result.PASS,
)


def mail(*, text=NOTICE, html=None, drop=(), attach=None, **headers):
    made = EmailMessage()
    values = {
        "From": "Blue Bakery <news@bakery.example>",
        "To": "reader@receiver.example",
        "Subject": "The meeting on Thursday",
        "Date": "Fri, 27 Nov 2026 10:00:00 +0800",
        "Message-ID": "<1@bakery.example>",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in values.items():
        if name not in drop:
            made[name] = value
    if text:
        made.set_content(text)
    if html and text:
        made.add_alternative(html, subtype="html")
    elif html:
        made.set_content(html, subtype="html")
    if attach:
        made.add_attachment(
            b"octets", maintype="application", subtype="octet-stream", filename=attach
        )
    return made.as_bytes()


def page(body, link="https://bakery.example/unsubscribe"):
    return f'<html><body><p>{body}</p><p><a href="{link}">Unsubscribe</a></p></body></html>'


def lost(raw, authentication=SIGNED):
    score = grade(evidence_of_mail(reviewer(), raw, authentication))
    return score, [one.check.value for one in score.losses]


LISTED = {
    "List-Unsubscribe": "<https://bakery.example/u/1>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
IMAGES = "".join(f'<img src="https://cdn.example/{n}.jpg" alt="Bread">' for n in range(5))

MAILS = [
    ("a notice as it should be", mail(), []),
    ("a newsletter as it should be", mail(text=NEWS, html=page(NEWS), **LISTED), []),
    (
        "a newsletter that nobody can end",
        mail(text=NEWS),
        ["no_visible_unsubscribe", "no_list_unsubscribe"],
    ),
    (
        "a newsletter without the button",
        mail(text=NEWS, html=page(NEWS), List_Unsubscribe="<https://bakery.example/u/1>"),
        ["no_one_click"],
    ),
    ("HTML alone", mail(text="", html=page(NOTICE)), ["text_part_missing"]),
    (
        "a subject that shouts, and no date",
        mail(Subject="FREE BREAD TODAY", drop={"Date", "Message-ID"}),
        ["date_missing", "message_id_missing", "subject_shouts"],
    ),
    (
        "a poster",
        mail(text="Look", html=IMAGES),
        ["images_only", "text_short"],
    ),
    (
        "phishing",
        mail(
            text="",
            html='<p>Please verify your bank account until tonight, or it is gone for ever: <a href="http://192.0.2.1/">'
            "www.bank.example</a></p>",
        ),
        [
            "forbidden_topic",
            "disguised_link",
            "address_link",
            "text_part_missing",
            "plain_http_link",
        ],
    ),
    (
        "a macro in a file, and a shortened link",
        mail(text=f"{NOTICE} https://bit.ly/x1", attach="minutes.docm"),
        ["dangerous_file", "shortened_link"],
    ),
    (
        "fonts, colours and small print",
        mail(
            html="".join(
                f'<p style="font-family:F{n};color:#00000{n};font-size:7px">{NOTICE}</p>'
                for n in range(9)
            )
        ),
        ["tiny_text", "many_fonts", "many_colours"],
    ),
    ("no subject, nobody named", mail(drop={"Subject", "To"}), ["subject_missing", "to_missing"]),
    ("two senders", mail(From="a@bakery.example, b@bakery.example"), ["from_invalid"]),
]


@pytest.mark.parametrize(
    ("raw", "checks"), [row[1:] for row in MAILS], ids=[row[0] for row in MAILS]
)
def test_mails_lose_exactly_what_is_wrong_with_them(raw, checks):
    score, found = lost(raw)
    assert found == checks
    assert score.points == round(max(0.0, 10 - sum(cost(Check(name)) for name in checks)), 1)


def signed(**changes):
    values = {
        "from_domain": "bakery.example",
        "signatures": SIGNED.signatures,
        "spf": Result.PASS,
        "dmarc": Result.PASS,
    }
    return Authentication(**(values | changes))


@pytest.mark.parametrize(
    ("authentication", "checks"),
    [
        (None, []),
        (
            signed(signatures=(), dmarc=Result.NONE, spf=Result.NONE),
            ["no_dkim", "spf_missing", "dmarc_missing"],
        ),
        (
            signed(
                signatures=(
                    Signature(
                        domain="bakery.example", result=Result.FAIL, reason="The body was changed."
                    ),
                ),
                spf=Result.FAIL,
                dmarc=Result.FAIL,
            ),
            ["dkim_failed", "dmarc_failed", "spf_failed"],
        ),
        (
            signed(signatures=(Signature(domain="esp.example", result=Result.PASS),)),
            ["dkim_other_domain"],
        ),
        (signed(spf_domain="bounce.esp.example"), ["spf_other_domain"]),
        (signed(spf_domain="bounce.bakery.example"), []),
        (signed(spf=Result.FAIL, spf_domain="bounce.esp.example"), ["spf_failed"]),
        (signed(signatures=(Signature(domain="news.bakery.example", result=Result.PASS),)), []),
        (
            signed(
                signatures=(Signature(domain="bakery.example", result=Result.UNKNOWN),),
                spf=Result.UNKNOWN,
                dmarc=Result.UNKNOWN,
            ),
            [],
        ),
    ],
)
def test_authentication(authentication, checks):
    assert lost(mail(), authentication)[1] == checks


SEEN = Passage(
    client="192.0.2.7",
    helo="out.bakery.example",
    tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
    names=("out.bakery.example",),
    reverse=Result.PASS,
    greeting=Result.PASS,
)


@pytest.mark.parametrize(
    ("changes", "checks"),
    [
        ({}, []),
        ({"tls": ""}, ["no_tls"]),
        ({"names": (), "reverse": Result.NONE}, ["no_reverse_name"]),
        (
            {"reverse": Result.FAIL, "greeting": Result.FAIL},
            ["reverse_name_other", "greeting_other"],
        ),
        ({"helo": "[192.0.2.7]", "greeting": Result.NONE}, ["greeting_no_name"]),
        ({"reverse": Result.UNKNOWN, "greeting": Result.UNKNOWN}, []),
        (
            {"listed": (("a.list.example", "seen in a trap"), ("b.list.example", ""))},
            ["block_listed"] * 2,
        ),
    ],
)
def test_how_a_mail_was_handed_over(changes, checks):
    evidence = evidence_of_mail(reviewer(), mail(), SIGNED, passage=replace(SEEN, **changes))
    score = grade(evidence)
    assert [one.check.value for one in score.losses] == checks
    assert all(
        "192.0.2.7" in explain(one).finding for one in score.losses if "client" in one.fields
    )


@pytest.mark.parametrize(
    ("verdict", "checks", "points"),
    [
        (Clean(), [], 10.0),
        (Unavailable("spamd is down"), [], 10.0),
        (Spam(score=7.25, limit=5.0, tests=("BAYES_99",)), ["called_spam"], 7.0),
        (Infected("Eicar"), ["malware"], 0.0),
    ],
)
def test_what_engines_say(verdict, checks, points):
    score = grade(evidence_of_mail(reviewer(), mail(), SIGNED, verdict=verdict))
    assert ([one.check.value for one in score.losses], score.points) == (checks, points)


@pytest.mark.parametrize(
    ("fields", "checks"),
    [
        ({"DKIM-Signature": "v=1; h=from : List-Unsubscribe:list-unsubscribe-post; b=x"}, []),
        ({"DKIM-Signature": "v=1; h=from:list-unsubscribe; b=x"}, ["one_click_unsigned"]),
        ({"DKIM-Signature": "v=1; b=x"}, ["one_click_unsigned"]),
        (
            {"List-Unsubscribe": "<http://bakery.example/u/1>, <mailto:u@bakery.example>"},
            ["no_one_click"],
        ),
        ({"List-Unsubscribe": "please write to us"}, ["no_list_unsubscribe"]),
    ],
)
def test_the_button_of_mail_programs(fields, checks):
    assert lost(mail(text=NEWS, html=page(NEWS), **(LISTED | fields)))[1] == checks


def test_large_html_and_large_mails_cost():
    assert lost(mail(html=page(NOTICE + "<!--" + "x" * 103_000 + "-->")))[1] == ["html_large"]
    assert lost(mail(text=f"{NOTICE}\n" * 12_000))[1] == ["mail_large"]


def test_a_template_is_not_asked_for_what_only_a_mail_has():
    good = grade(evidence_of_content(reviewer(), page(NEWS), ""))
    assert (good.points, good.losses, good.recommended) == (10.0, (), True)
    bad = grade(evidence_of_content(reviewer(), "<script>1</script><p>Online casino</p>", ""))
    assert {one.check for one in bad.losses} == {
        Check.ACTIVE_HTML,
        Check.FORBIDDEN_TOPIC,
        Check.TEXT_SHORT,
    }
    assert not bad.recommended


def test_every_check_is_in_the_table_with_all_its_sentences():
    assert set(table()) == {check.value for check in Check}
    for name, row in table().items():
        assert 0 < row["points"] <= (10 if name == "malware" else 3), name
        for part in ("finding", "why", "mend"):
            holes = {frozenset(holes_of(row[language.value][part])) for language in Language}
            assert len(holes) == 1, (name, part)


def test_losses_are_explained_in_the_readers_language():
    told = explain(
        Loss(Check.FORBIDDEN_TOPIC, {"topic": "gambling", "words": "casino"}), Language.JA
    )
    assert "賭博" in told.finding
    assert told.points == 3.0
    assert told.why
    assert told.mend


@given(
    raw=st.binary(max_size=400),
    head=st.sampled_from([b"", b"Content-Type: text/html\r\n\r\n", b"From: a@b.c\r\n"]),
)
@settings(max_examples=100, deadline=None)
def test_any_octets_have_a_score_that_is_explained(raw, head):
    score = grade(evidence_of_mail(reviewer(), head + raw))
    assert 0 <= score.points <= 10
    for one in score.losses:
        assert explain(one).finding
