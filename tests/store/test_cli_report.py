"""`tayori report` on both databases."""

import asyncio
import csv
import io

import pytest

from tayori.cli.opened import CommandError
from tayori.cli.report import days_between
from tayori.config.reputation import ReputationSettings
from tayori.stats.model import ALL, Batch, Cell, Counts, KeyCell, Kind, Volume
from tayori.stats.reports import By, Reports
from tayori.stats.store import StatsStore

DAYS = ("--from", "2026-11-01", "--to", "2026-11-02")


async def filled(database, number):
    one = Volume(1_100, 1_050, 900, opened=300, bounced=100, complained=1, deferred=7)
    two = Volume(10, 10, 10, opened=9)
    cells = {
        Cell(number, "2026-11-01", ALL, ALL): one,
        Cell(number, "2026-11-02", ALL, ALL): two,
        Cell(number, "2026-11-01", ALL, "x.test"): one,
        Cell(number, "2026-11-02", ALL, "x.test"): two,
        Cell(number, "2026-11-01", "d.test", "x.test"): one,
        Cell(number, "2026-11-03", ALL, ALL): one,
    }
    keys = {
        KeyCell(number, Kind.TASK, "2026-11-01", "12"): one,
        KeyCell(number, Kind.TASK, "2026-11-02", "9"): two,
        KeyCell(number, Kind.TASK, ALL, "9"): two,
        KeyCell(number, Kind.PROVIDER, "2026-11-02", ""): two,
    }
    batch = Batch(was=0, becomes=1, facts=(), taken={}, firsts={})
    await StatsStore(database).add(batch, Counts(cells=cells, keys=keys, unsent={}))


async def test_a_report_has_counts_and_rates_beside_their_thresholds(database, tayori):
    made = await asyncio.to_thread(tayori.json, "account", "create", "shop")
    await filled(database, made["account_id"])
    lines = await asyncio.to_thread(tayori.json, "report", "shop", *DAYS)
    assert [line["day"] for line in lines] == ["2026-11-01", "2026-11-02", "total"]
    assert [line["requested"] for line in lines] == [1_100, 10, 1_110]
    assert lines[0]["rates"] == {
        "bounced": {"share": 0.1, "threshold": 0.05, "verdict": "bad"},
        "opened": {"share": 0.333333, "threshold": 0.5, "verdict": "bad"},
        "complained": {"share": 0.001111, "threshold": 0.005, "verdict": "good"},
    }
    assert lines[1]["rates"]["bounced"]["verdict"] == "few"
    shown = await asyncio.to_thread(tayori.table, "report", "shop", *DAYS)
    assert "10.0% of 5.0% !" in shown[1]
    assert "!" not in shown[2]

    words = ("report", "shop", *DAYS, "--by", "task", "--csv")
    done = await asyncio.to_thread(tayori.run, *words)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["task"], row["bounced_share"]) for row in rows] == [
        ("9", "0.000000"),
        ("12", "0.100000"),
        ("total", "0.099010"),
    ]
    backwards = ("--from", "2026-11-02", "--to", "2026-11-01")
    assert "are 0" in await asyncio.to_thread(tayori.complaint, "report", "shop", *backwards)


async def test_lines_are_what_was_asked_for(database):
    await filled(database, 1)
    reports = Reports(StatsStore(database), ReputationSettings())
    days = ["2026-11-01", "2026-11-02"]
    for by, keys in (
        (By.DAY, days),
        (By.TASK, ["9", "12"]),
        (By.MAILBOX, ["x.test"]),
        (By.PROVIDER, [""]),
        (By.TEMPLATE, []),
    ):
        assert [line.key for line in await reports.lines(1, by, days)] == keys


@pytest.mark.parametrize(
    ("first", "last"), [("soon", ""), ("2026-11-02", "2026-11-01"), ("2020-01-01", "")]
)
def test_days_that_make_no_report_are_named(first, last):
    with pytest.raises(CommandError):
        days_between(first, last, "2026-11-27")
    assert days_between("", "", "2026-11-02")[0] == "2026-10-27"
