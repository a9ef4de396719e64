"""Answers as the clients of the API expect them (wire facts 1.4)."""

from typing import Final

import msgspec

from tayori.edge.api.call import Response
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language, message

CONTENT_TYPE: Final = b"application/json"
"""Exactly this: an SDK that sees a charset behind it takes an error for an empty success."""

_encoder = msgspec.json.Encoder()


def success(response: Response, request_id: str) -> bytes:
    """Return the body of a yes."""
    fields = _encoder.encode(response)[:-1]
    comma = b"," if len(fields) > 1 else b""
    return b'{"Response":%b%b"RequestId":"%b"}}' % (fields, comma, request_id.encode())


def failure(refusal: Refusal, language: Language, request_id: str) -> bytes:
    """Return the body of a no."""
    error = {"Code": refusal.code.value, "Message": message(refusal, language)}
    return _encoder.encode({"Response": {"Error": error, "RequestId": request_id}})
