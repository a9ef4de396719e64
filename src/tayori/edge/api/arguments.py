"""The parameters of a call as the action's request type.

JSON goes straight into the type; only what that refuses, and what travels as texts, is read slowly
by shape. Every refusal names the parameter.
"""

from typing import Any, Final

import msgspec

from tayori.edge.api.auth.v1 import COMMON
from tayori.edge.api.authentication import MULTIPART, Received
from tayori.edge.api.call import Action, Request
from tayori.edge.api.coerce import read
from tayori.edge.api.multipart import read_multipart
from tayori.edge.api.parameters import read_pairs, unflatten
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say

_NUL: Final = b"\\u0000"
_NOTHING: Final = b"{}"


def read_arguments(action: Action, received: Received) -> Request | Refusal:
    """Return the request of the action, or the first thing that is wrong with it."""
    incoming = received.incoming
    if received.pairs is not None:
        own = {name: value for name, value in received.pairs.items() if name not in COMMON}
        return _of_texts(action, unflatten(own))
    if incoming.method == "GET":
        pairs = read_pairs(incoming.query)
        return pairs if isinstance(pairs, Refusal) else _of_texts(action, unflatten(pairs))
    if incoming.media_type == MULTIPART:
        return _of_texts(action, read_multipart(incoming.content_type, received.body))
    return _of_json(action, received.body)


def _of_json(action: Action, body: bytes) -> Request | Refusal:
    if _NUL not in body:
        try:
            request: Request = action.decoder.decode(body or _NOTHING)
            return request
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
    tree = _tree(body)
    return tree if isinstance(tree, Refusal) else _of_tree(action, tree, texts=False)


def _tree(body: bytes) -> Any | Refusal:
    try:
        return msgspec.json.decode(body or _NOTHING)
    except UnicodeDecodeError:
        saying = say("It is not UTF-8.")
    except msgspec.DecodeError as error:
        saying = say("It is not JSON: {error}.", error=error)
    except RecursionError:
        saying = say("It is nested too deeply.")
    return refuse(Code.INVALID_PARAMETER, saying, parameter="body")


def _of_texts(action: Action, tree: Any | Refusal) -> Request | Refusal:
    return tree if isinstance(tree, Refusal) else _of_tree(action, tree, texts=True)


def _of_tree(action: Action, tree: Any, *, texts: bool) -> Request | Refusal:
    found = read(action.shape, tree, texts=texts)
    if isinstance(found, Refusal):
        return found
    try:
        return msgspec.convert(found, action.request)
    except msgspec.ValidationError as error:
        return refuse(Code.INVALID_PARAMETER, say("{error}.", error=error), parameter="body")
