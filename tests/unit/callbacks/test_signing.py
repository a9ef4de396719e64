import hashlib
import hmac
import re
import time
from pathlib import Path

from tayori.callbacks.model import RETRIED_MS, next_attempt
from tayori.callbacks.signing import new_secret, signature
from tayori.runtime.clock import HOUR, SECOND


def test_a_receiver_can_check_the_signature():
    secret, body = new_secret(), b'{"event":"open"}'
    told = dict(part.split("=") for part in signature(secret, body, 1_761_555_490).split(","))
    text = b"%s.%s" % (told["t"].encode(), body)
    assert hmac.compare_digest(told["v1"], hmac.new(secret, text, hashlib.sha256).hexdigest())
    assert told["t"] == "1761555490"


def test_the_receivers_check_on_the_page_works(monkeypatch):
    page = (Path(__file__).parents[3] / "docs/callbacks.md").read_text()
    program = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    names = {}
    exec(program[1], names)  # noqa: S102 - the page is ours
    secret, body = new_secret(), b'{"event":"open"}'
    header = signature(secret, body, 1_761_555_490)
    monkeypatch.setattr(time, "time", lambda: 1_761_555_600)
    assert names["is_genuine"](header, body, secret.decode())
    assert not names["is_genuine"](header, body + b" ", secret.decode())
    monkeypatch.setattr(time, "time", lambda: 1_761_556_000)
    assert not names["is_genuine"](header, body, secret.decode())


def test_secrets_differ():
    assert new_secret() != new_secret()


def test_attempts_come_less_and_less_often_for_a_day():
    since = now = 1_790_000_000_000
    waits, attempts = [], 0
    while True:
        attempts += 1
        due = next_attempt(attempts, since, now)
        if due is None:
            break
        waits.append(due - now)
        now = due
    assert waits[0] == 5 * SECOND
    assert waits[:-1] == sorted(waits[:-1])
    assert max(waits) == HOUR
    assert now == since + RETRIED_MS
