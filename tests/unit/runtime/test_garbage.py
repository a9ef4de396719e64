"""What lives as long as the process is left out when Python looks for cycles."""

import gc
import warnings
import weakref

import pytest

from tayori.runtime.garbage import YOUNG, spare_the_lasting


class Node:
    """Something that can be part of a cycle."""


@pytest.fixture
def collector():
    before = gc.get_threshold()
    with warnings.catch_warnings():
        # What other tests of this process left open is found here, and is no matter of this one.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_what_is_there_is_frozen_and_later_cycles_are_still_found():
    spare_the_lasting()
    assert gc.get_freeze_count() > 1_000
    node = Node()
    node.self = node
    gone = weakref.ref(node)
    del node
    keep = [[] for _ in range(YOUNG + 1)]
    assert gone() is None
    assert len(keep) > YOUNG
