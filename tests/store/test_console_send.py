"""One mail from the console, on both databases."""

import re

import pytest
from tests.support.console_world import console_world

from tayori.catalog.model import TemplateContent
from tayori.edge.console.headers import FRAMED_POLICY
from tayori.suppress.model import Target
from tayori.tenants.model import Permission
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'
HTML = (
    "<h1>Your order is on its way</h1><p>Dear {{name}}, your order left our house today and is "
    "with the carrier now. Thank you for buying your books at our shop in the harbour.</p>"
)
SENDER = "news@mail.shop.test"


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        await opened.verified("mail.shop.test")
        await opened.services.senders.create(opened.account.id, SENDER, "Shop")
        content = TemplateContent(html=HTML, text="")
        made = await opened.services.templates.create(opened.account.id, "Order", content)
        opened.template = made.id
        yield opened


def mail(world, **changes):
    return {
        "sender": SENDER,
        "to": "a@reader.test",
        "subject": "Your order, {{name}}",
        "content": "template",
        "template": str(world.template),
        "value.name": "Ren",
        "trigger": "0",
        "key": "k1",
    } | changes


async def allow(world, *permissions):
    for permission in permissions:
        await world.parts.accounts.grant(world.account.id, permission)


def id_of(response):
    return re.search(r"/send/done/([^?]+)", response.headers["location"])[1]


async def sent(world, browser, form, **options):
    done = await browser.post("/send", form, **options)
    assert done.status_code == 303, done.text
    return id_of(done)


async def test_an_account_without_sender_is_told_what_to_do(world):
    other = await world.other_account()
    browser = await world.signed_in(Role.OWNER, account=other)
    page = await browser.get("/send")
    assert "No sender yet" in page.text
    assert "/console/senders" in page.text


async def test_a_template_goes_to_all_who_are_named(world):
    member = await world.signed_in(Role.MEMBER)
    asked = await member.get(f"/send?template={world.template}")
    assert 'name="value.name"' in asked.text
    people = {"to": "Ren <a@reader.test>,\nb@reader.test", "cc": "c@reader.test"}
    message_id = await sent(world, member, mail(world, **people, bcc="d@reader.test; e@other.test"))
    found = await world.services.stories.of_message(world.account.id, message_id, 50)
    assert [one.to_address for one in found] == [
        *("a@reader.test", "b@reader.test", "c@reader.test", "d@reader.test", "e@other.test")
    ]
    page = await member.get(f"/send/done/{message_id}")
    assert message_id in page.text
    assert f"/console/search?q={message_id}" in page.text
    assert "e@other.test" in page.text
    assert "Waiting" in page.text
    part = await member.get(f"/send/done/{message_id}", headers={"HX-Request": "true"})
    assert "<main" not in part.text
    assert "c@reader.test" in part.text
    [entry] = await world.audited()
    assert (entry.action.value, entry.target) == ("mail_sent", message_id)


async def test_a_form_that_is_sent_twice_makes_one_mail(world):
    browser = await world.signed_in(Role.OWNER)
    first = await sent(world, browser, mail(world))
    assert await sent(world, browser, mail(world)) == first
    assert await sent(world, browser, mail(world, subject="Another")) != first
    assert len(await world.audited()) == 2


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"to": ""}, "At least one of Destination, Cc and Bcc is needed."),
        ({"to": "Kept, nobody"}, "This is no e-mail address: Kept, nobody"),
        ({"to": "\n".join(f"r{n}@reader.test" for n in range(21))}, "at most 20 recipients"),
        ({"subject": ""}, "This field is required."),
        ({"subject": "x" * 999}, "999 characters"),
        ({"template": ""}, "Choose the template of the mail."),
        ({"template": "99"}, "Choose the template of the mail."),
        ({"sender": "else@mail.shop.test"}, "Not a valid choice"),
        ({"bcc": "a@reader.test"}, "would not be hidden"),
        ({"reply_to": "no address"}, "This is no e-mail address: no address"),
    ],
)
async def test_what_is_refused_keeps_what_was_entered(world, changes, sentence):
    browser = await world.signed_in(Role.OWNER)
    page = await browser.post("/send", mail(world, **{"value.name": "Kept as it was"}, **changes))
    assert page.status_code == 422
    assert sentence in page.text
    assert 'aria-invalid="true"' in page.text
    assert await world.services.stories.newest(world.account.id, 9) == []
    if changes.get("template") not in {"", "99"}:
        assert "Kept as it was" in page.text


async def test_a_value_that_is_missing_is_named(world):
    browser = await world.signed_in(Role.OWNER)
    form = mail(world, subject="Your order")
    del form["value.name"]
    page = await browser.post("/send", form)
    assert page.status_code == 422
    assert "TemplateData has no value for: name." in page.text


