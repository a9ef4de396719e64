"""Shares of a batch."""

from hypothesis import given
from hypothesis import strategies as st

from tayori.queue.fairness import Flow, divide, fair_shares, in_turns, rank_of

DUE = st.lists(st.integers(0, 600), min_size=6, max_size=6)


@given(DUE, st.integers(1, 500))
def test_a_batch_is_full_or_everything(due, room):
    shares = divide(due, room)
    assert sum(shares) == min(room, sum(due))
    assert all(0 <= share <= count for share, count in zip(shares, due, strict=True))


@given(DUE, st.integers(1, 500))
def test_deferred_mail_has_a_quarter_and_no_more_while_new_mail_waits(due, room):
    shares = divide(due, room)
    new, deferred = sum(due[:3]), sum(due[3:])
    assert sum(shares[3:]) >= min(deferred, room // 4)
    if sum(shares[:3]) < new:
        assert sum(shares[3:]) <= room // 4


@given(DUE, st.integers(16, 500))
def test_no_class_starves(due, room):
    shares = divide(due, room)
    for rank in (1, 2):
        if due[rank]:
            assert shares[rank] > 0
    if due[0] >= room:
        assert shares[0] >= room // 2


def test_ranks_and_turns():
    assert [rank_of(2, deferred=False), rank_of(0, deferred=True)] == [2, 3]
    flows = [Flow(1, 5), Flow(1, 6), Flow(2, 0), Flow(1, 7)]
    assert in_turns(flows) == [Flow(1, 5), Flow(2, 0), Flow(1, 6), Flow(1, 7)]
    assert fair_shares(flows, 100) == {
        Flow(1, 5): 17,
        Flow(1, 6): 17,
        Flow(1, 7): 17,
        Flow(2, 0): 50,
    }
