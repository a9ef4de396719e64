from tayori.edge.submission.backoff import Backoff, client_key
from tayori.edge.submission.rate import Rate
from tayori.runtime.clock import HOUR, MINUTE, SECOND, SettableClock


def test_waits_double_up_to_a_quarter_of_an_hour_and_end():
    clock = SettableClock()
    backoff = Backoff(clock, free=3)
    waits = []
    for _ in range(20):
        backoff.charge("a")
        waits.append(backoff.wait_ms("a"))
    assert waits[:6] == [0, 0, SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
    assert waits[-1] == 15 * MINUTE
    clock.advance(15 * MINUTE)
    assert backoff.wait_ms("a") == 0
    clock.advance(HOUR)
    backoff.charge("a")
    assert backoff.wait_ms("a") == 0


def test_what_was_right_is_forgiven_and_others_are_not_concerned():
    backoff = Backoff(SettableClock(), free=1)
    backoff.charge("a")
    backoff.charge("b")
    backoff.charge("b")
    backoff.refund("a")
    backoff.refund("b")
    assert (backoff.wait_ms("a"), backoff.wait_ms("b")) == (0, SECOND)
    backoff.forgive("b")
    assert backoff.wait_ms("b") == 0


def test_memory_is_bounded():
    backoff = Backoff(SettableClock(), free=1)
    for number in range(20_100):
        backoff.charge(str(number))
    assert len(backoff._failures) == 20_000


def test_one_host_is_one_client():
    assert client_key("192.0.2.1") == "192.0.2.1"
    assert client_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_key("2001:db8::1") == client_key("2001:db8::ffff:2")
    assert client_key("fe80::1%eth0") == "fe80::/64"
    assert client_key("") == ""


def test_a_second_holds_so_many_mails():
    clock = SettableClock()
    rate = Rate(clock, most=2)
    assert [rate.admit(1) is None for _ in range(3)] == [True, True, False]
    assert rate.admit(2) is None
    clock.advance(SECOND)
    assert rate.admit(1) is None
    assert Rate(clock, most=0).admit(1) is None