async def test_own_content_needs_leave(world):
    browser = await world.signed_in(Role.OWNER)
    own = mail(world, content="own", html="<p>Braces {{stay}}</p>", template="")
    page = await browser.get("/send")
    assert 'name="html"' not in page.text
    assert "An operator of the service can allow it to send own content" in page.text
    assert (await browser.post("/send", own)).status_code == 422
    await allow(world, Permission.API_SIMPLE)
    browser = await world.signed_in(Role.OWNER)
    assert 'name="html"' in (await browser.get("/send")).text
    assert await sent(world, browser, own)
    empty = await browser.post("/send", own | {"html": " ", "text": ""})
    assert empty.status_code in {303, 422}


async def test_files_need_leave_and_keep_their_rules(world):
    await world.parts.accounts.revoke(world.account.id, Permission.ATTACHMENTS)
    browser = await world.signed_in(Role.OWNER)
    good = [("files", ("our terms.pdf", b"%PDF-1.4", "application/pdf"))]
    assert "may not send attachments" in (await browser.get("/send")).text
    assert (await browser.post("/send", mail(world), files=good)).status_code == 422
    await allow(world, Permission.ATTACHMENTS)
    browser = await world.signed_in(Role.OWNER)
    bad = [("files", ("run.exe", b"MZ", "application/octet-stream"))]
    page = await browser.post("/send", mail(world), files=bad)
    assert page.status_code == 422
    assert "&#39;exe&#39; cannot be sent" in page.text
    large = [("files", ("a.pdf", b"x" * (4 * 1024 * 1024 + 1), "application/pdf"))]
    page = await browser.post("/send", mail(world), files=large)
    assert "octets together" in page.text
    assert await sent(world, browser, mail(world), files=good)


async def test_who_may_not_be_written_to_is_left_out_and_told(world):
    now = world.parts.clock.now()
    target = Target(world.account.id, "mail.shop.test", "gone@reader.test")
    await world.parts.suppressions.unsubscribe(target, now)
    browser = await world.signed_in(Role.OWNER)
    page = await browser.post("/send", mail(world, to="gone@reader.test"))
    assert page.status_code == 422
    assert "gone@reader.test" in page.text
    assert await world.services.stories.newest(world.account.id, 9) == []
    both = {"to": "gone@reader.test, a@reader.test"}
    message_id = await sent(world, browser, mail(world, **both))
    told = await browser.get(f"/send/done/{message_id}")
    assert "To some recipients it was not sent." in told.text
    assert "Not sent" in told.text
    assert "Waiting" in told.text


async def test_a_preview_shows_the_mail_in_its_frame(world):
    browser = await world.signed_in(Role.OWNER)
    frame = await browser.post("/send/preview", mail(world, **{"value.name": "<i>Ren</i>"}))
    assert frame.headers["content-security-policy"] == FRAMED_POLICY
    assert "Dear &lt;i&gt;Ren&lt;/i&gt;," in frame.text
    assert "Your order, &lt;i&gt;Ren&lt;/i&gt;" in frame.text
    assert await world.services.stories.newest(world.account.id, 9) == []


async def test_each_role_may_what_it_may(world):
    message_id = await sent(world, await world.signed_in(Role.MEMBER), mail(world))
    viewer = await world.signed_in(Role.VIEWER)
    assert (await viewer.get("/send")).status_code == 403
    assert (await viewer.post("/send", mail(world, key="k2"))).status_code == 403
    assert (await viewer.get(f"/send/done/{message_id}")).status_code == 200
    stranger = await world.signed_in(Role.OWNER, account=await world.other_account())
    assert (await stranger.get(f"/send/done/{message_id}")).status_code == 404
    taken = await stranger.post("/send", mail(world))
    assert taken.status_code == 422
    assert HTML[:20] not in taken.text
    owner = await world.signed_in(Role.OWNER)
    forged = await owner.post("/send", mail(world, csrf="forged", key="k3"))
    assert forged.status_code == 403


async def test_nothing_that_was_entered_is_markup(world):
    browser = await world.signed_in(Role.OWNER)
    for name in ("to", "cc", "bcc", "reply_to", "subject", "template", "value.name", "key"):
        page = await browser.post("/send/draft", mail(world, **{name: EVIL}))
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    assert "<script>alert" not in (await browser.get("/send", params={"sender": EVIL})).text


@pytest.mark.parametrize(("language", "title"), [("ja", "メールを送る"), ("zh", "发送邮件")])
async def test_every_language(world, language, title):
    browser = await world.signed_in(Role.OWNER, language=language)
    page = await browser.get(f"/send?template={world.template}")
    assert f"<h1>{title}</h1>" in page.text
    refused = await browser.post("/send", mail(world, to="nobody"))
    assert refused.status_code == 422
    message_id = await sent(world, browser, mail(world))
    assert (await browser.get(f"/send/done/{message_id}")).status_code == 200
