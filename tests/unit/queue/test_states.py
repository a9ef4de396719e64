import itertools
import random

import pytest

from tayori.queue.schedule import DELAYED_MS, DELAYS, JITTER, LATER, next_attempt
from tayori.queue.states import FINAL, MOVES, IllegalMoveError, State, check_move
from tayori.runtime.clock import DAY, HOUR, MINUTE

OPEN = {State.QUEUED, State.SENDING, State.DEFERRED, State.HELD}
LEGAL = {
    (State.QUEUED, State.SENDING),
    (State.QUEUED, State.DELIVERED),
    (State.QUEUED, State.BOUNCED),
    (State.DEFERRED, State.BOUNCED),
    (State.HELD, State.BOUNCED),
    (State.DELIVERED, State.BOUNCED),
    (State.QUEUED, State.DROPPED),
    (State.QUEUED, State.EXPIRED),
    *((State.SENDING, state) for state in State),
    (State.DEFERRED, State.SENDING),
    (State.DEFERRED, State.DELIVERED),
    (State.DEFERRED, State.DROPPED),
    (State.DEFERRED, State.EXPIRED),
    (State.QUEUED, State.HELD),
    (State.DEFERRED, State.HELD),
    *((State.HELD, s) for s in (State.QUEUED, State.DEFERRED, State.DELIVERED, State.DROPPED)),
}


@pytest.mark.parametrize("pair", list(itertools.product(State, State)))
def test_every_pair_of_states_is_decided(pair):
    old, new = pair
    if pair in LEGAL:
        check_move(old, new)
    else:
        with pytest.raises(IllegalMoveError, match=old.name):
            check_move(old, new)


def test_only_a_late_report_moves_a_final_state_and_every_open_one_can_end():
    assert set(MOVES) == set(State)
    assert set(State) - FINAL == OPEN
    assert {(s, to) for s in FINAL for to in MOVES[s]} == {(State.DELIVERED, State.BOUNCED)}
    assert all(MOVES[state] & FINAL for state in OPEN)


def test_the_whole_curve_reaches_the_end_of_72_hours_and_not_beyond():
    chance = random.Random(4)
    accepted, expires = 0, 72 * HOUR
    now, tries = accepted, 0
    while (due := next_attempt(tries + 1, now, expires, chance, accepted_at=accepted)) is not None:
        tries += 1
        assert now < due <= expires
        now = due
    assert now == expires
    assert 20 <= tries <= 30


def test_an_attempt_is_made_when_a_delay_is_due_to_be_told():
    for seed in range(50):
        chance, now, tries, times = random.Random(seed), 0, 0, []
        while (due := next_attempt(tries + 1, now, 72 * HOUR, chance, accepted_at=0)) is not None:
            tries, now = tries + 1, due
            times.append(due)
        told = next(at for at in times if at >= DELAYED_MS)
        assert told <= DELAYED_MS + MINUTE
        assert times == sorted(set(times))


def test_jitter_stays_inside_its_share():
    chance = random.Random(1)
    for attempts in range(1, 12):
        delay = DELAYS[attempts - 1] if attempts <= len(DELAYS) else LATER
        seen = {
            next_attempt(attempts, 0, 1000 * HOUR, chance, accepted_at=-DAY) for _ in range(200)
        }
        assert len(seen) > 50
        assert min(seen) >= delay * (1 - JITTER) - 1
        assert max(seen) <= delay * (1 + JITTER) + 1
    assert DELAYS[0] == 5 * MINUTE
