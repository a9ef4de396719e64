"""What recipients' links answer, and what is recorded of it, on both databases."""

import re
from html import unescape

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from starlette.applications import Starlette
from tests.store.test_api_status import rows, sent
from tests.support.api_world import api_world

from tayori.compose.footers import footers
from tayori.edge.public.pages import language_of, words
from tayori.edge.public.reader import PIXEL, ReaderPages, location, masked
from tayori.edge.public.visit_log import MOST_PER_MINUTE, VisitLog
from tayori.events.model import EventKind
from tayori.events.store import EventStore
from tayori.inbound.machines import Machines
from tayori.inbound.visit_store import VisitStore
from tayori.mail.tracking_token import Named, Purpose, encode, encode_link
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.runtime.clock import HOUR, MINUTE, SECOND
from tayori.suppress.unsubscribing import Unsubscribes

KEY = b"t" * 32
READER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
TARGET = "https://shop.test/a?x=1&y=%E3%81%82#z"


class Reader:
    """A recipient with a browser."""

    def __init__(self, world, client, visits, mail, app_id):
        self.world, self.client, self.visits, self.mail = world, client, visits, mail
        self._named = Named(app_id, mail.id)
        link = encode_link(app_id, TARGET, KEY)
        self.pixel = f"/o/{encode(Purpose.OPEN, self._named, KEY)}.gif"
        self.link = f"/c/{encode(Purpose.CLICK, self._named, KEY)}/{link}"
        self.page = f"/u/{encode(Purpose.UNSUBSCRIBE, self._named, KEY)}"

    async def events(self):
        await self.visits.flush()
        now = self.world.clock.now() + MINUTE
        await VisitStore(self.world.database).settle(now, Machines().name)
        found = await EventStore(self.world.database).of_message(self.mail.message_id)
        kinds = {EventKind.OPEN, EventKind.CLICK, EventKind.UNSUBSCRIBE, EventKind.RESUBSCRIBED}
        return [event for event in found if event.kind in kinds]

    async def flags(self):
        (row,) = await rows(self.world)
        return tuple(row[name] for name in ("UserOpened", "UserClicked", "UserUnsubscribed"))


@pytest.fixture
async def reader(database):
    async with api_world(database) as world:
        await sent(world, "Mori.Aya@x.test")
        now = world.clock.now()
        queue = world.services.queue
        (mail,) = await queue.lease("d", now, now + 9, 9)
        done = Settlement(recipient=mail, state=State.DELIVERED, at=now)
        assert await queue.settle("d", [done]) == [True]
        world.clock.advance(MINUTE)
        visits = VisitLog(VisitStore(database))
        pages = ReaderPages(
            key=KEY,
            visits=visits,
            unsubscribes=Unsubscribes(database, world.clock),
            clock=world.clock,
        )
        transport = httpx.ASGITransport(Starlette(routes=pages.routes()))
        async with httpx.AsyncClient(
            transport=transport, base_url="https://t.test", headers=READER
        ) as client:
            yield Reader(world, client, visits, mail, world.one.account.app_id)


async def test_an_open_and_a_click_become_events(reader):
    pixel = await reader.client.get(reader.pixel)
    assert (pixel.status_code, pixel.content) == (200, PIXEL)
    assert pixel.headers["content-type"] == "image/gif"
    assert pixel.headers["cache-control"] == "no-store"
    reader.world.clock.advance(9 * SECOND)
    click = await reader.client.get(reader.link)
    assert (click.status_code, click.headers["location"]) == (302, TARGET)
    opened, clicked = await reader.events()
    assert (opened.kind, clicked.kind) == (EventKind.OPEN, EventKind.CLICK)
    assert clicked.data["link"] == TARGET
    assert clicked.data["useragent"] == READER["user-agent"]
    assert "machine" not in {**opened.data, **clicked.data}
    assert clicked.at - opened.at == 9 * SECOND
    assert await reader.flags() == (True, True, False)


async def test_machines_and_head_leave_no_flag(reader):
    for path in (reader.pixel, reader.link, reader.page):
        head = await reader.client.head(path)
        assert head.status_code == (302 if path == reader.link else 200)
    assert await reader.events() == []
    await reader.client.get(reader.pixel, headers={"user-agent": "Mozilla/5.0"})
    await reader.client.get(reader.link, headers={"sec-purpose": "prefetch;prerender"})
    marks = [event.data["machine"] for event in await reader.events()]
    assert marks == ["apple_mail_privacy", "prefetch"]
    assert await reader.flags() == (False, False, False)


async def test_looking_never_unsubscribes_and_a_post_does(reader):
    for _ in range(2):
        asked = await reader.client.get(reader.page)
        assert asked.status_code == 200
        assert "Mo***@x.test" in asked.text
        assert "Mori.Aya" not in asked.text
    assert await reader.events() == []
    done = await reader.client.post(reader.page, data={"action": "unsubscribe"})
    assert words()["en"]["done"] in done.text
    assert 'value="undo"' in done.text
    (event,) = await reader.events()
    assert (event.kind, event.data["way"]) == (EventKind.UNSUBSCRIBE, "page")
    assert await reader.flags() == (False, False, True)
    again = await reader.client.get(reader.page)
    assert 'value="undo"' in again.text
    undone = await reader.client.post(reader.page, data={"action": "undo"})
    assert words()["en"]["undone"] in undone.text
    await reader.client.post(reader.page, data={"action": "unsubscribe"})
    reader.world.clock.advance(HOUR)
    assert 'value="undo"' not in (await reader.client.get(reader.page)).text
    late = await reader.client.post(reader.page, data={"action": "undo"})
    assert words()["en"]["late"] in late.text


