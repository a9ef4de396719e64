"""Domains over days of virtual time, each compared with a table worked out by hand."""

import pytest
from tests.support.virtual_domain import DELIVERED, DOMAIN, INVALID, REFUSED, VirtualDomain

from tayori.config.tree import Policy
from tayori.db import migrate
from tayori.db.open import database_url, open_database
from tayori.runtime.clock import HOUR

# Level 1 has 500 mails a day, of which 75 go in an hour. In the fifth hour 70% (350) are exceeded:
# level 2, 1,000 a day. A day may bring one level, so the rest of it goes at the quota of level 2;
# every following day begins with the quota that the day before ended with, and doubles it or more.
HUNDRED_THOUSAND = [
    ("2026-12-01", 1, 2, 1_000),
    ("2026-12-02", 2, 3, 2_000),
    ("2026-12-03", 3, 4, 5_000),
    ("2026-12-04", 4, 5, 10_000),
    ("2026-12-05", 5, 6, 20_000),
    ("2026-12-06", 6, 7, 40_000),
    ("2026-12-07", 7, 7, 22_000),
]


@pytest.fixture
async def embedded(tmp_path):
    url = database_url("", tmp_path)
    await migrate.prepare(url)
    opened = open_database(url, 4)
    yield opened
    await opened.close()


async def test_a_new_domain_and_a_list_of_100_000(embedded):
    domain = await VirtualDomain(embedded).create()
    plan = await domain.planner.plan(DOMAIN, 100_000, delivered=1.0)
    days, left = await domain.task(100_000)
    assert left == 0
    assert days == {day: mails for day, _, _, mails in HUNDRED_THOUSAND}
    assert await domain.changes() == [
        (day, "raised", before, after)
        for day, before, after, _ in HUNDRED_THOUSAND
        if before != after
    ]
    # 6,000 an hour at level 7: three full hours, and the last 4,000 in the fourth.
    assert domain.clock.now() % (24 * HOUR) == 19 * HOUR  # 03:00 at UTC+8
    # The planner said so before the first mail.
    assert plan.finished_at == domain.clock.now()
    assert [
        (day.day, day.level, day.level_after, day.mails) for day in plan.days
    ] == HUNDRED_THOUSAND


TURNS_BAD = {
    # A good day at level 5, then a list in which every tenth address does not exist. 300 is no
    # sample; when 400 are out, 40 are invalid (10%): stopped at 8%, and more than 9% cost a level.
    "2026-12-01": 10_000,
    "2026-12-02": 400,
}


async def test_a_domain_that_turns_bad_is_stopped_at_8_percent(embedded):
    domain = await VirtualDomain(embedded, levels_per_day=0, hour_share=1.0).create(level=4)
    days, _ = await domain.task(10_000)
    domain.clock.advance(24 * HOUR)
    start = domain.sent
    bad, left = await domain.task(
        5_000, lambda number: INVALID if (number - start) % 10 == 0 else DELIVERED
    )
    assert days | bad == TURNS_BAD
    assert left == 4_600
    assert await domain.changes() == [
        ("2026-12-01", "raised", 4, 5),
        ("2026-12-01", "raised", 5, 6),
        ("2026-12-02", "stopped", 6, 6),
        ("2026-12-02", "lowered", 6, 5),
    ]
    stopped = (await domain.store.changes(1, 2))[1]
    assert stopped.figures["sent"] == 400
    assert stopped.figures["rejected"] == 40


RECOVERS = {
    # 34 of 400 are refused (8.5%): stopped, and nothing that would cost a level. The next day is a
    # clean one at level 5: 10,000 a day, raised at 7,000, so that 20,000 go out in all.
    "2026-12-01": 400,
    "2026-12-02": 20_000,
    "2026-12-03": 10_000,
}


async def test_a_domain_that_was_stopped_recovers(embedded):
    domain = await VirtualDomain(embedded, hour_share=1.0).create(level=5)
    bad, left = await domain.task(1_000, lambda number: REFUSED if number % 200 < 17 else DELIVERED)
    assert left == 600
    assert await domain.level() == 5
    room = await domain.pace.room(1, DOMAIN, 1)
    assert room.refusal is not None
    plan = await domain.planner.plan(DOMAIN, 30_000, delivered=1.0)
    domain.clock.advance(24 * HOUR)
    days, _ = await domain.task(30_000)
    assert bad | days == RECOVERS
    assert [(day.day, day.mails) for day in plan.days] == list(days.items())
    assert [change[1:] for change in await domain.changes()] == [
        ("stopped", 5, 5),
        ("raised", 5, 6),
    ]


async def test_a_day_changes_under_load(database):
    """Eight mails a minute around midnight at UTC+8 (16:00 UTC): each day gets its quota exactly."""
    policy = Policy(level_per_day=(20, 40), account_per_day=0)
    domain = await VirtualDomain(database, policy=policy, hour_share=1.0).create()
    domain.clock.advance(24 * HOUR - 3 * 60_000)
    sent: dict[str, int] = {}
    for _ in range(6):
        for _ in range(8):
            room = await domain.pace.room(1, DOMAIN, 1)
            if room.amount:
                await domain.send(1, lambda _: REFUSED)
                sent[domain.today] = sent.get(domain.today, 0) + 1
        domain.clock.advance(60_000)
    assert sent == {"2026-12-01": 20, "2026-12-02": 20}
    assert domain.clock.now() % (24 * HOUR) == 16 * HOUR + 3 * 60_000
