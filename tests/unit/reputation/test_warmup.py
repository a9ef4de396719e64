"""The warm-up table: its caps, and the steps of a source over virtual days."""

import tomllib
from itertools import pairwise

import pytest

from tayori.config.rules import OWN_RULES, RuleFile, RuleFileError, shipped
from tayori.reputation.warmup import WARMUP_RULES, Progress, advanced, grows, read_table
from tayori.runtime.clock import DAY, HOUR

TABLE = read_table(RuleFile(WARMUP_RULES))
DAY_END = 1_790_006_400_000


def test_the_shipped_caps_grow_by_three_to_four_tenths_a_day():
    for curve in (TABLE.default, *TABLE.provider.values()):
        caps = [curve.day_cap(step) for step in range(1, curve.steps + 1)]
        assert caps[0] == curve.first_day
        for before, after in pairwise(caps):
            assert 1.25 < after / before < 1.42
        for step in range(1, curve.steps + 1):
            assert curve.day_cap(step) * 0.1 <= curve.hour_cap(step) < curve.day_cap(step)


def test_every_provider_of_the_table_is_one_that_shaping_knows():
    shaping = tomllib.loads(shipped("shaping.toml").read_text())
    assert set(TABLE.provider) <= set(shaping["provider"])


def test_a_provider_without_a_curve_is_counted_with_all_others():
    assert TABLE.counted_as("qq") == "qq"
    assert TABLE.counted_as("somebody") == TABLE.counted_as("") == ""
    assert TABLE.curve("somebody") is TABLE.default


def grown(day_used, refused=0, step=1, days=1):
    used_at = DAY_END - HOUR
    day = Progress(
        step=step, day_ends_at=DAY_END, day_used=day_used, refused=refused, used_at=used_at
    )
    now = DAY_END + (days - 1) * DAY
    return advanced(day, TABLE, TABLE.default, now, now + DAY)


def test_a_day_well_used_is_a_step_and_any_other_repeats_it():
    assert grown(101).step == 2
    assert grown(100).step == 1
    assert grown(200, refused=5).step == 1
    assert grown(200, refused=4).step == 2
    assert grown(10**9, step=30).step == 31
    assert grown(10**9, step=31).step == 31


def test_a_new_day_and_a_new_hour_begin_with_nothing_used():
    assert (grown(150).day_used, grown(150).hour_used, grown(150).refused) == (0, 0, 0)
    now = DAY_END - HOUR
    before = Progress(
        step=1, day_ends_at=DAY_END, day_used=30, hour_ends_at=now, hour_used=30, used_at=now - 1
    )
    same_day = advanced(before, TABLE, TABLE.default, now, DAY_END)
    assert (same_day.day_used, same_day.hour_used, same_day.hour_ends_at) == (30, 0, DAY_END)


def test_a_source_that_was_silent_for_thirty_days_begins_again():
    assert grown(200, step=20, days=29).step >= 20
    assert grown(200, step=31, days=31).step == 1


def test_growth_says_beforehand_what_the_next_day_will_be():
    assert grows(Progress(step=1, day_ends_at=DAY_END, day_used=150), TABLE, TABLE.default)
    assert not grows(Progress(step=31, day_ends_at=DAY_END), TABLE, TABLE.default)


def own(tmp_path, text):
    (tmp_path / OWN_RULES).mkdir()
    (tmp_path / OWN_RULES / WARMUP_RULES).write_text(text)
    return RuleFile(WARMUP_RULES, tmp_path)


def test_an_operator_changes_single_values_and_adds_providers(tmp_path):
    table = read_table(
        own(tmp_path, "[default]\nfirst_day = 7\n[provider.qq]\nsteps = 5\n[provider.me]\n")
    )
    assert (table.default.first_day, table.default.growth) == (7, TABLE.default.growth)
    assert (table.curve("qq").steps, table.curve("qq").first_day) == (
        5,
        TABLE.curve("qq").first_day,
    )
    assert table.curve("me") == table.default
    assert table.counted_as("me") == "me"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[default]\ngrowth = 3.0\n", "growth must be between 1 and 2"),
        ("[default]\nfirst_day = 0\n", "in default, first_day"),
        ("[provider.qq]\nhour_share = 0.0\n", "in qq, hour_share"),
        ("[provider.qq]\nsteps = 0\n", "in qq, steps"),
        ("[default]\nfirst_days = 3\n", "first_days"),
        ("provider = 3\n", "provider must be a table"),
    ],
)
def test_wrong_rules_are_refused_with_a_sentence(tmp_path, text, sentence):
    with pytest.raises(RuleFileError, match=sentence):
        read_table(own(tmp_path, text))
