"""Asks a page over HTTP, with the standard library's client."""

import asyncio
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as UTF-8."""
        return self.body.decode()


class PageReader:
    """Asks one server; `url` without a final slash."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def get(self, path: str, host: str = "") -> Answer:
        """Ask for a path, if wanted with another Host."""
        return await asyncio.to_thread(self._get, path, host)

    def _get(self, path: str, host: str) -> Answer:
        headers = {"Host": host} if host else {}
        request = urllib.request.Request(self.url + path, headers=headers)  # noqa: S310 - our own
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - our own
                return _answer(reply.status, reply.headers, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return _answer(error.code, error.headers, error.read())


def _answer(status: int, headers: Message, body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers.items()}, body)
