"""The pages of delivery response, on both databases."""

import csv
import io

import pytest
from tests.store.test_queue import take
from tests.support.console_world import console_world

from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.queue.model import NewMessage, NewRecipient
from tayori.queue.model import Role as Place
from tayori.runtime.clock import DAY, day_of
from tayori.stats.model import Batch, Counts, KeyCell, Kind, Volume
from tayori.suppress.listed_store import Narrowed
from tayori.suppress.model import Blocked, Target
from tayori.suppress.store import block
from tayori.tenants.users.model import Role

EVIL = "550 5.1.1 <script>alert(1)</script>"
PAGES = ("", "/complaints", "/unsubscribes", "/blacklist", "/shared")


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        await opened.verified("mail.shop.test")
        yield opened


async def answered(world, *addresses, kind=EventKind.BOUNCE, account=None, **data):
    """Let a mail to each address have been answered just now."""
    now, account = world.services.clock.now(), account or world.account.id
    messages = [
        NewMessage(
            public_id=f"m-{account}-{kind.value}-{address}",
            account_id=account,
            identity_id=1,
            source="api",
            from_address="news@mail.shop.test",
            subject="Hello <b>you</b>",
            rfc_message_id=f"<{address}>",
            recipe=b"",
            recipients=(
                NewRecipient(address=address, domain=address.partition("@")[2], role=Place.TO),
            ),
            accepted_at=now,
            expires_at=now + DAY,
        )
        for address in addresses
    ]
    mails, recipients = await take(world.parts.database, *messages)
    async with world.parts.database.write() as transaction:
        await record(
            transaction,
            [
                Event(
                    at=now,
                    account_id=account,
                    kind=kind,
                    message_id=mail,
                    recipient_id=recipient,
                    data=data,
                )
                for mail, recipient in zip(mails, recipients, strict=True)
            ],
        )


def rows(response):
    assert response.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


async def test_empty_pages_say_what_they_are_for(world):
    member = await world.signed_in(Role.MEMBER)
    for path in PAGES:
        page = await member.get(f"/response{path}")
        assert page.status_code == 200, path
        assert "empty-title" in page.text, path


async def test_bounces_with_their_class_and_its_meaning(world):
    member = await world.signed_in(Role.MEMBER)
    await answered(world, "a@x.test", "b@y.test", **{"class": "unknown_user", "reason": EVIL})
    await answered(world, "c@y.test", **{"class": "mailbox_full", "reason": "452 full"})
    other = await world.other_account()
    await answered(world, "other@y.test", account=other.id, **{"class": "unknown_user"})
    today = day_of(world.services.clock.now(), world.services.zone)
    cell = KeyCell(world.account.id, Kind.CLASS, today, "unknown_user")
    counts = Counts(cells={}, keys={cell: Volume(bounced=2)}, unsent={})
    assert await world.services.stats.add(
        Batch(was=0, becomes=1, facts=(), taken={}, firsts={}), counts
    )
    page = await member.get("/response")
    for said in ("a@x.test", "Unknown mailbox", "There is no such mailbox", "Mailbox full"):
        assert said in page.text, said
    assert "other@y.test" not in page.text
    assert "<script>alert" not in page.text
    assert "<b>you</b>" not in page.text
    for query, there, gone in (
        ("class=mailbox_full", "c@y.test", "a@x.test"),
        ("domain=x.test", "a@x.test", "b@y.test"),
        ("q=B%40", "b@y.test", "a@x.test"),
    ):
        found = await member.get(f"/response?{query}")
        assert there in found.text, query
        assert gone not in found.text, query
    assert "Nothing matches" in (await member.get("/response?to=2020-01-01&q=a")).text
    assert (await member.get("/response?from=never&to=9999-99-99")).status_code == 200
    told = rows(await member.get("/response/bounces.csv?class=mailbox_full"))
    assert [row[0] for row in told] == ["email", "c@y.test"]
    assert told[1][2:4] == ["mailbox_full", "452 full"]


async def test_complaints(world):
    member = await world.signed_in(Role.MEMBER)
    await answered(world, "a@x.test", "b@y.test", kind=EventKind.SPAMREPORT)
    page = await member.get("/response/complaints?domain=x.test")
    assert "a@x.test" in page.text
    assert "b@y.test" not in page.text
    told = rows(await member.get("/response/complaints.csv"))
    assert sorted(row[0] for row in told[1:]) == ["a@x.test", "b@y.test"]


