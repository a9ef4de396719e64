"""One call of the API as the access log and the metrics see it: no parameters, no secrets."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecord:
    """What became of one request.

    `at` is when it arrived, in milliseconds since the Unix epoch. `account_id` is None and
    `secret_id` is "" unless the signature was right; `action` is "" unless the API has it, so both
    come from closed sets. `code` is the code of the refusal, "" for success.
    """

    at: int
    account_id: int | None
    secret_id: str
    action: str
    code: str
    source: str
    request_id: str
    duration_ms: float


Observe = Callable[[AccessRecord], None]
