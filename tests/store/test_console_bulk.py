"""The pages of bulk tasks, on both databases: planned, checked, created, watched, steered, resent."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.support.console_world import console_world

from tayori.app.door import build_door
from tayori.app.tasks import build_runner
from tayori.bulk.model import Cause, Filters, Order, TaskKind, TaskStatus
from tayori.bulk.store import TaskStore
from tayori.catalog.model import TemplateContent
from tayori.config.reputation import ReputationSettings
from tayori.config.tree import Policy
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.tenants.users.model import Role

EVIL = '"><script>alert(1)</script>'
TEXT = "Your parcel was handed to the courier today, as agreed with you. " * 4


POLICY = Policy(level_per_day=(500,))
REPUTATION = ReputationSettings(hour_share=1.0)


@pytest.fixture
async def world(installed_url, tmp_path):
    async with console_world(
        tmp_path, installed_url, policy=POLICY, reputation=REPUTATION
    ) as opened:
        await opened.verified("mail.shop.test")
        await opened.services.senders.create(opened.account.id, "news@mail.shop.test", "Shop")
        yield opened


async def new_list(world, count, *, name="Customers", data='{"name": "Ann"}'):
    receivers = world.services.receivers
    number = await receivers.create(world.account.id, name)
    await receivers.add_with_data(
        world.account.id, number, [(f"u{n}@r.test", data) for n in range(count)]
    )
    return number


async def new_template(world, html=f"<p>Hi {{{{name}}}}. {TEXT}</p>", name="Autumn"):
    templates = world.services.templates
    made = await templates.create(world.account.id, name, TemplateContent(html=html, text=""))
    await templates.approve(made.id)
    return made.id


async def form(world, **changes):
    number = changes.pop("list_id", None) or await new_list(world, 3)
    template = changes.pop("template_id", None) or await new_template(world)
    return {
        "list_id": str(number),
        "template_id": str(template),
        "sender": '"Shop" <news@mail.shop.test>',
        "subject": "For {{name}}",
        "reply_to": "",
        "kind": "now",
        "begins": "",
        "every": "1",
        "unit": "days",
        "ends": "",
        "unsubscribe": "7",
        "ad": "1",
        "step": "check",
        **changes,
    }


async def created(world, browser, **changes):
    done = await browser.post("/tasks/new", await form(world, step="create", **changes))
    assert done.status_code == 303, done.text
    return int(done.headers["location"].rpartition("/")[2])


async def run(world):
    runner = build_runner(world.parts, build_door(world.parts))
    while await runner.step():
        pass


async def settle(world, states):
    queue, now = world.services.queue, world.services.clock.now()
    leased = await queue.lease("d", now, now + 60_000, 50)
    reply = Reply(550, "5.1.1", ("no such user",))
    outcome = Outcome(
        kind=Kind.PERMANENT,
        scope=Scope.RECIPIENT,
        stage=Stage.RCPT,
        reply=reply,
        started_at=now,
        ended_at=now,
    )
    settled = [
        Settlement(
            recipient=one,
            state=states.get(one.address, State.DELIVERED),
            at=now,
            outcome=outcome,
            bounce_class="unknown_user" if one.address in states else "",
            reply="550 5.1.1 <script>alert(1)</script>",
        )
        for one in leased
    ]
    assert all(await queue.settle("d", settled))


async def test_what_has_to_be_there_first(world):
    member = await world.signed_in(Role.MEMBER)
    assert "No bulk tasks yet" in (await member.get("/tasks")).text
    page = await member.get("/tasks/new")
    assert "Before the first task" in page.text
    assert page.text.count("Still missing") == 2
    await new_list(world, 1)
    await new_template(world)
    assert "Go on to the check" in (await member.get("/tasks/new")).text


async def test_a_task_is_checked_before_it_is_created(world):
    member, number = await world.signed_in(Role.MEMBER), await new_list(world, 600)
    now = world.services.clock.now()
    await world.services.suppressions.add_custom(
        world.account.id, [f"u{n}@r.test" for n in range(20)], None, now
    )
    asked = await form(world, list_id=number)
    check = await member.post("/tasks/new", asked)
    assert check.status_code == 200
    for said in ("Check the task", "(AD) For {{name}}", "580", "data-chart", "日本語"):
        assert said in check.text, said
    # 500 a day at level 1: the forecast has two days.
    assert "2 days" in check.text
    assert await TaskStore(world.parts.database).page(None, Filters(), (0, 9)) == ([], 0)
    kept = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', check.text))
    assert kept["subject"] == "For {{name}}"
    again = await member.post("/tasks/new", asked | {"step": "change"})
    assert 'value="For {{name}}"' in again.text
    once = {"step": "create", "once": kept["once"]}
    first = await member.post("/tasks/new", asked | once)
    second = await member.post("/tasks/new", asked | once)
    assert first.headers["location"] == second.headers["location"]
    _, total = await TaskStore(world.parts.database).page(None, Filters(), (0, 9))
    assert total == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"subject": ""}, "This field is required."),
        ({"kind": "once"}, "Say when it begins."),
        ({"kind": "once", "begins": "2020-01-01T00:00"}, "2020-01-01T00:00"),
        ({"list_id": "999"}, "Not a valid choice"),
        ({"sender": "evil@else.test"}, "Not a valid choice"),
        (
            {"kind": "cycle", "begins": "2099-01-02T00:00", "ends": "2099-01-01T00:00"},
            "The end comes before the beginning.",
        ),
        ({"reply_to": "nobody"}, "ReplyToAddresses"),
    ],
)
async def test_what_is_wrong_is_said(world, changes, sentence):
    member = await world.signed_in(Role.MEMBER)
    page = await member.post("/tasks/new", await form(world) | changes)
    assert page.status_code == 422
    assert sentence in page.text


async def test_values_that_the_list_lacks_are_asked_for(world):
    member = await world.signed_in(Role.MEMBER)
    template = await new_template(world, f"<p>Hi {{{{name}}}}: {{{{code}}}}. {TEXT}</p>", "Code")
    asked = await form(world, template_id=template)
    page = await member.post("/tasks/new", asked)
    assert page.status_code == 422
    assert 'name="value-code"' in page.text
    done = await member.post("/tasks/new", asked | {"value-code": "A7", "step": "create"})
    assert done.status_code == 303


async def test_times_are_those_of_the_visitor(world):
    member = await world.signed_in(Role.MEMBER)
    begins = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%dT09:30")
    ends = (datetime.now(UTC) + timedelta(days=30)).strftime("%Y-%m-%dT09:30")
    number = await created(
        world, member, kind="cycle", begins=begins, ends=ends, every="2", unit="weeks"
    )
    task = await world.services.tasks.get(number)
    in_tokyo = datetime.fromisoformat(begins).replace(tzinfo=ZoneInfo("Asia/Tokyo"))
    assert task.order.begins_at == int(in_tokyo.timestamp()) * 1000
    assert task.order.interval_h == 336
    page = await member.get(f"/tasks/{number}")
    assert "every 2 weeks" in page.text
    # Nothing happens for days, so the page does not ask again and again.
    assert "hx-trigger" not in page.text


async def test_a_task_is_watched_paused_resumed_and_cancelled(world):
    member = await world.signed_in(Role.MEMBER)
    number = await created(world, member)
    shown = await member.get(f"/tasks/{number}")
    assert "hx-trigger" in shown.text
    assert "Paused" in (await member.follow(f"/tasks/{number}/pause")).text
    assert (await world.services.tasks.get(number)).cause is Cause.OPERATOR
    assert "The task goes on." in (await member.follow(f"/tasks/{number}/resume")).text
    await run(world)
    part = await member.get(f"/tasks/{number}", headers={"hx-request": "true"})
    assert "<html" not in part.text
    rows = await member.get("/tasks", headers={"hx-request": "true"})
    assert 'id="list"' in rows.text
    assert "<html" not in rows.text
    other = await created(world, member, list_id=await new_list(world, 2, name="B"), template_id=1)
    cancelled = await member.follow(f"/tasks/{other}/cancel")
    assert "The task was cancelled" in cancelled.text
    assert (await world.services.tasks.get(other)).status is TaskStatus.FAILED
    assert "There is nothing to resume." in (await member.follow(f"/tasks/{other}/resume")).text
    actions = [entry.action.value for entry in await world.audited()]
    assert actions == [
        *("task_created", "task_paused", "task_resumed"),
        *("task_created", "task_cancelled"),
    ]


async def test_a_full_day_is_explained(world):
    member = await world.signed_in(Role.MEMBER)
    number = await created(world, member, list_id=await new_list(world, 600))
    for _ in range(4):
        await run(world)
        task = await world.services.tasks.get(number)
        if task.status is TaskStatus.PAUSED:
            break
    page = await member.get(f"/tasks/{number}")
    assert "It goes on by itself at" in page.text
    assert "100 receivers wait." in page.text
    assert "reputation level allows in a day" in page.text


async def test_failures_are_listed_exported_and_resent(world):
    member = await world.signed_in(Role.MEMBER)
    number = await created(world, member)
    now = world.services.clock.now()
    await world.services.suppressions.add_custom(world.account.id, ["u2@r.test"], None, now)
    await run(world)
    await settle(world, {"u1@r.test": State.BOUNCED})
    page = await member.get(f"/tasks/{number}/failures")
    for said in ("u1@r.test", "Unknown mailbox", "u2@r.test", "On a blacklist"):
        assert said in page.text, said
    assert "u0@r.test" not in page.text
    assert "<script>alert" not in page.text
    file = (await member.get(f"/tasks/{number}/failures.csv")).text
    assert "u1@r.test,bounced,unknown_user,550 5.1.1" in file
    done = await member.post(f"/tasks/{number}/resend")
    again = int(done.headers["location"].rpartition("/")[2])
    assert (await world.services.tasks.get(again)).requested == 1
    twice = await member.follow(f"/tasks/{number}/resend")
    assert "was resent as task" in twice.text


async def test_tasks_are_found_by_words_and_status(world):
    member = await world.signed_in(Role.MEMBER)
    number, template = await new_list(world, 1), await new_template(world)
    for n in range(28):
        order = Order(
            kind=TaskKind.IMMEDIATE,
            list_id=number,
            sender="news@mail.shop.test",
            subject=f"Offer {n:02} {EVIL}",
            template_id=template,
        )
        assert isinstance(await world.services.tasks.create(world.account, order), int)
    page = await member.get("/tasks")
    assert "Offer 27" in page.text
    assert "Offer 02" not in page.text
    assert "<script>alert" not in page.text
    link = next(part for part in page.text.split('"') if "after=" in part and "hx" not in part)
    second = await member.get(link.removeprefix("/console").replace("&amp;", "&"))
    assert "Offer 02" in second.text
    found = await member.get("/tasks?q=offer+07&status=waiting")
    assert "Offer 07" in found.text
    assert "Offer 08" not in found.text
    assert "Nothing matches" in (await member.get("/tasks?status=paused")).text


async def test_each_role_and_each_account(world):
    member = await world.signed_in(Role.MEMBER)
    number = await created(world, member)
    viewer = await world.signed_in(Role.VIEWER)
    for path in ("", f"/{number}", f"/{number}/failures", f"/{number}/failures.csv"):
        assert (await viewer.get(f"/tasks{path}")).status_code == 200, path
    assert (await viewer.get("/tasks/new")).status_code == 403
    other = await world.other_account()
    stranger = await world.signed_in(Role.OWNER, account=other)
    for path in ("", "/failures", "/failures.csv"):
        assert (await stranger.get(f"/tasks/{number}{path}")).status_code == 404, path
    for action in ("pause", "resume", "cancel", "resend"):
        assert (await viewer.post(f"/tasks/{number}/{action}")).status_code == 403, action
        assert (await stranger.post(f"/tasks/{number}/{action}")).status_code == 404, action
    member.csrf = "wrong"
    assert (await member.post(f"/tasks/{number}/cancel")).status_code == 403
    assert (await world.services.tasks.get(number)).status is TaskStatus.WAITING


@pytest.mark.parametrize(("language", "title"), [("ja", "一括送信タスク"), ("zh", "群发任务")])
async def test_every_language(world, language, title):
    browser = await world.signed_in(Role.MEMBER, language=language)
    assert f"<h1>{title}</h1>" in (await browser.get("/tasks")).text
    check = await browser.post("/tasks/new", await form(world))
    assert check.status_code == 200
    assert "Check the task" not in check.text