async def test_the_own_blacklist_is_added_to_imported_and_taken_from(world):
    member = await world.signed_in(Role.MEMBER)
    done = await member.follow(
        "/response/blacklist/new", {"addresses": "A@x.test, b@x.test\nb@x.test", "until": ""}
    )
    assert "2 addresses were added." in done.text
    await member.get("/response/blacklist/new")
    content = "氏名,メール\n花子,hanako@x.test\n太郎,b@x.test\n".encode("cp932")
    sent = await member.post(
        "/response/blacklist/new",
        {"until": "2099-12-31"},
        files={"file": ("people.csv", content)},
    )
    assert sent.status_code == 303, sent.text
    page = await member.get("/response/blacklist")
    assert "1 address was added. 1 was in the list already." in page.text
    assert "for ever" in page.text
    assert rows(await member.get("/response/blacklist.csv"))[0] == ["email", "added", "expires"]
    told = rows(await member.get("/response/blacklist.csv?q=hanako"))
    assert told[1][2].startswith("2100-01-01T00:00:00+09:00")
    bad = await member.post(
        "/response/blacklist/new", {"addresses": f"nobody\n{EVIL}\nc@x.test", "until": ""}
    )
    assert bad.status_code == 422
    assert "hold no address" in bad.text
    assert "<script>alert" not in bad.text
    again = {"addresses": "nobody\nc@x.test", "until": "", "anyway": "yes"}
    assert "1 address was added." in (await member.follow("/response/blacklist/new", again)).text
    for form, sentence in (
        ({"addresses": "", "until": ""}, "aria-invalid"),
        ({"addresses": "d@x.test", "until": "2020-01-01"}, "This day is over."),
    ):
        refused = await member.post("/response/blacklist/new", form)
        assert (refused.status_code, sentence in refused.text) == (422, True), form
    gone = await member.follow("/response/blacklist/delete", {"address": "a@x.test"})
    assert "a@x.test can be written to again." in gone.text
    twice = await member.follow("/response/blacklist/delete", {"address": "a@x.test"})
    assert "not in the list any more" in twice.text
    found = await member.get("/response/blacklist?life=active&domain=x.test")
    assert "hanako@x.test" in found.text
    assert "a@x.test" not in (await member.get("/response/blacklist?q=a@x")).text.split("list")[-1]
    actions = [entry.action.value for entry in await world.audited()]
    assert actions == [
        *("addresses_imported", "addresses_imported", "addresses_exported", "addresses_exported"),
        *("address_blocked", "address_unblocked"),
    ]


async def test_unsubscriptions_are_added_and_taken_back(world):
    member, other = await world.signed_in(Role.MEMBER), await world.other_account()
    now, own = world.services.clock.now(), world.services.suppressions
    await own.unsubscribe(Target(other.id, "other.test", "x@x.test"), now)
    form = {"domain": "mail.shop.test", "addresses": "Ann@x.test"}
    page = await member.follow("/response/unsubscribes/new", form)
    assert "ann@x.test" in page.text
    assert "other.test" not in page.text
    wrong = await member.post("/response/unsubscribes/new", form | {"domain": "other.test"})
    assert wrong.status_code == 422
    told = rows(await member.get("/response/unsubscribes.csv?sender=mail.shop.test"))
    assert [row[0] for row in told[1:]] == ["ann@x.test"]
    stranger = {"address": "x@x.test", "domain": "other.test"}
    assert (
        "not in the list" in (await member.follow("/response/unsubscribes/delete", stranger)).text
    )
    mine = {"address": "ann@x.test", "domain": "mail.shop.test"}
    assert "can be written to" in (await member.follow("/response/unsubscribes/delete", mine)).text
    listed = await world.services.listed.gone(other.id, Narrowed())
    assert len(listed[0]) == 1


async def test_the_shared_blacklist_shows_own_entries_alone(world):
    member, other = await world.signed_in(Role.MEMBER), await world.other_account()
    now = world.services.clock.now()
    async with world.parts.database.write() as transaction:
        await block(
            transaction,
            [
                Blocked(address=address, account_id=of, at=now, expires_at=now + DAY, reason=EVIL)
                for address, of in (("a@x.test", world.account.id), ("b@x.test", other.id))
            ],
        )
    page = await member.get("/response/shared")
    assert "a@x.test" in page.text
    assert "b@x.test" not in page.text
    assert "<script>alert" not in page.text
    assert [row[0] for row in rows(await member.get("/response/shared.csv"))[1:]] == ["a@x.test"]
    theirs = await member.follow("/response/shared/delete", {"address": "b@x.test"})
    assert "not in the list any more" in theirs.text
    mine = await member.follow("/response/shared/delete", {"address": "a@x.test"})
    assert "a@x.test can be written to again." in mine.text


async def test_lists_are_paged_by_key(world):
    member = await world.signed_in(Role.MEMBER)
    now, own = world.services.clock.now(), world.services.suppressions
    await own.add_custom(world.account.id, [f"u{n:02}@x.test" for n in range(40)], None, now)
    page = await member.get("/response/blacklist")
    assert "u39@x.test" in page.text
    assert "u00@x.test" not in page.text
    link = next(part for part in page.text.split('"') if "after=" in part)
    after = await member.get(link.removeprefix("/console").replace("&amp;", "&"))
    assert "u00@x.test" in after.text
    assert "u39@x.test" not in after.text


async def test_each_role_may_what_it_may(world):
    viewer, member = await world.signed_in(Role.VIEWER), await world.signed_in(Role.MEMBER)
    for path in PAGES:
        assert (await viewer.get(f"/response{path}")).status_code == 200, path
    for name in ("bounces", "complaints", "unsubscribes", "blacklist", "shared"):
        assert (await viewer.get(f"/response/{name}.csv")).status_code == 200, name
    for path in ("/blacklist/new", "/unsubscribes/new"):
        assert (await viewer.get(f"/response{path}")).status_code == 403, path
    for path in (
        *("/blacklist/new", "/blacklist/delete", "/unsubscribes/new"),
        *("/unsubscribes/delete", "/shared/delete"),
    ):
        assert (await viewer.post(f"/response{path}")).status_code == 403, path
        member.csrf = "wrong"
        assert (await member.post(f"/response{path}")).status_code == 403, path


@pytest.mark.parametrize(("language", "title"), [("ja", "配信結果の管理"), ("zh", "投递反馈")])
async def test_every_language(world, language, title):
    browser = await world.signed_in(Role.MEMBER, language=language)
    await answered(world, "a@x.test", **{"class": "unknown_user"})
    page = await browser.get("/response")
    assert f"<h1>{title}</h1>" in page.text
    assert "Unknown mailbox" not in page.text