@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
async def test_one_click_of_a_mail_program(reader, form):
    given = {"List-Unsubscribe": "One-Click"}
    if form == "multipart":
        answer = await reader.client.post(
            reader.page, files={k: (None, v) for k, v in given.items()}
        )
    else:
        answer = await reader.client.post(reader.page, data=given)
    assert answer.status_code == 200
    (event,) = await reader.events()
    assert event.data["way"] == "one_click"


async def test_pages_are_whole_without_scripts_and_load_nothing(reader):
    for language in words():
        asked = await reader.client.get(reader.page, headers={"accept-language": language})
        policy = asked.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "script" not in policy
        tree = LexborHTMLParser(asked.text)
        assert tree.css("script, link, img, iframe, [style], [onclick], [src]") == []
        root = tree.css_first("html")
        assert root is not None
        assert root.attributes["lang"] == asked.headers["content-language"] == language
        assert (root.attributes.get("dir") == "rtl") == (language == "ar")
        assert len(tree.css("h1")) == len(tree.css("main")) == len(tree.css("form button")) == 1
        ask = unescape(words()[language]["ask"])
        shown = ask.format(domain="mail.one.test", address="Mo***@x.test")
        assert re.sub(r"\s+", " ", tree.body.text()).count(shown.split("{")[0][:10])


def test_words_exist_in_every_language_of_the_footer():
    assert set(words()) == {footer.tag for footer in footers().values()}
    for own in words().values():
        assert set(own) == set(words()["en"])
        for name, text in own.items():
            holes = set(re.findall(r"\{\w+\}", words()["en"][name]))
            assert set(re.findall(r"\{\w+\}", text)) == holes


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"), ("ja", "ja"), ("ja-JP,en;q=0.5", "ja"), ("zh-Hant-HK", "zh-TW"),
        ("zh", "zh-CN"), ("zh-SG;q=0.9, zh-TW;q=1", "zh-TW"), ("xx, fr;q=0.1", "fr"),
        ("de;q=0", "en"), ("de;q=x", "en"), ("*", "en"), (";;,,q=1", "en"), ("EN-gb", "en"),
    ],
)  # fmt: skip
def test_the_readers_language_is_chosen(accepted, language):
    assert language_of(accepted) == language


@given(st.text())
def test_any_accept_language_gives_a_language(accepted):
    assert language_of(accepted) in words()


async def test_what_is_no_token_leads_nowhere(reader):
    other = encode_link(reader.world.two.account.app_id, "https://evil.test/", KEY)
    paths = [
        *(reader.pixel.replace("/o/", "/c/"), reader.link + "A", reader.link[:-1], "/u/x"),
        *(reader.link.rpartition("/")[0] + "/" + other, reader.link.rpartition("/")[0] + "/"),
        *(reader.page + "x", "/c/a/b", "/u/" + reader.pixel[3:-4]),
    ]
    for path in paths:
        answer = await reader.client.get(path)
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
    gone = await reader.client.get("/u/x", headers={"accept-language": "ja"})
    assert words()["ja"]["gone"] in gone.text
    assert (await reader.client.post("/u/x")).status_code == 404
    assert (await reader.client.get("/o/x.gif")).status_code == 404
    assert (await reader.client.put(reader.page)).status_code == 405
    assert await reader.events() == []


@given(st.sampled_from("ocu"), st.text(min_size=1).filter(lambda text: "." not in text), st.text())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_path_gets_an_answer_and_no_redirect(kind, token, link):
    pages = ReaderPages(key=KEY, visits=None, unsubscribes=None, clock=None)
    application = Starlette(routes=pages.routes())
    application.router.redirect_slashes = False
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="https://t.test") as client:
        for method in ("GET", "POST"):
            url = httpx.URL("https://t.test").copy_with(
                raw_path=f"/{kind}/".encode()
                + b"".join(
                    b"%%%02x" % octet for octet in f"{token}/{link}".encode(errors="replace")
                )
            )
            answer = await client.request(method, url)
            assert answer.status_code in {404, 405}


@pytest.mark.parametrize(
    ("link", "header"),
    [
        (TARGET, TARGET),
        ("https://日本.test:8080/あ?い=う#え", "https://xn--wgv71a.test:8080/%E3%81%82?%E3%81%84=%E3%81%86#%E3%81%88"),
        ("HTTPS://a.test/|\\^`{}[]\"<>'", "HTTPS://a.test/|\\^`{}[]\"<>'"),
        ("http://u@日本.test", "http://u@xn--wgv71a.test"),
        ("https://a.test/a b\r\nSet-Cookie: x", "https://a.test/a%20b%0D%0ASet-Cookie:%20x"),
    ],
)  # fmt: skip
def test_a_location_is_read_as_the_link_was(link, header):
    assert location(link) == header


@given(st.text())
def test_no_link_breaks_out_of_its_header(rest):
    assert re.fullmatch(r"[!-~]*", location(f"https://{rest}"))


def test_masked_addresses_hide_the_name():
    assert masked("a@x.test") == "a***@x.test"
    assert masked("mori.aya@x.test") == "mo***@x.test"


async def test_nobody_fills_the_record_by_asking_often(reader):
    for _ in range(MOST_PER_MINUTE + 5):
        await reader.client.get(reader.pixel)
    assert len(reader.visits._waiting) == MOST_PER_MINUTE
    reader.world.clock.advance(MINUTE)
    await reader.client.get(reader.pixel)
    assert len(reader.visits._waiting) == MOST_PER_MINUTE + 1
    small = VisitLog(VisitStore(reader.world.database), most_waiting=1)
    for visit in list(reader.visits._waiting)[-2:]:
        small.note(visit)
    assert len(small._waiting) == 1
