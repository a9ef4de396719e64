"""The pages of receiver lists, on both databases."""

import csv
import io

import pytest
from tests.support.console_world import console_world

from tayori.catalog.receiver_model import Search
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'
FILE = "mail,名前,x\nann@x.test,Ann,1\nbroken,Bo,2\nann@x.test,Cy,3\nbo@x.test,<b>Bo</b>,4\ncy@x.test,Cy,5\n"


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(tmp_path, installed_url) as opened:
        yield opened


async def new_list(world, name="Customers"):
    made = await world.services.receivers.create(world.account.id, name, "Bought something")
    assert isinstance(made, int)
    return made


async def upload(browser, number, content, *, name="people.csv"):
    """Send a file as the form does; return the page of its columns."""
    await browser.get(f"/lists/{number}/upload")
    done = await browser.post(f"/lists/{number}/upload", files={"file": (name, content)})
    assert done.status_code == 303, done.text
    path = done.headers["location"].removeprefix("/console")
    return path, await browser.get(path)


def rows(response):
    assert response.headers["content-type"].startswith("text/csv")
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


async def filled(world, browser, number, content=FILE, **changes):
    path, _ = await upload(browser, number, content.encode())
    form = {"encoding": "utf-8-sig", "delimiter": ",", "heading": "yes", "address": "0"}
    done = await browser.post(path, {**form, "variable-1": "name", **changes})
    assert done.status_code == 303, done.text
    assert await world.services.list_files.read()
    return path


async def test_an_account_without_lists_is_told_what_to_do(world):
    member = await world.signed_in(Role.MEMBER)
    page = await member.get("/lists")
    assert "No receiver lists yet" in page.text
    assert "/console/lists/new" in page.text
    sample = rows(await member.get("/lists/sample.csv"))
    assert sample[0][0] == "email"
    viewer = await world.signed_in(Role.VIEWER)
    assert "/console/lists/new" not in (await viewer.get("/lists")).text


async def test_a_list_from_its_name_to_its_end(world):
    member = await world.signed_in(Role.MEMBER)
    made = await member.follow("/lists/new", {"name": "Autumn", "description": "All of them"})
    assert "Now fill it with a file." in made.text
    number = int(str(made.url).split("/")[-2])
    path, columns = await upload(member, number, FILE.encode("utf-16"))
    for said in ("Columns of people.csv", "名前", "ann@x.test", "Two", "UTF-16 LE"):
        assert (said in columns.text) is (said != "Two"), said
    begun = await member.follow(
        path,
        {"encoding": "utf-16-le", "delimiter": ",", "heading": "yes", "address": "0"}
        | {"variable-1": "name", "variable-2": ""},
    )
    assert "Being read" in begun.text
    assert "hx-trigger" in begun.text
    assert "Being filled" in (await member.get(f"/lists/{number}")).text
    assert await world.services.list_files.read()
    part = await member.get(path, headers={"hx-request": "true"})
    assert "<html" not in part.text
    assert "hx-trigger" not in part.text
    for said in ("The address has no @.", "stands in this file before", "A value holds HTML"):
        assert said in part.text, said
    report = rows(await member.get(f"{path}/report.csv"))
    assert report == [
        ["Row", "Value", "Why"],
        ["3", "broken", "The address has no @."],
        ["4", "ann@x.test", "The address stands in this file before."],
        ["5", "bo@x.test", "A value holds HTML; only text can be filled in."],
    ]
    shown = await member.get(f"/lists/{number}")
    assert "cy@x.test" in shown.text
    assert "broken" not in shown.text
    assert rows(await member.get(f"/lists/{number}/receivers.csv")) == [
        ["email", "name", "fault"],
        ["ann@x.test", "Ann", ""],
        ["cy@x.test", "Cy", ""],
    ]
    found = await member.get(f"/lists/{number}?q=CY%40")
    assert "cy@x.test" in found.text
    assert "ann@x.test" not in found.text
    assert "Nothing matches" in (await member.get(f"/lists/{number}?q=nobody")).text
    (first, _), _ = await world.services.receivers.look(number, Search())
    gone = await member.follow(f"/lists/{number}/receivers/{first.id}/delete")
    assert "ann@x.test was taken out of the list." in gone.text
    assert "The list Autumn was deleted." in (await member.follow(f"/lists/{number}/delete")).text
    assert (await member.get(f"/lists/{number}")).status_code == 404
    actions = [(entry.action.value, entry.target) for entry in await world.audited()]
    assert actions == [
        ("list_created", "Autumn"),
        ("list_uploaded", "Autumn"),
        ("list_exported", "Autumn"),
        ("list_changed", "Autumn"),
        ("list_removed", "Autumn"),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"address": ""}, "Choose the column of the addresses."),
        ({"address": "9"}, "Choose the column of the addresses."),
        ({"variable-1": "no name"}, "no name cannot name a variable"),
        ({"variable-1": "a", "variable-2": "a"}, "Two columns have the same variable."),
    ],
)
async def test_columns_that_are_no_mapping(world, changes, sentence):
    member = await world.signed_in(Role.MEMBER)
    path, _ = await upload(member, await new_list(world), FILE.encode())
    form = {"encoding": "utf-8-sig", "delimiter": ",", "heading": "yes", "address": "0"}
    page = await member.post(path, form | changes)
    assert page.status_code == 422
    assert sentence in page.text
    assert not await world.services.list_files.read()


