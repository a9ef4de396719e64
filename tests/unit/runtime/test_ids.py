"""Identifiers and the randomness behind them."""

import random
import subprocess
import sys
import uuid

from tayori.runtime.ids import Ids

_FORKS = """
import os
from tayori.runtime.ids import Ids
ids = Ids()
ids.request_id()
if os.fork():
    os.wait()
print(*(ids.request_id() for _ in range(200)))
"""


def test_a_request_id_is_a_random_uuid():
    known = Ids(random.Random(7)).request_id()
    assert known == str(uuid.UUID(int=random.Random(7).getrandbits(128), version=4))
    made = [Ids().request_id() for _ in range(50)]
    assert {uuid.UUID(one).version for one in made} == {4}
    assert len(set(made)) == 50


def test_numbers_of_all_sizes_are_used_once():
    ids = Ids()
    for length in (13, 31, 32, 40):
        texts = [ids.alphanumeric(length) for _ in range(300)]
        assert {len(text) for text in texts} == {length}
        assert len(set(texts)) == 300
    assert len({ids.octets(32) for _ in range(300)}) == 300


def test_processes_that_come_from_one_do_not_repeat_each_other():
    done = subprocess.run(
        [sys.executable, "-c", _FORKS], capture_output=True, text=True, check=True, timeout=60
    )
    made = done.stdout.split()
    assert len(made) == len(set(made)) == 400
