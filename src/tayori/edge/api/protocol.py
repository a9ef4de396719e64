"""The API's HTTP protocol: a bare ASGI application for the path `/`.

Every request gets status 200 and an envelope with a RequestId, whatever happens: SDKs take any
other status for a fault of the network. A fault of ours answers `InternalError`, tells nothing
about itself, and is in the log under the RequestId.
"""

import ipaddress
from collections.abc import Iterable, Sequence

from tayori.edge.api.admission import admit
from tayori.edge.api.arguments import read_arguments
from tayori.edge.api.authentication import Authenticator, Directory, Received, take
from tayori.edge.api.call import VERSION, Action, Call
from tayori.edge.api.envelope import CONTENT_TYPE, failure, success
from tayori.edge.api.request import Incoming, Receive, Scope, Send, incoming
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.table import Language, language_of
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.runtime.ids import Ids

_logger = log.get("edge.api")


class ApiApp:
    """The API as an ASGI application.

    `signing_hosts` are host names that clients may sign beside the one they reach us by; `proxies`
    are addresses or networks of reverse proxies whose X-Forwarded-For is believed.
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
    ) -> None:
        self._actions = {action.name: action for action in actions}
        self._authenticator = Authenticator(directory, tuple(signing_hosts))
        self._clock = clock
        self._ids = ids
        self._proxies = tuple(ipaddress.ip_network(proxy, strict=False) for proxy in proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        request_id = self._ids.request_id()
        body = await self._answer(incoming(scope, self._proxies), receive, request_id)
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, request: Incoming, receive: Receive, request_id: str) -> bytes:
        language = language_of(request.header(b"x-tc-language"))
        action = ""
        try:
            received = await take(request, receive)
            if isinstance(received, Refusal):
                return failure(received, language, request_id)
            language, action = language_of(received.language), received.action
            answer = await self._serve(received, request_id, language)
            if isinstance(answer, Refusal):
                return failure(answer, language, request_id)
            return answer
        except Exception:
            _logger.exception("api_failed", request_id=request_id, action=action[:64])
            return failure(refuse(Code.INTERNAL_ERROR), language, request_id)

    async def _serve(
        self, received: Received, request_id: str, language: Language
    ) -> bytes | Refusal:
        action = self._action(received)
        if isinstance(action, Refusal):
            return action
        now = self._clock.now()
        access = await self._authenticator.identify(received, now)
        if isinstance(access, Refusal):
            return access
        call = Call(
            access.account,
            access.credential,
            request_id,
            received.region,
            language,
            received.incoming.client,
            now,
        )
        refused = admit(call, action)
        if refused is not None:
            return refused
        arguments = read_arguments(action, received)
        if isinstance(arguments, Refusal):
            return arguments
        response = await action.run(call, arguments)
        return response if isinstance(response, Refusal) else success(response, request_id)

    def _action(self, received: Received) -> Action | Refusal:
        action = self._actions.get(received.action)
        if action is None:
            if not received.action:
                return refuse(Code.INVALID_ACTION, "No action is given.")
            return refuse(Code.INVALID_ACTION, action=received.action)
        if received.version == VERSION:
            return action
        if not received.version:
            return refuse(Code.MISSING_PARAMETER, parameter="Version")
        return refuse(Code.NO_SUCH_VERSION, version=received.version)
