"""The whole API protocol behind a real HTTP server, with actions that tell what they were given."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
from tests.support.http import Answer, ask, serving
from tests.support.signing import tc3_authorization, tc3_headers, v1_form

from tayori.edge.api.call import Action, Call, Count, Done, Kind, Request, Response
from tayori.edge.api.protocol import ApiApp
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.runtime.clock import SettableClock
from tayori.runtime.ids import Ids
from tayori.tenants.model import Access, Account, Credential, Scope

SECRET = b"Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
NOW_S = 1_790_000_000
ALIASES = ("ses.tencentcloudapi.com", "ses.intl.tencentcloudapi.com")


class Attachment(Request, frozen=True):
    file_name: str
    content: str | None = None


class Template(Request, frozen=True):
    template_id: Count = msgspec.field(name="TemplateID")
    template_data: str | None = None


class Echo(Request, frozen=True):
    """Every kind of parameter that the API has."""

    subject: str
    limit: Count | None = None
    offset: Count = 0
    flag: bool | None = None
    unsubscribe: str | int | None = None
    destination: list[str] | None = None
    template: Template | None = None
    attachments: list[Attachment] | None = None


class Echoed(Response, frozen=True):
    given: Echo
    source: str
    region: str
    language: str


class Nothing(Request, frozen=True):
    """No parameters at all."""


class Page(Request, frozen=True):
    offset: Count
    limit: Count


class Listed(Response, frozen=True):
    templates_metadata: list[str]
    total_count: int


async def echo(call: Call, given: Echo) -> Response | Refusal:
    return Echoed(given=given, source=call.source, region=call.region, language=call.language)


async def nothing(_call: Call, _given: Nothing) -> Response | Refusal:
    return Done()


async def page(_call: Call, given: Page) -> Response | Refusal:
    if given.limit > 100:
        return refuse(Code.FAILED_OPERATION__INVALID_LIMIT)
    return Listed(templates_metadata=[], total_count=given.offset)


async def fail(_call: Call, _given: Nothing) -> Response | Refusal:
    raise RuntimeError("a secret that nobody may read")


ACTIONS = (
    Action("Echo", Kind.READ, Echo, echo),
    Action("SendEmail", Kind.SEND, Echo, echo),
    Action("DeleteEmailIdentity", Kind.WRITE, Nothing, nothing),
    Action("ListEmailTemplates", Kind.READ, Page, page),
    Action("Fail", Kind.READ, Nothing, fail),
)


class Directory:
    """The credentials of this test."""

    def __init__(self) -> None:
        self.known: dict[str, Access] = {}

    async def by_secret_id(self, secret_id: str) -> Access | None:
        return self.known.get(secret_id)

    def add(
        self,
        secret_id: str,
        *,
        scope: Scope = Scope.FULL,
        networks: tuple[str, ...] = (),
        suspended: str = "",
    ) -> None:
        number = len(self.known) + 1
        account = Account(
            id=number,
            app_id=1_250_000_000 + number,
            name=secret_id,
            permissions=frozenset(),
            suspended_at=1 if suspended else None,
            suspended_reason=suspended,
            created_at=0,
        )
        credential = Credential(
            id=number,
            account_id=number,
            secret_id=secret_id,
            secret=SECRET,
            scope=scope,
            networks=networks,
            created_at=0,
            revoked_at=None,
        )
        self.known[secret_id] = Access(account=account, credential=credential)


def make_directory() -> Directory:
    directory = Directory()
    directory.add("full")
    directory.add("send", scope=Scope.SEND)
    directory.add("read", scope=Scope.READ)
    directory.add("elsewhere", networks=("10.0.0.0/8",))
    directory.add("here", networks=("127.0.0.0/8", "::1/128"))
    directory.add("stopped", suspended="It sent malware.")
    return directory


@dataclass
class Service:
    """A running API; `address` is "127.0.0.1:port", and the clock stands until it is moved."""

    address: str
    clock: SettableClock
    directory: Directory
    common: dict[str, Any] = field(default_factory=dict)

    async def call(
        self, action: str, body: bytes = b"{}", *, secret_id: str = "full", **changes: Any
    ) -> Answer:
        """POST, signed by TC3-HMAC-SHA256; `changes` as of `tc3_headers`."""
        given = {"host": self.address, "timestamp": NOW_S, "secret": SECRET, **changes}
        headers = tc3_headers(action, secret_id=secret_id, body=body, **given)
        return await ask(self.address, "POST", b"/", headers, body)

    async def signed(
        self,
        signed: dict[str, str],
        sent: dict[str, str],
        *,
        action: str = "DeleteEmailIdentity",
        method: str = "POST",
        body: bytes = b"{}",
        payload: bytes | None = None,
        **changes: Any,
    ) -> Answer:
        """Sign the headers `signed` and send the headers `sent`, which may differ from them."""
        given = {"secret_id": "full", "secret": SECRET, "timestamp": NOW_S, **changes}
        signature = tc3_authorization(
            signed={"content-type": "application/json", "host": self.address, **signed}.items(),
            method=method,
            payload=body if payload is None else payload,
            **given,
        )
        headers = {
            "Host": self.address,
            "Content-Type": "application/json",
            "X-TC-Action": action,
            "X-TC-Version": "2020-10-02",
            "X-TC-Timestamp": str(given["timestamp"]),
            **sent,
        }
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items() if value]
        raw.append((b"Authorization", signature))
        return await ask(self.address, method, b"/", raw, b"" if method == "GET" else body)

    async def get(self, action: str, query: bytes = b"", **changes: Any) -> Answer:
        """GET, signed by TC3-HMAC-SHA256."""
        given = {
            "host": self.address,
            "timestamp": NOW_S,
            "secret": SECRET,
            "secret_id": "full",
            "content_type": "application/x-www-form-urlencoded",
            **changes,
        }
        headers = tc3_headers(action, method="GET", query=query.decode("latin-1"), **given)
        return await ask(self.address, "GET", b"/?" + query, headers)

    async def form(
        self,
        action: str,
        method: str = "POST",
        parameters: dict[str, str] | None = None,
        **changes: Any,
    ) -> Answer:
        """Send parameters with the older signature."""
        given = {
            "host": self.address,
            "timestamp": NOW_S,
            "secret": SECRET,
            "secret_id": "full",
            **changes,
        }
        encoded = v1_form(action, parameters or {}, method=method, **given)
        return await self.send_form(method, encoded)

    async def send_form(self, method: str, encoded: bytes) -> Answer:
        """Send pairs as they are."""
        headers = [
            (b"Host", self.address.encode()),
            (b"Content-Type", b"application/x-www-form-urlencoded"),
        ]
        if method == "GET":
            return await ask(self.address, "GET", b"/?" + encoded, headers)
        return await ask(self.address, method, b"/", headers, encoded)


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Service]:
    """Serve an API with other settings than the usual."""
    clock, directory = SettableClock(NOW_S * 1000), make_directory()
    given: dict[str, Any] = {
        "actions": ACTIONS,
        "directory": directory,
        "clock": clock,
        "ids": Ids(),
        "signing_hosts": ALIASES,
        **settings,
    }
    async with serving(ApiApp(**given)) as address:
        yield Service(address, clock, directory)
