"""The pages of templates, on both databases."""

import re

import pytest
from tests.support.console_world import console_world

from tayori.catalog.model import TemplateContent, TemplateStatus
from tayori.config.screening import Review
from tayori.edge.console.headers import FRAMED_POLICY
from tayori.tenants.model import Permission
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'
GOOD = (
    "<html><body><h1>Your order is on its way</h1><p>Dear {{name}}, your order left our house "
    "today and is with the carrier now. It should be with you by {{day}}. Thank you for buying "
    "your books at our shop in the harbour.</p></body></html>"
)
REFUSED = "<p>Hello {{name}}</p><form action='https://x.test/'><input></form>"


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


@pytest.fixture
async def careful(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url, review=Review(mode="manual")) as opened:
        yield opened


async def kept(world, name="Order sent", html=GOOD, text=""):
    content = TemplateContent(html=html, text=text)
    return await world.services.templates.create(world.account.id, name, content)


async def test_an_account_without_templates_is_told_what_to_do(world):
    owner = await world.signed_in(Role.OWNER)
    page = await owner.get("/templates")
    assert "No templates yet" in page.text
    assert "/console/templates/new" in page.text
    viewer = await world.signed_in(Role.VIEWER)
    assert "/console/templates/new" not in (await viewer.get("/templates")).text


async def test_a_template_is_written_changed_brought_back_and_deleted(world):
    member = await world.signed_in(Role.MEMBER)
    made = await member.follow("/templates/new", {"name": "Order sent", "html": GOOD, "text": ""})
    assert "was saved and is approved" in made.text
    path = made.url.path.removeprefix("/console")
    number = int(path.rpartition("/")[2])
    changed = await member.follow(
        f"{path}/edit", {"name": "Order left", "html": GOOD.replace("today", "now"), "text": "T"}
    )
    assert "Order left" in changed.text
    assert "Version 2" in changed.text
    old = await member.get(f"{path}/versions/1")
    assert "left our house today" in old.text
    back = await member.follow(f"{path}/versions/1/restore")
    assert "Version 1 is back, as version 3." in back.text
    stored = await world.services.templates.get(world.account.id, number)
    assert stored.content == TemplateContent(html=GOOD, text="")
    assert stored.template.version == 3
    listed = await member.get(f"{path}/versions")
    assert listed.text.index("Version 3") < listed.text.index("Version 1")
    gone = await member.follow(f"{path}/delete")
    assert "The template Order left was deleted." in gone.text
    assert (await member.get(path)).status_code == 404
    assert [(entry.action.value, entry.target) for entry in await world.audited()] == [
        ("template_created", "Order sent"),
        ("template_changed", "Order left"),
        ("template_changed", "Order left"),
        ("template_removed", "Order left"),
    ]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": "", "html": "<p>Kept as it was</p>"}, "This field is required."),
        ({"name": "N", "html": "Kept {{ as it was"}, "are no variable"),
        ({"name": "Kept as it was", "html": "", "text": " "}, 'id="html-errors"'),
    ],
)
async def test_what_cannot_be_saved_keeps_what_was_entered(world, form, sentence):
    owner = await world.signed_in(Role.OWNER)
    page = await owner.post("/templates/new", form)
    assert page.status_code == 422
    assert sentence in page.text
    assert "as it was" in page.text
    assert (await world.services.templates.list(world.account.id, offset=0, limit=9)).total == 0


@pytest.mark.parametrize(
    ("language", "word", "reason"),
    [
        ("en", "Refused", "form"),
        ("ja", "却下", "フォーム"),
        ("zh", "未通过", "表单"),
    ],
)
async def test_a_refusal_shows_its_reasons_in_the_language_of_the_visitor(
    world, language, word, reason
):
    made = await kept(world, html=REFUSED)
    assert made.status is TemplateStatus.REFUSED
    viewer = await world.signed_in(Role.VIEWER, language=language)
    for path in ("/templates", f"/templates/{made.id}"):
        page = await viewer.get(path)
        assert word in page.text
        assert "#exclamation-circle" in page.text
        assert reason in page.text


