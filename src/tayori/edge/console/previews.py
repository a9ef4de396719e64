"""HTML of strangers in a frame of one of our pages: cleaned, without scripts, and shut in.

Three walls, each enough by itself: what could act is taken out here (nh3), the answer's policy runs
and fetches nothing, and the page's `<iframe sandbox>` gives it an origin of its own.
"""

from collections.abc import Mapping
from html import escape
from typing import Final

import nh3
from starlette.responses import HTMLResponse, Response

from tayori.catalog.variables import MissingVariable, VariableFault, split_variables
from tayori.edge.console.headers import FRAMED

_TAGS: Final = nh3.ALLOWED_TAGS | {"style", "font", "section", "main", "label", "u"}
_ANY: Final = {
    *("style", "class", "id", "align", "valign", "width", "height", "bgcolor", "background"),
    *("border", "cellpadding", "cellspacing", "color", "face", "size", "role", "dir", "lang"),
    *("title", "alt", "colspan", "rowspan"),
}
_ATTRIBUTES: Final = {"*": _ANY, "a": {"href"}, "img": {"src"}}
_SCHEMES: Final = {"http", "https", "mailto", "tel", "data"}
_PAGE: Final = (
    '<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>'
    "<style>body{{margin:0;padding:8px;background:#fff;color:#111;"
    "font-family:sans-serif;overflow-wrap:anywhere}}img{{max-width:100%}}"
    "pre{{white-space:pre-wrap;font:14px/1.5 monospace;margin:8px}}</style></head>"
    "<body>{heading}{body}</body></html>"
)
_HEADING: Final = (
    '<p style="margin:-8px -8px 8px;padding:8px 12px;border-bottom:1px solid #ddd;'
    'font-weight:600;background:#f4f5f6">{subject}</p>'
)


def filled(text: str, values: Mapping[str, str], *, html: bool) -> str:
    """Return a text with its variables filled; one whose braces are wrong as it is."""
    split = split_variables(text)
    if isinstance(split, VariableFault):
        return text
    done = split.fill(values, escape=html)
    return text if isinstance(done, MissingVariable) else done


def names_in(*texts: str) -> frozenset[str]:
    """Return the variables in texts; those of a text whose braces are wrong are not known."""
    found: frozenset[str] = frozenset()
    for text in texts:
        split = split_variables(text)
        if not isinstance(split, VariableFault):
            found |= split.distinct
    return found


def cleaned(html: str) -> str:
    """Return a mail's HTML as a frame may show it."""
    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags={"script", "title", "iframe", "object"},
        attributes={name: set(names) for name, names in _ATTRIBUTES.items()},
        url_schemes=set(_SCHEMES),
        link_rel="noreferrer",
    )


def framed(html: str, text: str, lang: str, subject: str = "") -> Response:
    """Return the answer for a frame: the HTML, or the text of a mail that has none."""
    body = cleaned(html) if html.strip() else f"<pre>{escape(text)}</pre>"
    heading = _HEADING.format(subject=escape(subject)) if subject else ""
    page = _PAGE.format(lang=lang, title="Tayori", heading=heading, body=body)
    return HTMLResponse(page, headers=dict(FRAMED))
