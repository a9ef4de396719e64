"""The API's HTTP protocol: a bare ASGI application for the path `/`.

Every request gets status 200 and an envelope with a RequestId, whatever happens: SDKs take any
other status for a fault of the network. A fault of ours answers `InternalError`, tells nothing
about itself, and is in the log under the RequestId.
"""

import asyncio
import ipaddress
from collections.abc import Iterable, Sequence
from time import perf_counter

from tayori.db.database import DatabaseBusyError
from tayori.edge.api.admission import admit
from tayori.edge.api.arguments import read_arguments
from tayori.edge.api.authentication import Authenticator, Directory, Received, take
from tayori.edge.api.call import VERSION, Action, Call
from tayori.edge.api.envelope import CONTENT_TYPE, failure, success
from tayori.edge.api.rate import RateGate
from tayori.edge.api.request import ClientGoneError, Incoming, Receive, Scope, Send, incoming
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.refusal.table import Language, language_of
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.runtime.ids import Ids
from tayori.tenants.api_log import AccessRecord, Observe
from tayori.tenants.model import Access

BODY_S = 60.0
"""Seconds that a client has for its body: up to 10 MB are held before anybody is authenticated."""

_logger = log.get("edge.api")


class _Answering:
    """What is known so far of a request while it is answered."""

    __slots__ = ("access", "action", "at", "began", "code", "language", "request_id", "source")

    def __init__(self, request_id: str, source: str, language: Language, at: int) -> None:
        self.request_id = request_id
        self.source = source
        self.language = language
        self.at = at
        self.began = perf_counter()
        self.access: Access | None = None
        self.action = ""
        self.code = ""

    def refused(self, refusal: Refusal) -> bytes:
        """Return the body of a no."""
        self.code = refusal.code.value
        return failure(refusal, self.language, self.request_id)

    def record(self) -> AccessRecord:
        """Return what became of it."""
        access = self.access
        return AccessRecord(
            at=self.at,
            account_id=access.account.id if access else None,
            secret_id=access.credential.secret_id if access else "",
            action=self.action,
            code=self.code,
            source=self.source,
            request_id=self.request_id,
            duration_ms=(perf_counter() - self.began) * 1000,
        )


class ApiApp:
    """The API as an ASGI application.

    `signing_hosts` are host names that clients may sign beside the one they reach us by; `proxies`
    are addresses or networks of reverse proxies whose X-Forwarded-For is believed. `rate` counts
    calls; None counts nothing. `observe` is told of each call once it is decided; it must be quick.
    A body has `body_s` seconds to come.
    """

    def __init__(
        self,
        *,
        actions: Iterable[Action],
        directory: Directory,
        clock: Clock,
        ids: Ids,
        signing_hosts: Sequence[str] = (),
        proxies: Sequence[str] = (),
        rate: RateGate | None = None,
        observe: Observe | None = None,
        body_s: float = BODY_S,
    ) -> None:
        self._actions = {action.name: action for action in actions}
        self._authenticator = Authenticator(directory, tuple(signing_hosts))
        self._clock = clock
        self._ids = ids
        self._proxies = tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)
        self._rate = rate
        self._observe = observe
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request = incoming(scope, self._proxies)
        language = language_of(request.header(b"x-tc-language"))
        state = _Answering(self._ids.request_id(), request.client, language, self._clock.now())
        try:
            body = await self._answer(request, receive, state)
        except ClientGoneError:
            return
        self._tell(state)
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, request: Incoming, receive: Receive, state: _Answering) -> bytes:
        try:
            received = await self._take(request, receive)
            if isinstance(received, Refusal):
                return state.refused(received)
            state.language = language_of(received.language)
            answer = await self._serve(received, state)
            return state.refused(answer) if isinstance(answer, Refusal) else answer
        except ClientGoneError:
            raise
        except DatabaseBusyError:
            _logger.warning("api_database_busy", request_id=state.request_id, action=state.action)
            return state.refused(refuse(Code.SERVICE_UNAVAILABLE))
        except Exception:
            _logger.exception("api_failed", request_id=state.request_id, action=state.action)
            return state.refused(refuse(Code.INTERNAL_ERROR))

    async def _take(self, request: Incoming, receive: Receive) -> Received | Refusal:
        try:
            async with asyncio.timeout(self._body_s):
                return await take(request, receive)
        except TimeoutError:
            late = say(
                "The body has not come within {seconds} seconds. Nothing was done.",
                seconds=f"{self._body_s:g}",
            )
            return refuse(Code.INVALID_REQUEST, late)

    async def _serve(self, received: Received, state: _Answering) -> bytes | Refusal:
        action = self._action(received)
        if isinstance(action, Refusal):
            return action
        state.action = action.name
        now = self._clock.now()
        access = await self._authenticator.identify(received, now)
        if isinstance(access, Refusal):
            return access
        state.access = access
        call = Call(
            access.account,
            access.credential,
            state.request_id,
            received.region,
            state.language,
            state.source,
            now,
            received.idempotency_key,
        )
        refused = await admit(call, action, self._rate)
        if refused is not None:
            return refused
        arguments = read_arguments(action, received)
        if isinstance(arguments, Refusal):
            return arguments
        response = await action.run(call, arguments)
        return response if isinstance(response, Refusal) else success(response, state.request_id)

    def _tell(self, state: _Answering) -> None:
        if self._observe is None:
            return
        try:
            self._observe(state.record())
        except Exception:
            _logger.exception("api_observer_failed", request_id=state.request_id)

    def _action(self, received: Received) -> Action | Refusal:
        action = self._actions.get(received.action)
        if action is None:
            if not received.action:
                return refuse(Code.INVALID_ACTION, say("No action is given."))
            return refuse(Code.INVALID_ACTION, action=received.action)
        if received.version == VERSION:
            return action
        if not received.version:
            return refuse(Code.MISSING_PARAMETER, parameter="Version")
        return refuse(Code.NO_SUCH_VERSION, version=received.version)
