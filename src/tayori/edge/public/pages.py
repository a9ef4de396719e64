"""The small pages that recipients see, in their own language.

They are whole without scripts and load nothing; a strict policy says so to the browser. Nobody may
frame them, keep them, or learn from a Referer that they were open.
"""

import base64
import hashlib
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

import jinja2
from starlette.responses import Response

from tayori.edge.accept_language import tags_by_weight

RIGHT_TO_LEFT: Final = frozenset({"ar"})
FALLBACK: Final = "en"
_TRADITIONAL: Final = ("zh-tw", "zh-hk", "zh-mo", "zh-hant")
_PACKAGE: Final = files("tayori.edge.public")


@lru_cache(maxsize=1)
def words() -> dict[str, dict[str, str]]:
    """Return the words by language."""
    return tomllib.loads(_PACKAGE.joinpath("words.toml").read_text("utf-8"))


def language_of(accepted: str) -> str:
    """Return the reader's language among ours, by Accept-Language (RFC 9110 12.5.4)."""
    for tag in tags_by_weight(accepted):
        known = _known(tag)
        if known:
            return known
    return FALLBACK


def page(
    language: str,
    heading: str,
    lines: tuple[str, ...],
    named: Mapping[str, str],
    *,
    status: int = 200,
    button: tuple[str, str] | None = None,
) -> Response:
    """Return a page; `heading` and `lines` name words, `named` fills them.

    `button` is the word of a form's button and the action that the form sends.
    """
    own = words()[language]
    if language in RIGHT_TO_LEFT:
        # Names of the other direction are kept together (Unicode UAX 9, isolates).
        named = {name: f"\u2066{text}\u2069" for name, text in named.items()}
    content = _template().render(
        tag=language,
        rtl=language in RIGHT_TO_LEFT,
        heading=own[heading],
        lines=[own[line].format_map(named) for line in lines],
        button=own[button[0]] if button else "",
        action=button[1] if button else "",
        style=_style(),
    )
    headers = {
        "Content-Language": language,
        "Vary": "Accept-Language",
        "Content-Security-Policy": _policy(),
        **QUIET,
    }
    return Response(content, status, headers, "text/html")


QUIET: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Headers of everything that a recipient's link answers."""


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    source = _PACKAGE.joinpath("page.html.j2").read_text("utf-8")
    return jinja2.Environment(autoescape=True).from_string(source)


@lru_cache(maxsize=1)
def _style() -> str:
    return _PACKAGE.joinpath("page.css").read_text("utf-8")


@lru_cache(maxsize=1)
def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def _known(tag: str) -> str:
    if tag.startswith(_TRADITIONAL):
        return "zh-TW"
    primary = tag.partition("-")[0]
    if primary == "zh":
        return "zh-CN"
    return primary if primary in words() else ""
