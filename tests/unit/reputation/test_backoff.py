from tayori.edge.clients import client_key
from tayori.reputation.backoff import Failures
from tayori.runtime.clock import MINUTE, SECOND


def test_waits_double_up_to_a_quarter_of_an_hour_and_end():
    waits = [Failures(count, 1_000).wait_ms(3, 1_000) for count in range(1, 30)]
    assert waits[:6] == [0, 0, SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
    assert waits[-1] == 15 * MINUTE
    assert Failures(20, 1_000).wait_ms(3, 1_000 + 15 * MINUTE) == 0


def test_one_host_is_one_client():
    assert client_key("192.0.2.1") == "192.0.2.1"
    assert client_key("::ffff:192.0.2.1") == "192.0.2.1"
    assert client_key("2001:db8::1") == client_key("2001:db8::ffff:2")
    assert client_key("fe80::1%eth0") == "fe80::/64"
    assert client_key("") == ""
