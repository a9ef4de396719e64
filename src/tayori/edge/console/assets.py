"""Static files: ours, and those of others that `make setup` puts beside them.

Their addresses carry a hash of their content, so browsers keep them for ever and get a new one with
each change. They are answered from memory, compressed where the browser takes it.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PATH: Final = "/console/assets"
_OURS: Final = ("console.css", "console.js", "theme.js", "favicon.svg")
_THIRD_PARTY: Final = (
    *("tabler.min.css", "tabler.min.js", "htmx.min.js", "echarts.min.js"),
    *("Sortable.min.js", "icons.svg"),
)
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml; charset=utf-8",
}
_HASH_LENGTH: Final = 12
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is answered."""

    digest: str
    media_type: str
    plain: bytes
    compressed: bytes


class Assets:
    """The files of an installed package, read at the first question for each."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder or files("tayori.edge.console").joinpath("assets")
        self._read: dict[str, Asset] = {}

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Return the names of third-party files that nobody has put there."""
        return tuple(name for name in _THIRD_PARTY if not self._place(name).is_file())

    @cached_property
    def icons(self) -> frozenset[str]:
        """Return the names of all icons."""
        lines = self._folder.joinpath("icons.txt").read_text("utf-8").splitlines()
        return frozenset(line for line in lines if line and not line.startswith("#"))

    def url(self, name: str) -> str:
        """Return the address of a file; KeyError for a name that is no file of ours."""
        return f"{PATH}/{self._asset(name).digest}/{name}"

    def icon_url(self, name: str) -> str:
        """Return the address of one icon; KeyError when icons.txt does not name it."""
        if name not in self.icons:
            raise KeyError(f"The icon {name} is not in icons.txt.")
        return f"{self.url('icons.svg')}#{name}"

    def route(self) -> Route:
        """Return what answers all of them; they are the same for everyone."""
        return Route(f"{PATH}/{{digest}}/{{name}}", self._answer, methods=["GET"])

    async def _answer(self, request: Request) -> Response:
        name, digest = request.path_params["name"], request.path_params["digest"]
        if name not in (*_OURS, *_THIRD_PARTY) or name in self.missing:
            return PlainTextResponse("There is no such file.", status_code=404)
        asset = self._asset(name)
        if asset.digest != digest:
            # A page of an older version asks; it gets today's file, but may not keep it.
            return self._response(asset, request.headers, "no-cache")
        return self._response(asset, request.headers, _FOR_EVER)

    def _response(self, asset: Asset, headers: Mapping[str, str], keep: str) -> Response:
        told = {"Cache-Control": keep, "Vary": "Accept-Encoding", "ETag": f'"{asset.digest}"'}
        if headers.get("if-none-match") == told["ETag"]:
            return Response(b"", 304, told)
        if "gzip" in headers.get("accept-encoding", ""):
            told["Content-Encoding"] = "gzip"
            return Response(asset.compressed, 200, told, asset.media_type)
        return Response(asset.plain, 200, told, asset.media_type)

    def _asset(self, name: str) -> Asset:
        known = self._read.get(name)
        if known is None:
            if name not in (*_OURS, *_THIRD_PARTY):
                raise KeyError(f"There is no asset {name}.")
            known = self._read[name] = self._load(name)
        return known

    def _load(self, name: str) -> Asset:
        place = self._place(name)
        plain = place.read_bytes()
        packed = self._folder.joinpath("built", f"{name}.gz")
        compressed = packed.read_bytes() if packed.is_file() else gzip.compress(plain, 9, mtime=0)
        digest = hashlib.sha256(plain).hexdigest()[:_HASH_LENGTH]
        return Asset(digest, _TYPES[name.rpartition(".")[2]], plain, compressed)

    def _place(self, name: str) -> Traversable:
        return (
            self._folder.joinpath(name) if name in _OURS else self._folder.joinpath("built", name)
        )
