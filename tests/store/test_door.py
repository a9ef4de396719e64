import asyncio
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select
from tests.unit.accept.test_checks import GOOD, IDENTITY, SENDER, TEMPLATE, box, many

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted
from tayori.compose.model import decode_recipe
from tayori.config.tree import Policy
from tayori.db.statement import Statement
from tayori.db.tables.events import event
from tayori.db.tables.queue import message, recipient
from tayori.queue.store import QueueStore
from tayori.refusal.codes import Code
from tayori.runtime.clock import HOUR, SettableClock
from tayori.runtime.ids import Ids

ZONE = ZoneInfo("Asia/Shanghai")
NOW = 1_790_000_000_000


class OneAccount:
    """A directory with one verified domain, one sender and one template."""

    async def sender(self, account_id, address):
        return SENDER if (account_id, address) == (1, SENDER.address.addr) else None

    async def identity(self, account_id, domain):
        return IDENTITY if (account_id, domain) == (1, IDENTITY.domain) else None

    async def template(self, account_id, template_id):
        return TEMPLATE if (account_id, template_id) == (1, 5) else None


def door(database, clock, **policy):
    return Door(
        directory=OneAccount(),
        limits=Limits(Policy(**policy), ZONE),
        store=AcceptStore(database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )


async def rows(database, table):
    async with database.read() as transaction:
        found = await transaction.fetch_one(
            Statement(select(func.count().label("n")).select_from(table))
        )
        return found["n"]


async def test_yes_is_said_after_the_message_is_stored_with_its_recipe(database):
    clock = SettableClock(NOW)
    answer = await door(database, clock).accept(replace(GOOD, cc=(box("C <c@y.test>"),)))
    assert isinstance(answer, Accepted)
    assert answer.message_id.startswith("qcloudses-30-1300000001-date-20260921")
    leased = await QueueStore(database).lease("d", NOW, NOW + 1, 10)
    assert [item.address for item in leased] == ["a@x.test", "c@y.test"]
    recipes = await QueueStore(database).recipes([leased[0].message_id])
    recipe = decode_recipe(recipes[leased[0].message_id])
    assert recipe.template == (5, 1)
    assert recipe.values == {"name": "Ann"}
    assert recipe.cc[0].display_name == "C"


async def test_a_refusal_leaves_its_event_and_nothing_else(database):
    answer = await door(database, SettableClock(NOW)).accept(replace(GOOD, subject=""))
    assert answer.code == Code.INVALID_PARAMETER_VALUE__SUBJECT_LENGTH_ERROR
    assert await rows(database, message) == 0
    assert await rows(database, event) == 1


async def test_hundreds_at_once_share_commits_and_all_are_stored(database):
    opened = door(database, SettableClock(NOW), mailbox_per_hour=0)
    answers = await asyncio.gather(*(opened.accept(GOOD) for _ in range(400)))
    assert len({answer.message_id for answer in answers}) == 400
    assert await rows(database, recipient) == 400


@pytest.mark.parametrize(
    ("policy", "allowed", "code"),
    [
        ({"account_per_day": 7}, 7, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT),
        ({"level_per_day": (9,) * 20}, 9, Code.FAILED_OPERATION__EXCEED_SEND_LIMIT),
        ({"mailbox_per_hour": 3}, 3, Code.FAILED_OPERATION__FREQUENCY_LIMIT),
    ],
)
async def test_a_limit_is_never_exceeded_by_one(database, policy, allowed, code):
    clock = SettableClock(NOW)
    unlimited = {"account_per_day": 0, "level_per_day": (), "mailbox_per_hour": 0}
    doors = [door(database, clock, **(unlimited | policy)) for _ in range(3)]
    answers = await asyncio.gather(*(doors[n % 3].accept(GOOD) for n in range(30)))
    taken = [answer for answer in answers if isinstance(answer, Accepted)]
    assert len(taken) == allowed == await rows(database, message)
    assert {answer.code for answer in answers if answer not in taken} == {code}
    clock.advance(24 * HOUR)
    assert isinstance(await doors[0].accept(GOOD), Accepted)


async def test_a_mail_to_many_counts_each_and_is_taken_wholly_or_not_at_all(database):
    opened = door(database, SettableClock(NOW), account_per_day=60)
    assert isinstance(await opened.accept(replace(GOOD, to=many(50))), Accepted)
    answer = await opened.accept(replace(GOOD, to=many(11, 100)))
    assert answer.code == Code.FAILED_OPERATION__EXCEED_SEND_LIMIT
    assert isinstance(await opened.accept(replace(GOOD, to=many(10, 100))), Accepted)
    assert await rows(database, recipient) == 60