async def test_what_waits_for_a_person_says_until_when(careful):
    made = await kept(careful)
    assert made.status is TemplateStatus.IN_REVIEW
    owner = await careful.signed_in(Role.OWNER)
    assert "Decision by" in (await owner.get("/templates")).text
    assert "An operator decides by" in (await owner.get(f"/templates/{made.id}")).text
    await careful.services.templates.reject(made.id, "Say <b>who</b> you are.")
    page = await owner.get(f"/templates/{made.id}")
    assert "Say &lt;b&gt;who&lt;/b&gt; you are." in page.text


async def test_a_list_is_found_filtered_sorted_and_paged_by_its_url(world):
    for number in range(28):
        await kept(world, f"Letter {number:02}", REFUSED if number % 7 == 0 else GOOD)
    browser = await world.signed_in(Role.VIEWER)
    first = await browser.get("/templates?sort=name")
    assert first.text.index("Letter 00") < first.text.index("Letter 24")
    assert "Letter 25" not in first.text
    second = await browser.get("/templates?sort=name&page=2")
    assert "Letter 25" in second.text
    assert "Letter 24" not in second.text
    refused = await browser.get("/templates?status=refused")
    assert "Letter 07" in refused.text
    assert "Letter 08" not in refused.text
    found = await browser.get("/templates?q=LETTER+1&sort=-name")
    assert found.text.index("Letter 19") < found.text.index("Letter 10")
    assert "Letter 20" not in found.text
    assert "Nothing matches" in (await browser.get("/templates?q=100%25")).text


async def test_each_role_may_what_it_may(world):
    made = await kept(world)
    for role, status in ((Role.VIEWER, 403), (Role.MEMBER, 303), (Role.OPERATOR, 303)):
        browser = await world.signed_in(role)
        assert (await browser.get(f"/templates/{made.id}")).status_code == 200
        form = {"name": role.value, "html": GOOD}
        done = await browser.post(f"/templates/{made.id}/edit", form)
        assert done.status_code == status
        looked = await browser.get(f"/templates/{made.id}/edit")
        assert looked.status_code == (403 if role is Role.VIEWER else 200)


async def test_another_account_has_nothing_of_it(world):
    made = await kept(world)
    browser = await world.signed_in(Role.OWNER, account=await world.other_account())
    path = f"/templates/{made.id}"
    for page in ("", "/edit", "/preview", "/versions", "/versions/1", "/versions/1/preview"):
        assert (await browser.get(path + page)).status_code == 404
    form = {"name": "Mine", "html": GOOD, "template": str(made.id)}
    for action in (f"{path}/edit", f"{path}/delete", f"{path}/versions/1/restore"):
        assert (await browser.post(action, form)).status_code == 404
    assert (await browser.post("/templates/draft", form)).status_code == 404
    assert "Order sent" not in (await browser.get("/templates")).text
    for nothing in ("/templates/0", "/templates/x", f"/templates/{'9' * 30}"):
        assert (await browser.get(nothing)).status_code == 404
    stored = await world.services.templates.get(world.account.id, made.id)
    assert stored.template.name == "Order sent"


async def test_names_and_content_are_never_markup_of_a_page(world):
    made = await kept(world, EVIL, GOOD + EVIL, EVIL)
    browser = await world.signed_in(Role.OWNER)
    path = f"/templates/{made.id}"
    for page in ("/templates", path, f"{path}/edit", f"{path}/versions/1", f"/templates?q={EVIL}"):
        shown = await browser.get(page)
        assert shown.status_code == 200
        assert "<script>alert" not in shown.text


async def test_a_preview_is_shut_into_its_frame(world):
    html = GOOD + (
        "<script>alert(1)</script><img src=x onerror=alert(2)><a href='javascript:alert(3)'>x</a>"
        "<style>h1{color:red}</style><iframe src='https://x.test/'></iframe>"
    )
    made = await kept(world, html=html)
    browser = await world.signed_in(Role.VIEWER)
    frame = await browser.get(f"/templates/{made.id}/preview", params={"value.name": "<b>Ren</b>"})
    assert frame.headers["content-security-policy"] == FRAMED_POLICY
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    for bad in ("<script", "onerror", "javascript:", "<iframe", "<b>Ren"):
        assert bad not in frame.text
    assert "&lt;b&gt;Ren&lt;/b&gt;" in frame.text
    assert "h1{color:red}" in frame.text
    assert "{{day}}" not in frame.text


