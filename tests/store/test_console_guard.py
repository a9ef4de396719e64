"""What stands before pages: account, origin, token, rate and size.

Who gets into which page at all is asked of every one in `test_console_every_page`.
"""

import base64
import json

import pytest
from tests.support.console_world import PASSWORD, console_world

from tayori.edge.console.assets import Assets
from tayori.edge.console.lists import csv_rows, read_list
from tayori.edge.console.visit import is_inside
from tayori.tenants.users.model import Role


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


async def test_an_action_needs_the_token_of_the_session(world):
    await world.verified("mail.shop.test")
    browser = await world.signed_in(Role.OWNER)
    other = await world.signed_in(Role.OWNER)
    form = {"address": "news@mail.shop.test", "name": ""}
    for token in ("", "x" * 43, other.csrf):
        assert (await browser.post("/senders/new", form | {"csrf": token})).status_code == 403
        header = {"X-CSRF-Token": token or "none"}
        sent = await browser.post("/senders/new", form | {"csrf": ""}, headers=header)
        assert sent.status_code == 403
    assert await world.services.senders.list(world.account.id) == []
    files = {"unused": ("a.txt", b"x", "text/plain")}
    refused = await browser.post("/senders/new", form | {"csrf": "wrong"}, files=files)
    assert refused.status_code == 403
    assert (await browser.post("/senders/new", form, files=files)).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none", "X-CSRF-Token": "wrong"},
    ],
)
async def test_another_site_can_do_nothing(world, headers):
    browser = await world.signed_in(Role.OWNER)
    assert (await browser.post("/theme", {"theme": "dark"}, headers=headers)).status_code == 403


async def test_a_body_has_a_bound(world):
    browser = await world.signed_in(Role.OWNER)
    answer = await browser.post("/senders/new", {"address": "x" * (2 << 20)})
    assert answer.status_code == 413


async def test_headers_of_every_answer(world):
    browser = await world.signed_in(Role.OWNER)
    for path in ("/senders", "/nothing", "/accounts"):
        headers = (await browser.get(path)).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


async def test_log_in_begins_a_new_session_and_log_out_ends_it(world):
    user = await world.user(Role.MEMBER)
    browser = world.browser()
    await browser.get("/log-in?next=/console/senders")
    wrong = await browser.post("/log-in", {"email": user.email, "password": "nothing like it"})
    assert wrong.status_code == 422
    form = {"email": user.email, "password": PASSWORD, "next": "/console/senders"}
    done = await browser.post("/log-in", form)
    assert done.headers["location"] == "/console/senders"
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie
    assert (await browser.get("/senders")).status_code == 200
    token = browser.client.cookies["tayori_session"]
    assert (await browser.post("/log-out")).status_code == 303
    browser.client.cookies.set("tayori_session", token, domain="console.test", path="/console")
    assert (await browser.get("/senders")).status_code == 303


async def test_a_token_that_somebody_planted_is_no_session(world):
    user = await world.user(Role.MEMBER)
    browser = world.browser()
    browser.client.cookies.set("tayori_session", "planted", domain="console.test", path="/console")
    await browser.get("/log-in")
    await browser.post("/log-in", {"email": user.email, "password": PASSWORD})
    tokens = [cookie.value for cookie in browser.client.cookies.jar if "session" in cookie.name]
    assert any(token != "planted" for token in tokens)
    assert await world.services.sessions.find("planted") is None


async def test_entering_an_account_is_for_its_members_and_audited(world):
    other = await world.other_account()
    member = await world.signed_in(Role.OWNER)
    assert (await member.post("/accounts/enter", {"account": str(other.id)})).status_code == 404
    operator = await world.signed_in(Role.OPERATOR, enter=False)
    before = operator.client.cookies["tayori_session"]
    done = await operator.post("/accounts/enter", {"account": str(other.id)})
    assert done.status_code == 303
    assert operator.client.cookies["tayori_session"] != before
    assert [entry.action.value for entry in await world.audited(other)] == ["account_entered"]


async def test_a_flash_message_is_ours_or_nothing(world):
    browser = await world.signed_in(Role.OWNER)
    body = base64.urlsafe_b64encode(json.dumps({"text": "Owned by me"}).encode()).decode()
    browser.client.cookies.set("tayori_flash", f"{body}.x", domain="console.test", path="/console")
    page = await browser.get("/senders")
    assert page.status_code == 200
    assert "Owned by me" not in page.text


@pytest.mark.parametrize(
    "path",
    ["https://evil.test", "//evil.test", "/console\\evil", "/consolex", "/console/a\r\nb", ""],
)
def test_no_way_leads_outside(path):
    assert not is_inside(path)


def test_a_csv_has_no_formulas():
    cells = ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", " =1", "plain", -5, None]
    text = b"".join(csv_rows(["a"] * len(cells), [cells])).decode("utf-8-sig")
    row = text.splitlines()[1].split(",")
    assert row[:4] == ["'=1+1", "'+1", "'-1", "'@x"]
    assert row[-3:] == ["plain", "-5", ""]
    assert all(cell.strip('"').startswith("'") for cell in row[:7])


def test_a_list_reads_any_url():
    for query in (
        {"page": "x"},
        {"page": "-1"},
        {"page": "99999999"},
        {"sort": "drop"},
        {"q": "\0"},
    ):
        asked = read_list("/console/senders", query, sorts=("name",), filters={"q": None})
        assert (asked.page, asked.order, asked["q"]) == (1, "name", "")
    asked = read_list("/x", {"q": "a&b=c", "page": "3"}, sorts=("name",), filters={"q": None})
    assert asked.page_url(4) == "/x?q=a%26b%3Dc&page=4"
    assert asked.sort_url("name") == "/x?q=a%26b%3Dc&sort=-name"


async def test_without_its_files_the_console_says_so(world, tmp_path):
    from tayori.edge.console.app import build_console

    (tmp_path / "empty").mkdir()
    world.application = build_console(world.services, Assets(tmp_path / "empty"))
    answer = await world.browser().get("/senders")
    assert answer.status_code == 503
    assert "make setup" in answer.text
