"""Instants and spans of time as commands show them."""

from datetime import tzinfo

from tayori.runtime.clock import local

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def instant(at: int | None, zone: tzinfo) -> str:
    """Return an instant as ISO 8601 with the zone's offset, to the millisecond; "" for none."""
    return "" if at is None else local(at, zone).isoformat(timespec="milliseconds")


def minute(at: int | None, zone: tzinfo) -> str:
    """Return an instant for a table, "YYYY-MM-DD hh:mm:ss" in the zone; "" for none."""
    return "" if at is None else local(at, zone).strftime("%Y-%m-%d %H:%M:%S")


def span(milliseconds: int) -> str:
    """Return a span in its two largest units, such as "1 h 15 min"; "0 s" for none."""
    left = max(0, round(milliseconds / 1000))
    words = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"
