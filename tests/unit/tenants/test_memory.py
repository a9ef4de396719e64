from tayori.runtime.clock import SettableClock
from tayori.tenants.memory import Memory


def test_a_value_is_kept_for_its_time_only():
    clock = SettableClock()
    memory = Memory(clock, ttl_ms=100)
    memory.keep("a", 1, memory.ask())
    clock.advance(99)
    assert memory.recall("a") == 1
    clock.advance(1)
    assert memory.recall("a") is None


def test_an_answer_to_a_question_from_before_a_change_is_not_kept():
    memory = Memory(SettableClock())
    question = memory.ask()
    memory.forget()
    memory.keep("a", 1, question)
    assert memory.recall("a") is None


def test_a_clock_that_runs_backwards_forgets():
    clock = SettableClock()
    memory = Memory(clock)
    memory.keep("a", 1, memory.ask())
    clock.advance(-1)
    assert memory.recall("a") is None


def test_the_one_unused_for_longest_goes_first():
    clock = SettableClock()
    memory = Memory(clock, size=2)
    for key in ("a", "b"):
        memory.keep(key, key, memory.ask())
    assert memory.recall("a") == "a"
    memory.keep("c", "c", memory.ask())
    assert [memory.recall(key) for key in ("a", "b", "c")] == ["a", None, "c"]
    memory.forget()
    assert memory.recall("a") is None
