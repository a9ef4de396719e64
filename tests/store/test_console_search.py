"""The search for mails and the history of each, on both databases."""

import re

import pytest
from tests.support.console_world import console_world
from tests.support.mail_history import History
from tools.saying_catalogues import templates

from tayori.delivery import hosts
from tayori.edge.console.pages.search.reasons import REASONS
from tayori.events.model import EventKind
from tayori.mail.reply import Reply
from tayori.refusal.saying import say
from tayori.runtime.clock import HOUR, MINUTE, SECOND
from tayori.tenants.users.model import Role

NOW = 1_790_000_000_000
EVIL = '"><script>alert(1)</script>'


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


def text_of(page):
    """Return what a page says, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))


async def test_an_account_without_mail_is_told_so(world):
    viewer = await world.signed_in(Role.VIEWER)
    assert "No mail was sent yet" in (await viewer.get("/search")).text
    found = await viewer.get("/search?q=nobody@x.test")
    assert "No such mail" in found.text


async def test_mails_are_found_by_recipient_and_message_newest_first(world):
    history = History(world.parts, world.account)
    for number in range(30):
        await history.taken(f"m-{number:02}", f"u{number % 2}@x.test", at=NOW + number)
    viewer = await world.signed_in(Role.VIEWER)
    first = await viewer.get("/search")
    assert first.text.index("/search/m-29") < first.text.index("/search/m-05")
    assert "/search/m-04" not in first.text
    following = re.search(r'rel="next" href="/console([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = await viewer.get(following)
    assert "/search/m-04" in second.text
    assert "/search/m-05" not in second.text
    of_one = await viewer.get("/search?q=%20U1@X.test%20")
    assert "/search/m-29" in of_one.text
    assert "/search/m-28" not in of_one.text
    assert "/search/m-07" in (await viewer.get("/search?q=m-07")).text
    # A key that nobody was given begins at the first page.
    for key in ("null", "[1]", '["a",2]', "[1e99,2]", "%00"):
        assert "/search/m-29" in (await viewer.get(f"/search?after={key}")).text


async def test_recipients_of_one_message_come_in_pages(world):
    addresses = [f"u{number:02}@x.test" for number in range(30)]
    await History(world.parts, world.account).taken("many", *addresses, at=NOW)
    viewer = await world.signed_in(Role.VIEWER)
    first = await viewer.get("/search?q=many")
    assert "u24@x.test" in first.text
    assert "u25@x.test" not in first.text
    following = re.search(r'rel="next" href="/console([^"]+)"', first.text)[1].replace("&amp;", "&")
    second = await viewer.get(following)
    assert "u25@x.test" in second.text
    assert "u24@x.test" not in second.text


async def test_the_history_tells_attempts_waits_reasons_and_what_to_do(world):
    history = History(world.parts, world.account)
    await history.taken("m", "ann@x.test", at=NOW)
    await history.waited("ann@x.test", NOW, hosts.DOWN, until=NOW + MINUTE)
    later = Reply(451, "4.7.1", ("Greylisted, come back",))
    await history.attempted(
        "ann@x.test", NOW + MINUTE, later, bounce_class="greylisted", again=NOW + HOUR
    )
    viewer = await world.signed_in(Role.VIEWER)
    waiting = text_of(await viewer.get("/search/m"))
    assert "The service took the mail" in waiting
    assert "All mail servers of the receiver refused connections a moment ago." in waiting
    assert "Attempt 1: it failed for now" in waiting
    assert "451 4.7.1 Greylisted, come back" in waiting
    assert "mx1.receiver.test [192.0.2.25]" in waiting
    assert "at RCPT TO" in waiting
    assert "The next attempt is due at" in waiting
    refused = Reply(550, "5.1.1", ("No such user here",))
    await history.attempted("ann@x.test", NOW + HOUR, refused, bounce_class="unknown_user")
    ended = text_of(await viewer.get("/search/m"))
    assert "Attempt 2: the mail was refused for good" in ended
    assert "Bounced: Unknown mailbox" in ended
    assert "What to do: Take the address out of your lists." in ended
    assert "RCPT TO:&lt;ann@x.test&gt;" in ended
    assert "MAIL FROM:&lt;…@bounces.mori.test&gt;" in ended


async def test_a_delivered_mail_shows_what_the_recipient_did(world):
    history = History(world.parts, world.account)
    await history.taken("m", "ann@x.test", at=NOW)
    await history.attempted("ann@x.test", NOW + 5 * SECOND, Reply(250, "2.0.0", ("taken",)))
    await history.reacted("ann@x.test", EventKind.OPEN, NOW + HOUR, machine="image proxy")
    await history.reacted("ann@x.test", EventKind.CLICK, NOW + 2 * HOUR)
    viewer = await world.signed_in(Role.VIEWER)
    page = text_of(await viewer.get("/search/m"))
    assert "5 seconds after the service took the mail." in page
    assert "A program of the receiver did it (image proxy)" in page
    listed = await viewer.get("/search?q=ann@x.test")
    assert "Clicked" in listed.text
    assert "Opened" not in listed.text
    assert "Delivered" in listed.text


async def test_each_recipient_has_a_history_of_its_own(world):
    history = History(world.parts, world.account)
    left = say(
        "{address} has unsubscribed from mail of {domain}.",
        address="ben@x.test",
        domain="mail.mori.test",
    )
    reasons = {"ben@x.test": left}
    await history.taken("m", "ann@x.test", "ben@x.test", at=NOW, dropped=reasons)
    await history.attempted("ann@x.test", NOW, Reply(250, "", ("taken",)))
    viewer = await world.signed_in(Role.VIEWER, language="ja")
    first = await viewer.get("/search/m")
    assert "ben@x.test" in first.text
    assert "受信側が受け取りました" in first.text
    second = text_of(await viewer.get("/search/m?to=BEN@x.test"))
    assert "ben@x.test は mail.mori.test からのメールを配信停止しています。" in second
    assert "受信側が受け取りました" not in second


async def test_another_account_finds_nothing(world):
    await History(world.parts, world.account).taken("m", "ann@x.test", at=NOW)
    stranger = await world.signed_in(Role.OWNER, account=await world.other_account())
    assert "/search/m" not in (await stranger.get("/search")).text
    assert "/search/m" not in (await stranger.get("/search?q=ann@x.test")).text
    assert "/search/m" not in (await stranger.get("/search?q=m")).text
    assert (await stranger.get("/search/m")).status_code == 404
    assert (await stranger.get("/search/a%00b")).status_code == 404


async def test_what_strangers_wrote_is_shown_as_text(world):
    history = History(world.parts, world.account)
    await history.taken("m", "ann@x.test", at=NOW, subject=EVIL)
    await history.attempted("ann@x.test", NOW, Reply(550, "5.7.1", (EVIL,)), bounce_class="content")
    viewer = await world.signed_in(Role.VIEWER)
    for path in ("/search", "/search/m", f"/search?q={EVIL}", f"/search/m?to={EVIL}"):
        page = await viewer.get(path)
        assert "<script>alert" not in page.text
        assert page.status_code == 200


def test_reasons_with_advice_are_sayings_of_the_service():
    known = {template for of_room in templates().values() for template in of_room}
    assert set(REASONS) <= known
