"""An action of the API and one call of it, as values."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tayori.edge.api.coerce import LARGEST, Fields, shape_of
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language
from tayori.tenants.model import Account, Credential

VERSION = "2020-10-02"
"""The one version of the API."""

Count = Annotated[int, Meta(ge=0, le=LARGEST)]
"""A whole number that is not negative, as most numbers of the API are."""


class Kind(Enum):
    """What an action does, as far as the scope of a credential goes."""

    READ = "read"
    WRITE = "write"
    SEND = "send"
    REVIEW = "review"
    """An operator's work on templates of all accounts."""


class Request(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="pascal"
):
    """Parameters of an action, under their names on the wire; None is what was not sent."""


class Response(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What an action answers, beside the RequestId."""


class Done(Response, frozen=True):
    """The answer of an action that has nothing to tell but that it is done."""


class Call(msgspec.Struct, frozen=True):
    """Who calls, from where, and how to answer. `now` is in milliseconds since the Unix epoch.

    `idempotency_key` is the header as it came, None without it.
    """

    account: Account
    credential: Credential
    request_id: str
    region: str
    language: Language
    source: str
    now: int
    idempotency_key: str | None = None


Verb = Callable[[Call, Any], Awaitable[Response | Refusal]]


class Action:
    """One action: its name, what it needs, and the function that does it."""

    __slots__ = ("decoder", "kind", "name", "request", "run", "shape")

    def __init__(self, name: str, kind: Kind, request: type[Request], run: Verb) -> None:
        self.name = name
        self.kind = kind
        self.request = request
        self.run = run
        self.decoder = msgspec.json.Decoder(request)
        self.shape: Fields = shape_of(request)
