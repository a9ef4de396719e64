"""Who is written to and who is set aside, worked out by hand."""

from tayori.bulk.dealing import dealt, moved
from tayori.catalog.receiver_model import Receiver

MANY = (99, 99)
# gmail: 1, 3, 4; no known provider: 2, 5.
PROVIDERS = {1: "gmail", 2: "", 3: "gmail", 4: "gmail", 5: ""}


def deal(left, most=MANY, end=9):
    receivers = [
        Receiver(id=n, address=f"u{n}@x.test", data="", valid=True, reason="", created_at=0)
        for n in PROVIDERS
    ]
    found = dealt(receivers, lambda one: PROVIDERS[one.id], left, most, end)
    return [one.id for one in found.chosen], found.aside, found.reached


def test_others_go_on_while_a_provider_is_full():
    assert deal(None) == ([1, 2, 3, 4, 5], [], 9)
    assert deal({"gmail": 1, "": 9}) == ([1, 2, 5], [(3, "gmail"), (4, "gmail")], 9)
    assert deal({"gmail": 0, "": 1}) == (
        [2],
        [(1, "gmail"), (3, "gmail"), (4, "gmail"), (5, "")],
        9,
    )


def test_it_stops_before_the_first_who_has_no_place():
    assert deal(None, (2, 99)) == ([1, 2], [], 2)
    assert deal({"gmail": 0, "": 9}, (1, 99)) == ([2], [(1, "gmail")], 2)
    assert deal({"gmail": 0, "": 9}, (99, 2)) == ([2], [(1, "gmail"), (3, "gmail")], 3)
    assert deal(None, (5, 99)) == ([1, 2, 3, 4, 5], [], 9)


def test_the_counts_of_those_who_wait():
    assert moved({}, ["qq", "gmail", "qq"], 1) == {"qq": 2, "gmail": 1}
    assert moved({"qq": 2, "gmail": 1}, ["qq", "qq"], -1) == {"gmail": 1}