async def test_a_draft_is_judged_and_previewed_without_being_saved(world):
    member = await world.signed_in(Role.MEMBER)
    draft = {"name": "Draft", "html": REFUSED, "text": ""}
    htmx = {"HX-Request": "true"}
    told = await member.post("/templates/check", draft, headers=htmx)
    assert "The review would refuse this" in told.text
    assert "Quality score" in told.text
    assert "<html" not in told.text
    assert "Alex Morgan" in told.text
    frame = await member.post("/templates/preview", draft)
    assert "Hello Alex Morgan" in frame.text
    assert frame.headers["content-security-policy"] == FRAMED_POLICY
    again = await member.post("/templates/draft", draft)
    assert again.status_code == 200
    assert "The review would refuse this" in again.text
    assert 'value="Draft"' in again.text
    broken = await member.post("/templates/check", {"html": "{{ x"}, headers=htmx)
    assert "It cannot be saved like this" in broken.text
    assert "appears as soon as" in (await member.post("/templates/check", {}, headers=htmx)).text
    assert (await world.services.templates.list(world.account.id, offset=0, limit=9)).total == 0
    viewer = await world.signed_in(Role.VIEWER)
    assert (await viewer.post("/templates/check", draft)).status_code == 403


async def test_actions_without_a_token_do_nothing(world):
    made = await kept(world)
    owner = await world.signed_in(Role.OWNER)
    for action in ("/templates/new", f"/templates/{made.id}/delete", "/templates/preview"):
        form = {"name": "N", "html": GOOD, "csrf": "forged"}
        assert (await owner.post(action, form)).status_code == 403
    assert (await world.services.templates.list(world.account.id, offset=0, limit=9)).total == 1


@pytest.mark.parametrize(("language", "title"), [("ja", "テンプレート"), ("zh", "模板")])
async def test_every_language(world, language, title):
    made = await kept(world)
    browser = await world.signed_in(Role.OWNER, language=language)
    assert f"<h1>{title}</h1>" in (await browser.get("/templates")).text
    for page in (f"/templates/{made.id}", "/templates/new", f"/templates/{made.id}/versions"):
        assert (await browser.get(page)).status_code == 200


def editor(*blocks, **fields):
    form = {"editor": "blocks", "name": "News", "accent": "#123456", "block": []}
    for name, kind, text in blocks:
        form["block"].append(name)
        form |= {f"kind.{name}": kind, f"text.{name}": text}
    return form | fields


WORDS = (
    "Dear {{name}}, this is what is new in our shop in the harbour: the reading room is open again "
    "on every day of the week, from nine to six, and there is tea."
)


async def test_a_template_is_put_together_out_of_blocks_and_opened_again(world):
    member = await world.signed_in(Role.MEMBER)
    first = await member.get("/templates/new")
    assert 'value="Hello {{name}}"' in first.text
    form = editor(("b7", "heading", EVIL), ("b2", "text", WORDS))
    form["block"] += ["b7", "x1"]
    made = await member.follow("/templates/new", form)
    assert "was saved and is approved" in made.text
    assert "<script>alert" not in made.text
    path = made.url.path.removeprefix("/console")
    stored = await world.services.templates.get(world.account.id, int(path.rpartition("/")[2]))
    assert "&lt;script&gt;" in stored.content.html
    assert "Dear {{name}}" in stored.content.text
    assert stored.content.html.index("script") < stored.content.html.index("Dear")
    again = await member.get(f"{path}/edit")
    assert 'name="kind.b1" value="heading"' in again.text
    assert "#123456" in again.text
    assert "<script>alert" not in again.text
    as_html = await member.get(f"{path}/edit?editor=html")
    assert "cannot be opened with blocks again" in as_html.text
    written = {"editor": "html", "name": "News", "html": stored.content.html, "text": ""}
    await member.follow(f"{path}/edit", written)
    assert 'name="html"' in (await member.get(f"{path}/edit")).text
    await member.follow(f"{path}/versions/1/restore")
    assert 'name="kind.b1"' in (await member.get(f"{path}/edit")).text


