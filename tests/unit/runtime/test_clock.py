import random
import re
from datetime import UTC
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import given
from hypothesis import strategies as st

from tayori.runtime.clock import (
    DAY,
    OffsetClock,
    SettableClock,
    SystemClock,
    day_of,
    day_range,
    local,
)
from tayori.runtime.ids import Ids

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_a_day_is_a_day_of_its_zone():
    start, end = day_range("2026-11-24", SHANGHAI)
    assert end - start == DAY
    assert day_of(start, SHANGHAI) == "2026-11-24"
    assert day_of(start - 1, SHANGHAI) == "2026-11-23"
    assert day_of(start, UTC) == "2026-11-23"


# Before 1972 a zone had seconds in its offset.
@given(
    st.integers(76_000_000_000, 4_000_000_000_000), st.sampled_from(sorted(available_timezones()))
)
def test_the_day_is_the_zones_at_any_moment(at, name):
    zone = ZoneInfo(name)
    assert day_of(at, zone) == local(at, zone).strftime("%Y-%m-%d")


def test_a_day_with_a_clock_change_has_its_true_length():
    start, end = day_range("2026-10-25", ZoneInfo("Europe/Berlin"))
    assert end - start == DAY + DAY // 24


def test_the_offset_file_moves_the_clock(tmp_path):
    path = tmp_path / "offset"
    clock = OffsetClock(path)
    assert abs(clock.now() - SystemClock().now()) < DAY
    path.write_text(str(3 * DAY))
    assert clock.now() - SystemClock().now() > 2 * DAY
    path.write_text("nonsense")
    assert clock.now() - SystemClock().now() > 2 * DAY


def test_the_settable_clock_stands_still():
    clock = SettableClock(5)
    clock.advance(7)
    assert clock.now() == clock.now() == 12


def test_public_identifiers_have_the_shapes_that_clients_parse():
    ids = Ids(random.Random(1))
    request_id = ids.request_id()
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", request_id
    )
    message_id = ids.message_id(1300000001, 1_779_984_000_000, SHANGHAI)
    assert re.fullmatch(r"qcloudses-30-1300000001-date-20260529000000-[A-Za-z0-9]{13}", message_id)
    assert message_id != ids.message_id(1300000001, 1_779_984_000_000, SHANGHAI)