async def test_a_list_with_variables_wants_the_same_ones(world):
    member, number = await world.signed_in(Role.MEMBER), await new_list(world)
    await filled(world, member, number)
    path, columns = await upload(member, number, b"mail,city\nz@x.test,Kyoto\n")
    assert "have the variables name" in columns.text
    form = {"encoding": "utf-8-sig", "delimiter": ",", "heading": "yes", "address": "0"}
    refused = await member.post(path, form | {"variable-1": "city"})
    assert refused.status_code == 422
    done = await member.follow(f"{path}/forget")
    assert "The file was thrown away." in done.text
    assert (await member.get(path)).status_code == 404


async def test_files_that_are_none(world):
    member, number = await world.signed_in(Role.MEMBER), await new_list(world)
    await member.get(f"/lists/{number}/upload")
    nothing = await member.post(f"/lists/{number}/upload", files={"other": ("x", b"x")})
    assert (nothing.status_code, "Choose a file." in nothing.text) == (422, True)
    empty = await member.post(f"/lists/{number}/upload", files={"file": ("x.csv", b"")})
    assert (empty.status_code, "The file is empty." in empty.text) == (422, True)
    large = await member.post(
        f"/lists/{number}/upload", files={"file": ("x.csv", b"x" * 23_000_000)}
    )
    assert large.status_code == 413


async def test_formulas_and_markup_do_no_harm(world):
    member, number = await world.signed_in(Role.MEMBER), await new_list(world, EVIL)
    content = f'mail,name\n"=1+1@x.test",a\nok@x.test,"=HYPERLINK(1)"\n"{EVIL[1:-9]}",c\n'
    path, columns = await upload(member, number, content.encode(), name=f"{EVIL}.csv")
    assert "<script>alert" not in columns.text
    form = {"encoding": "utf-8-sig", "delimiter": ",", "heading": "yes", "address": "0"}
    await member.follow(path, form | {"variable-1": "name"})
    await world.services.list_files.read()
    for page in (path, f"/lists/{number}", "/lists", f"/lists/{number}?q={EVIL}"):
        assert "<script>alert" not in (await member.get(page)).text, page
    told = rows(await member.get(f"/lists/{number}/receivers.csv"))
    assert ["ok@x.test", "'=HYPERLINK(1)", ""] in told
    assert all(not cell.startswith("=") for row in told for cell in row)


async def test_lists_are_found_sorted_and_paged(world):
    for n in range(30):
        await new_list(world, f"List {n:02}")
    viewer = await world.signed_in(Role.VIEWER)
    first = await viewer.get("/lists?sort=name")
    assert "List 00" in first.text
    assert "List 29" not in first.text
    assert "List 29" in (await viewer.get("/lists?sort=name&page=2")).text
    assert "List 29" in (await viewer.get("/lists")).text
    found = await viewer.get("/lists?q=t+07")
    assert "List 07" in found.text
    assert "List 08" not in found.text


async def test_a_long_list_is_paged_by_key(world):
    member, number = await world.signed_in(Role.MEMBER), await new_list(world)
    content = "mail\n" + "".join(f"u{n:02}@x.test\n" for n in range(40))
    await filled(world, member, number, content, **{"variable-1": ""})
    page = await member.get(f"/lists/{number}")
    assert "u24@x.test" in page.text
    assert "u25@x.test" not in page.text
    link = next(part for part in page.text.split('"') if "after=" in part)
    after = await member.get(link.removeprefix("/console").replace("&amp;", "&"))
    assert "u25@x.test" in after.text
    assert "u24@x.test" not in after.text
    for wrong in ("x", "[", '["a"]', "[1,2]", "[1e99]"):
        assert "u00@x.test" in (await member.get(f"/lists/{number}?after={wrong}")).text, wrong


async def test_each_role_may_what_it_may(world):
    number = await new_list(world)
    viewer = await world.signed_in(Role.VIEWER)
    assert (await viewer.get(f"/lists/{number}")).status_code == 200
    assert (await viewer.get(f"/lists/{number}/receivers.csv")).status_code == 200
    for path in ("/lists/new", f"/lists/{number}/upload"):
        assert (await viewer.get(path)).status_code == 403, path
    for path in ("/lists/new", f"/lists/{number}/upload", f"/lists/{number}/delete"):
        assert (await viewer.post(path)).status_code == 403, path
    member = await world.signed_in(Role.MEMBER)
    await member.get(f"/lists/{number}")
    member.csrf = "wrong"
    assert (await member.post(f"/lists/{number}/delete")).status_code == 403


async def test_another_account_has_nothing_of_it(world):
    member, number = await world.signed_in(Role.MEMBER), await new_list(world)
    path = await filled(world, member, number)
    other = await world.other_account()
    stranger = await world.signed_in(Role.OWNER, account=other)
    theirs = await world.services.receivers.create(other.id, "Theirs")
    for page in (
        f"/lists/{number}",
        f"/lists/{number}/receivers.csv",
        f"/lists/{number}/upload",
        path,
        f"{path}/report.csv",
        path.replace(f"/lists/{number}/", f"/lists/{theirs}/"),
    ):
        assert (await stranger.get(page)).status_code == 404, page
    for action in ("delete", "receivers/1/delete"):
        assert (await stranger.post(f"/lists/{number}/{action}")).status_code == 404
    for action in (path, f"{path}/forget"):
        assert (await stranger.post(action)).status_code == 404
    assert (await world.services.receivers.get(world.account.id, number)).total == 2


@pytest.mark.parametrize(("language", "title"), [("ja", "宛先リスト"), ("zh", "收件人列表")])
async def test_every_language(world, language, title):
    browser, number = await world.signed_in(Role.MEMBER, language=language), await new_list(world)
    assert f"<h1>{title}</h1>" in (await browser.get("/lists")).text
    path = await filled(world, browser, number)
    page = await browser.get(path)
    assert "The address has no @." not in page.text
    assert "broken" in page.text
