from tayori.runtime.clock import SettableClock
from tayori.tenants.memory import Memory


def test_a_value_is_kept_for_its_time_only():
    clock = SettableClock()
    memory = Memory(clock, ttl_ms=100)
    memory.keep("a", 1, clock.now())
    clock.advance(99)
    assert memory.recall("a") == 1
    clock.advance(1)
    assert memory.recall("a") is None


def test_a_clock_that_runs_backwards_forgets():
    clock = SettableClock()
    memory = Memory(clock)
    memory.keep("a", 1, clock.now())
    clock.advance(-1)
    assert memory.recall("a") is None


def test_the_one_unused_for_longest_goes_first():
    clock = SettableClock()
    memory = Memory(clock, size=2)
    for key in ("a", "b"):
        memory.keep(key, key, clock.now())
    assert memory.recall("a") == "a"
    memory.keep("c", "c", clock.now())
    assert [memory.recall(key) for key in ("a", "b", "c")] == ["a", None, "c"]
    memory.forget()
    assert memory.recall("a") is None
