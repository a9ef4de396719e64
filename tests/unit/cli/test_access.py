from zoneinfo import ZoneInfo

import pytest

from tayori.cli.access import read_since
from tayori.cli.opened import CommandError
from tayori.runtime.clock import DAY, HOUR, MINUTE

NOW = 1_790_000_000_000
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90min", NOW - 90 * MINUTE),
        ("2h", NOW - 2 * HOUR),
        ("7d", NOW - 7 * DAY),
        ("45s", NOW - 45_000),
        ("1970-01-02", 16 * HOUR),
        ("1970-01-01T09:00", HOUR),
        ("1970-01-01T09:00:00+00:00", 9 * HOUR),
        ("1970-01-01T09:00:00Z", 9 * HOUR),
    ],
)
def test_a_time_or_how_long_ago(text, at):
    assert read_since(text, NOW, ZONE) == at


@pytest.mark.parametrize("text", ["yesterday", "2", "-1h", "1w", "2026-13-01", "99999999d"])
def test_anything_else_is_a_sentence(text):
    with pytest.raises(CommandError, match="write a time such as"):
        read_since(text, NOW, ZONE)
