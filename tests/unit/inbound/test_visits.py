"""Readers and machines are told apart by what they are and by what they do."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.config.rules import RuleFile, RuleFileError, shipped
from tayori.events.model import EventKind
from tayori.inbound.machines import MACHINE_RULES, Machines, read_machines, read_rules
from tayori.inbound.visits import (
    ALL_LINKS,
    BEFORE_DELIVERY,
    MOST_EVENTS,
    TOGETHER_MS,
    Visit,
    Visited,
    judge,
)
from tayori.runtime.clock import SECOND

AT = 1_795_000_000_000
READER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Safari/605.1.15"
MAIL = Visited(recipient_id=1, message_id=2, account_id=3, delivered_at=AT - 60 * SECOND)
MACHINES = Machines()


def visit(kind=EventKind.CLICK, *, after=0, link="https://shop.test/", agent=READER, **more):
    link = link if kind is EventKind.CLICK else ""
    values = {"address": "192.0.2.1", **more}
    return Visit(at=AT + after, recipient_id=1, kind=kind, link=link, useragent=agent, **values)


def judged(*visits, mail=MAIL, counted=()):
    events = judge(visits, mail, MACHINES.name, counted)
    assert all(event.recipient_id == 1 and event.message_id == 2 for event in events)
    return [(event.kind, event.data.get("machine", "")) for event in events]


OPEN, CLICK, UNSUBSCRIBE = EventKind.OPEN, EventKind.CLICK, EventKind.UNSUBSCRIBE


def test_a_reader_opens_and_clicks():
    visits = [visit(OPEN), visit(after=5 * SECOND), visit(after=9 * SECOND, link="https://b.test")]
    assert judged(*reversed(visits)) == [(OPEN, ""), (CLICK, ""), (CLICK, "")]
    (event,) = judge([visit()], MAIL, MACHINES.name)
    data = {"link": "https://shop.test/", "useragent": READER, "address": "192.0.2.1"}
    assert (event.data, event.at, event.account_id) == (data, AT, 3)


def test_who_follows_all_links_at_once_is_a_machine():
    sweep = [visit(after=n * 300, link=f"https://shop.test/{n}") for n in range(3)]
    both = [visit(OPEN, after=200), *sweep]
    assert judged(*both) == [(CLICK, ALL_LINKS), (OPEN, ALL_LINKS)] + [(CLICK, ALL_LINKS)] * 2
    elsewhere = visit(OPEN, after=200, address="198.51.100.7")
    assert judged(elsewhere, *sweep)[1] == (OPEN, "")
    later = visit(after=20 * SECOND, link="https://shop.test/1")
    assert judged(*sweep, later)[-1] == (CLICK, "")
    slow = [visit(after=n * TOGETHER_MS, link=f"https://shop.test/{n}") for n in range(4)]
    assert judged(*slow) == [(CLICK, "")] * 4
    assert judged(*sweep[:2]) == [(CLICK, "")] * 2


@pytest.mark.parametrize("delivered_at", [None, AT + 1])
def test_what_comes_before_the_delivery_is_a_machine(delivered_at):
    mail = Visited(recipient_id=1, message_id=2, account_id=3, delivered_at=delivered_at)
    assert judged(visit(OPEN), mail=mail) == [(OPEN, BEFORE_DELIVERY)]


def test_own_unsubscribe_links_tell_a_wish_unless_a_machine_follows_them():
    link = "https://shop.test/Unsubscribe?u=1"
    assert judged(visit(link=link)) == [(CLICK, ""), (UNSUBSCRIBE, "")]
    assert judged(visit(link=link, hint="prefetch")) == [(CLICK, "prefetch")]
    sweep = [visit(link=f"{link}{n}") for n in range(3)]
    assert judged(*sweep) == [(CLICK, ALL_LINKS)] * 3


def test_a_proxy_may_be_counted():
    agent = "x (via ggpht.com GoogleImageProxy)"
    assert judged(visit(OPEN, agent=agent)) == [(OPEN, "google_image_proxy")]
    (event,) = judge([visit(OPEN, agent=agent)], MAIL, MACHINES.name, {"google_image_proxy"})
    assert "machine" not in event.data
    assert event.data["proxy"] == "google_image_proxy"


def test_the_same_fetch_within_a_moment_counts_once_and_nobody_fills_the_record():
    assert judged(visit(OPEN), visit(OPEN, after=100)) == [(OPEN, "")]
    again = 3 * TOGETHER_MS
    assert judged(visit(OPEN), visit(OPEN, after=again)) == [(OPEN, ""), (OPEN, "")]
    many = [visit(OPEN, after=n * again) for n in range(MOST_EVENTS * 2)]
    assert len(judged(*many)) == MOST_EVENTS


RULES = read_rules(tomllib.loads(shipped(MACHINE_RULES).read_text("utf-8")))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_knows_its_example_and_says_why(rule):
    assert MACHINES.name(rule.example, "192.0.2.1") == rule.name
    assert rule.why.endswith(".")


@pytest.mark.parametrize(
    "agent",
    [
        READER,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 16.0.10730; ms-office)",
        "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 MicroMessenger/8.0 Mobile",
    ],
)  # fmt: skip
def test_readers_are_no_machines(agent):
    assert MACHINES.name(agent, "192.0.2.1") == ""


def test_an_operators_rules_come_first_and_mistakes_are_named(tmp_path):
    own = tmp_path / "rules" / MACHINE_RULES
    own.parent.mkdir()
    own.write_text('[[machine]]\nname = "gateway"\nnetworks = ["192.0.2.0/24"]\n')
    machines = Machines(tmp_path)
    assert machines.name(READER, "192.0.2.9") == "gateway"
    assert machines.name(READER, "198.51.100.1") == machines.name(READER, "?") == ""
    own.write_text('[[machine]]\nname = "bad"\nuseragent = "("\n')
    machines.refresh()
    assert machines.name(READER, "192.0.2.9") == "gateway"
    for text in ('useragent = "("', 'networks = ["x"]', "", "nets = 1"):
        own.write_text(f'[[machine]]\nname = "bad"\n{text}\n')
        with pytest.raises(RuleFileError, match=r"machines\.toml"):
            read_machines(RuleFile(MACHINE_RULES, tmp_path))


visits = st.builds(
    Visit,
    at=st.integers(AT, AT + 9000),
    recipient_id=st.just(1),
    kind=st.sampled_from([OPEN, CLICK]),
    link=st.sampled_from(["a", "b", "c", "unsubscribe"]),
    useragent=st.text(max_size=5),
    address=st.sampled_from(["192.0.2.1", "?"]),
)


@given(st.lists(visits, max_size=20))
def test_events_are_in_order_and_never_more_than_visits(made):
    events = judge(made, MAIL, MACHINES.name)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert sum(event.kind is not UNSUBSCRIBE for event in events) <= len(made)