@pytest.mark.parametrize(
    ("do", "order"),
    [
        ("up:b2", ["b2", "b1", "b3"]),
        ("down:b2", ["b1", "b3", "b2"]),
        ("up:b1", ["b1", "b2", "b3"]),
        ("down:b3", ["b1", "b2", "b3"]),
        ("remove:b2", ["b1", "b3"]),
        ("add:divider", ["b1", "b2", "b3", "b4"]),
        ("add:nothing", ["b1", "b2", "b3"]),
        ("explode:b1", ["b1", "b2", "b3"]),
    ],
)
async def test_blocks_are_rearranged_by_buttons_without_being_saved(world, do, order):
    member = await world.signed_in(Role.MEMBER)
    blocks = (("b1", "heading", "One"), ("b2", "text", "Two"), ("b3", "footer", "Three"))
    page = await member.post("/templates/draft", editor(*blocks, do=do))
    assert page.status_code == 200
    assert re.findall(r'name="block" value="(b\d+)"', page.text) == order
    assert (await world.services.templates.list(world.account.id, offset=0, limit=9)).total == 0


async def test_a_mail_without_blocks_cannot_be_saved(world):
    member = await world.signed_in(Role.MEMBER)
    page = await member.post("/templates/new", editor())
    assert page.status_code == 422
    assert "Nothing here yet" in page.text
    frame = await member.post("/templates/preview", editor(("b1", "text", WORDS)))
    assert "Dear Alex Morgan" in frame.text


async def test_a_test_goes_to_whoever_asks_for_it(world):
    made = await kept(world)
    member = await world.signed_in(Role.MEMBER)
    path = f"/templates/{made.id}"
    assert "A test needs a sender." in (await member.get(path)).text
    await world.verified("mail.shop.test")
    await world.services.senders.create(world.account.id, "news@mail.shop.test")
    assert "Send the test" in (await member.get(path)).text
    form = {"sender": "news@mail.shop.test", "subject": "Try", "value.name": "Ren"}
    done = await member.follow(f"{path}/test", form)
    assert "The test is on its way to member-" in done.text
    [mail] = await world.services.stories.newest(world.account.id, 9)
    assert mail.to_address.startswith("member-")
    assert mail.subject == "Try"
    [entry] = await world.audited()
    assert (entry.action.value, entry.target) == ("template_tested", "Order sent")
    for changes in ({"subject": ""}, {"sender": "else@mail.shop.test"}):
        refused = await member.post(f"{path}/test", form | changes)
        assert refused.status_code == 422
        assert 'value="Ren"' in refused.text
    viewer = await world.signed_in(Role.VIEWER)
    assert (await viewer.post(f"{path}/test", form)).status_code == 403
    stranger = await world.signed_in(Role.OWNER, account=await world.other_account())
    assert (await stranger.post(f"{path}/test", form)).status_code == 404


async def test_a_test_of_what_is_not_approved_needs_leave(careful):
    made = await kept(careful)
    await careful.verified("mail.shop.test")
    await careful.services.senders.create(careful.account.id, "news@mail.shop.test")
    path = f"/templates/{made.id}"
    form = {"sender": "news@mail.shop.test", "subject": "Try"}
    owner = await careful.signed_in(Role.OWNER)
    assert "A test can be sent once the template is approved." in (await owner.get(path)).text
    refused = await owner.post(f"{path}/test", form)
    assert refused.status_code == 422
    assert "This account sends templates only" in refused.text
    await careful.parts.accounts.grant(careful.account.id, Permission.API_SIMPLE)
    owner = await careful.signed_in(Role.OWNER)
    assert "it goes as own content" in (await owner.get(path)).text
    done = await owner.follow(f"{path}/test", form)
    assert "The test is on its way" in done.text
