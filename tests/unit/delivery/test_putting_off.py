from tayori.delivery.putting_off import (
    LONGEST_DELAY_MS,
    LOOKS,
    SHORTEST_DELAY_MS,
    UNKNOWN_DELAY_MS,
    Estimate,
)
from tayori.runtime.clock import HOUR, SECOND


def given_back(estimate, count, per_second=None, speed=0):
    return [estimate.one_more(per_second, speed) for _ in range(count)][-1]


def test_mails_wait_as_long_as_the_site_needs_for_them():
    # 40 at 8 a second: 5 s, and the 5 s that every one of them waits at least.
    assert given_back(Estimate(), 40, speed=8) == SHORTEST_DELAY_MS + 5 * SECOND
    assert given_back(Estimate(), 40, per_second=8.0, speed=1) == SHORTEST_DELAY_MS + 5 * SECOND


def test_a_slow_second_of_a_fast_site_sends_nobody_away_for_long():
    estimate = Estimate()
    for _ in range(20):
        estimate.seen(8, waited=True)
    estimate.seen(0, waited=True)
    # By what was done in that second alone it would be 40 s.
    assert given_back(estimate, 40) < SHORTEST_DELAY_MS + 6 * SECOND


def test_a_site_that_has_become_slow_is_known_for_it_after_a_while():
    estimate = Estimate()
    for _ in range(20):
        estimate.seen(8, waited=True)
    for _ in range(60):
        estimate.seen(1, waited=True)
    assert given_back(estimate, 40) > SHORTEST_DELAY_MS + 30 * SECOND


def test_a_site_without_mail_is_not_slow():
    estimate = Estimate()
    for _ in range(20):
        estimate.seen(8, waited=True)
    for _ in range(60):
        estimate.seen(0, waited=False)
    assert given_back(estimate, 40) == SHORTEST_DELAY_MS + 5 * SECOND


def test_what_was_done_since_is_not_waited_for():
    estimate = Estimate()
    given_back(estimate, 40, speed=8)
    estimate.seen(40, waited=True)
    assert given_back(estimate, 1, speed=1) < SHORTEST_DELAY_MS + SECOND


def test_while_a_site_is_not_known_nobody_is_sent_away_for_long():
    estimate = Estimate()
    assert given_back(estimate, 10_000) == UNKNOWN_DELAY_MS
    for _ in range(LOOKS - 1):
        estimate.seen(1, waited=True)
    assert given_back(estimate, 1) == UNKNOWN_DELAY_MS
    estimate.seen(1, waited=True)
    assert given_back(estimate, 1) == LONGEST_DELAY_MS


def test_nobody_waits_longer_than_ten_minutes_or_an_hour():
    known = Estimate()
    for _ in range(LOOKS):
        known.seen(1, waited=True)
    assert given_back(known, 10_000) == LONGEST_DELAY_MS
    assert given_back(Estimate(), 10_000, per_second=0.1) == HOUR
